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

/** What stands on processes, daemons and clocks of a machine may fail for its sake; what is pure may not. */
const MAY_BE_TRIED_AGAIN = /^test\/(integration|browser|cluster|guest)\//;
/** Of more than these the machine is not the reason. */
const MOST_AGAIN = 5;

const { wantedProjects, jestArgs } = parseArguments(process.argv.slice(2));
const runsEverything = wantedProjects.length === 0 && jestArgs.length === 0;
const counts = { passed: 0, failed: 0, skipped: 0 };
const names = { failed: [], skipped: [], again: [] };

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

/** Runs jest on some projects and adds up what its result file says. Few suites that failed are run once more, one by one: that is told at the end. */
async function runJest(projects, workers) {
  const failedBefore = counts.failed;
  const first = await jest(projects.join('-'), projects, [...jestArgs, ...workers]);
  const broken = first.suites.filter(({ status, name }) => status === 'failed' && isTriedAgain(name));
  const isWorthIt = jestArgs.length === 0 && broken.length > 0 && broken.length <= MOST_AGAIN;
  if (isWorthIt) for (const suite of broken) names.again.push(...told(suite));
  const second = isWorthIt
    ? await jest(`${projects.join('-')}-again`, projects, ['--runInBand', ...broken.map(({ name }) => name)])
    : { suites: [], status: first.status };
  const tried = new Set(second.suites.map(({ name }) => name));
  const counted = first.suites.filter(({ name }) => !tried.has(name)).concat(second.suites);
  addResults(counted);
  const hasFailed = counted.some(({ status }) => status === 'failed');
  if ((second.status !== 0 || hasFailed) && counts.failed === failedBefore)
    fail(`jest (${projects.join(', ')}) ended with status ${second.status}`);
}

function isTriedAgain(path) {
  return MAY_BE_TRIED_AGAIN.test(relative(top, path));
}

/** @returns jest's exit status, and what it says of each suite */
async function jest(name, projects, args) {
  const resultFile = join(RESULTS, `${name}.json`);
  rmSync(join(top, resultFile), { force: true });
  const required = process.env.CI === 'true' || process.env.EIT_REQUIRE_CLUSTER === '1';
  const options = [
    '--passWithNoTests',
    '--json',
    `--outputFile=${resultFile}`,
    '--selectProjects',
    ...projects,
  ];
  const { status } = await run(process.execPath, ['node_modules/jest/bin/jest.js', ...args, ...options], {
    env: required ? { ...process.env, EIT_REQUIRE_CLUSTER: '1' } : process.env,
  });
  const path = join(top, resultFile);
  return { status, suites: existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [] };
}

function addResults(suites) {
  for (const suite of suites) {
    const file = relative(top, suite.name);
    for (const { status, fullName } of suite.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status !== 'failed') skip(`${file}: ${oneLine(fullName)}`);
    }
    if (suite.status === 'failed') for (const text of told(suite)) fail(text);
  }
}

/** What failed in a suite, each with its first lines: they are repeated at the end, where a long log is read. */
function told({ name, message, assertionResults }) {
  const file = relative(top, name);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return [withReason(`${file}: the suite could not run to its end`, message)];
  return failed.map(({ fullName, failureMessages }) =>
    withReason(`${file}: ${oneLine(fullName)}`, failureMessages.join('\n')),
  );
}

function withReason(name, message) {
  const lines = message
    .split('\n')
    .map((line) => oneLine(stripVTControlCharacters(line)).slice(0, 300))
    .filter((line) => line.trim() !== '' && !/^\s*at .*(node_modules|<anonymous>)/.test(line));
  return [name, ...lines.slice(0, 20)].join('\n      ');
}

function fail(name) {
  counts.failed++;
  names.failed.push(name);
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
  if (names.again.length > 0)
    lines.push('Failed first, run once more:', ...names.again.map((name) => `  ${name}`));
  if (names.failed.length > 0) lines.push('Failed:', ...names.failed.map((name) => `  ${name}`));
  if (nothingRan) lines.push('No test ran.');
  lines.push(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  console.log(lines.join('\n'));
  process.exitCode = counts.failed > 0 || nothingRan ? 1 : 0;
}
