// Every test there is, from a bare checkout: prepares it, installs what the real cluster needs, checks, tests.
// Arguments go to jest and leave the rest out: `npm test -- test/unit`, `npm test -- --project cluster -t requeue`.
// The last line of the output is always `N passed, N failed, N skipped`.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runChecks } from './check.mjs';
import { run, top } from './child.mjs';
import { installDebianPackages } from './debian-packages.mjs';
import { prepare } from './prepare.mjs';

// The cluster's tests share one host's counters, ports and cgroups: one suite at a time.
const PHASES = [
  { projects: ['unit', 'integration'], workers: ['--maxWorkers=2'] },
  { projects: ['browser'], workers: ['--runInBand'] },
  { projects: ['cluster'], workers: ['--runInBand'] },
  { projects: ['packages'], workers: ['--maxWorkers=2'], onlyWholly: true },
  { projects: ['gpu'], workers: ['--runInBand'], onlyWholly: true },
  { projects: ['guest'], workers: ['--runInBand'], onlyWholly: true },
];
const RESULTS = 'test-results';

const { wantedProjects, jestArgs } = parseArguments(process.argv.slice(2));
const runsEverything = wantedProjects.length === 0 && jestArgs.length === 0;
const counts = { passed: 0, failed: 0, skipped: 0 };
const names = { failed: [], skipped: [] };

try {
  await prepare();
  if (runsEverything) {
    await installDebianPackages('cluster');
    await installDebianPackages('integration');
    await installDebianPackages('packages');
    await installDebianPackages('guest');
    await installDebianPackages('browser');
    for (const check of await runChecks()) fail(`check ${check}`);
  }
  for (const project of ['packages', 'browser', 'guest'])
    if (wantedProjects.includes(project)) await installDebianPackages(project);
  mkdirSync(join(top, RESULTS), { recursive: true });
  for (const phase of PHASES) {
    const projects = phase.projects.filter((project) =>
      wantedProjects.length > 0 ? wantedProjects.includes(project) : runsEverything || !phase.onlyWholly,
    );
    if (projects.length > 0) await runJest(projects, phase.workers);
  }
} catch (error) {
  console.error(error.message);
  fail('the test run itself: see above');
}
report();

function parseArguments(args) {
  const projects = [];
  const rest = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--project' || args[i] === '--selectProjects') projects.push(args[++i]);
    else rest.push(args[i]);
  }
  const known = PHASES.flatMap((phase) => phase.projects);
  const unknown = projects.find((project) => !known.includes(project));
  if (unknown !== undefined || projects.includes(undefined)) {
    console.error(`--project takes one of ${known.join(', ')}.`);
    process.exit(2);
  }
  return { wantedProjects: projects, jestArgs: rest };
}

/** Runs jest on some projects and adds up what its result file says. */
async function runJest(projects, workers) {
  const resultFile = join(RESULTS, `${projects.join('-')}.json`);
  rmSync(join(top, resultFile), { force: true });
  const required = process.env.CI === 'true' || process.env.EIT_REQUIRE_CLUSTER === '1';
  const failedBefore = counts.failed;
  const { status } = await run(
    process.execPath,
    [
      'node_modules/jest/bin/jest.js',
      ...jestArgs,
      ...workers,
      '--passWithNoTests',
      '--json',
      `--outputFile=${resultFile}`,
      '--selectProjects',
      ...projects,
    ],
    { env: required ? { ...process.env, EIT_REQUIRE_CLUSTER: '1' } : process.env },
  );
  if (existsSync(join(top, resultFile))) addResults(JSON.parse(readFileSync(join(top, resultFile), 'utf8')));
  if (status !== 0 && counts.failed === failedBefore)
    fail(`jest (${projects.join(', ')}) ended with status ${status}`);
}

function addResults({ testResults }) {
  for (const suite of testResults) {
    const file = relative(top, suite.name);
    for (const { status, fullName, failureMessages } of suite.assertionResults) {
      const name = `${file}: ${oneLine(fullName)}`;
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') fail(name, failureMessages.join('\n'));
      else skip(name);
    }
    const ownFailure =
      suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed');
    if (ownFailure) fail(`${file}: the suite could not run to its end`, suite.message);
  }
}

/** @param message why, if anybody said: its first lines are repeated at the end, where a long log is read */
function fail(name, message = '') {
  counts.failed++;
  const lines = message.split('\n').map((line) => oneLine(stripVTControlCharacters(line)).slice(0, 300));
  names.failed.push([name, ...lines.slice(0, 16).filter((line) => line.trim() !== '')].join('\n      '));
}

function skip(name) {
  counts.skipped++;
  names.skipped.push(name);
}

// Names hold what the tests try out, control characters too.
function oneLine(text) {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

function report() {
  const nothingRan = counts.passed + counts.failed === 0;
  const lines = [''];
  if (names.skipped.length > 0) lines.push('Skipped:', ...names.skipped.map((name) => `  ${name}`));
  if (names.failed.length > 0) lines.push('Failed:', ...names.failed.map((name) => `  ${name}`));
  if (nothingRan) lines.push('No test ran.');
  lines.push(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  console.log(lines.join('\n'));
  process.exitCode = counts.failed > 0 || nothingRan ? 1 : 0;
}
