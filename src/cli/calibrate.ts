import { accessSync, constants, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from 'yargs';
import { fitWall, idlePower } from '../attribution/calibration';
import { loadConfig } from '../config/config';
import { hostName } from '../config/host-name';
import { checkTrusted, trustedUids } from '../config/trust';
import { EitError, describeError } from '../errors';
import type { EitConfig } from '../generated/config';
import {
  type CalibratedDomain,
  type CalibratedWall,
  type Calibration,
  calibrationPath,
  nextCalibrationVersion,
  readCalibration,
  writeCalibration,
} from '../sources/calibration-file';
import { chooseSources } from '../sources/index';
import { openProcStat } from '../sources/proc-stat';
import { isMissing } from '../sources/source';
import { version } from '../version';
import { readAgentProcess, readAgentState } from './agent-process';
import { awaitDomains, withPrograms } from './awaited-domains';
import { type IdleSeen, type Measuring, domainsOf, measureIdle, measureLoads } from './calibrate-measure';
import { type CalibrationResult, calibrationJson, calibrationText } from './calibrate-result';
import type { CommandModule, Surroundings } from './command';
import { CpuBurner } from './cpu-burner';
import { CONFIG_OPTION, lastGiven } from './given';
import { jsonText } from './plain-text';
import { findRunningJobs } from './running-jobs';
import { TerminalLine } from './terminal-line';

const DEFAULT_MINUTES = 10;
const FEWEST_MINUTES = 1;
const MOST_MINUTES = 24 * 60;
const DEFAULT_WAIT_MINUTES = 60;
/** What a shell shows of a program that a signal has ended. */
const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

export const options: Readonly<Record<string, Options>> = {
  minutes: {
    type: 'string',
    requiresArg: true,
    describe: `how long the host is to be idle in all; default: ${DEFAULT_MINUTES}`,
  },
  wait: {
    type: 'string',
    requiresArg: true,
    describe: `minutes to wait besides, while jobs run here; default: ${DEFAULT_WAIT_MINUTES}`,
  },
  load: {
    type: 'boolean',
    describe: "afterwards keep CPUs busy for some minutes, to learn the node's power from the counted one",
  },
  'dry-run': { type: 'boolean', describe: 'measure and print, write nothing' },
  'force-short': {
    type: 'boolean',
    describe: `take less than ${FEWEST_MINUTES} minute: for trying it out, not for figures`,
  },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'measures ten idle minutes of this host and writes its idle power down'],
  ['--load', 'also the slope from counted power to what the node draws (needs a source that reads the node)'],
  ['--minutes 2 --dry-run', 'shows what two minutes would give'],
];

export const epilogue =
  'Run it as root on the host itself, best on a drained node: it measures only while no job is here, waits while one is, and ' +
  'leaves the last calibration in place when it is stopped. The agent takes a new one up by itself. Without a calibration the ' +
  'policy hybrid divides the idle power of a table, or none.';

/** Measures the host's idle power and writes calibration.json in var_dir. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const asked = {
    minutes: minutesOf(argv, 'minutes', DEFAULT_MINUTES),
    waitMinutes: minutesOf(argv, 'wait', DEFAULT_WAIT_MINUTES),
    isDry: argv['dry-run'] === true,
  };
  const isShort = asked.minutes < FEWEST_MINUTES;
  if (isShort && argv['force-short'] !== true) {
    throw new EitError(
      'EIT_USAGE',
      `--minutes: less than ${FEWEST_MINUTES} minute says nothing about a host; --force-short takes it all the same`,
    );
  }
  const path = lastGiven(argv['config']);
  const { config, path: configPath } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  if (!asked.isDry) checkWritable(config.var_dir, configPath);

  const { meters, absent } = chooseSources(config.roots, withPrograms(config));
  const procStat = openProcStat(config.roots);
  const line = new TerminalLine(output);
  const stop = new AbortController();
  let stoppedBy: keyof typeof EXIT_OF_SIGNAL | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    stoppedBy = signal === 'SIGTERM' ? signal : 'SIGINT';
    stop.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    for (const { missing } of await awaitDomains(meters, (ms) => sleep(ms)))
      line.note(`GPUs are not read: ${missing}`);
    if (!domainsOf(meters).some(({ quality }) => quality === 'measured')) {
      const reasons = Object.entries(absent).map(([source, reason]) => `\n  ${source}: ${reason}`);
      throw new EitError(
        'EIT_CALIBRATION',
        `no counter of this host measures energy: a model knows its own idle power${reasons.join('')}`,
      );
    }
    const world: Measuring = {
      meters,
      now: () => ({ monoNs: process.hrtime.bigint(), wallMs: Date.now() }),
      sleep: async (ms) => {
        await sleep(ms, undefined, { signal: stop.signal });
      },
      busy: () => procStat.read(),
      runningJobs: () => findRunningJobs(config.roots, livingState(config)),
      note: (text) => line.note(text),
      show: (text) => line.show(text),
      signal: stop.signal,
    };
    const previous = readPrevious(config.var_dir, (text) => line.note(text));
    const result = await calibrate(world, { ...asked, hasLoad: argv['load'] === true, config, previous });
    line.clear();
    if (!asked.isDry) writeCalibration(config.var_dir, result.calibration);
    const written = asked.isDry ? null : calibrationPath(config.var_dir);
    const report = { ...result, previous, written, isShort };
    await output.write(argv['json'] === true ? [jsonText(calibrationJson(report))] : calibrationText(report));
    return 0;
  } catch (error) {
    if (stoppedBy === null) throw error;
    line.note('stopped: nothing is written, the last calibration stays');
    return EXIT_OF_SIGNAL[stoppedBy];
  } finally {
    line.clear();
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    procStat.close();
    for (const meter of meters) meter.close();
  }
}

async function calibrate(
  world: Measuring,
  asked: {
    readonly minutes: number;
    readonly waitMinutes: number;
    readonly hasLoad: boolean;
    readonly config: EitConfig;
    readonly previous: Calibration | null;
  },
): Promise<CalibrationResult> {
  const { config, previous } = asked;
  const domains = domainsOf(world.meters);
  const hasNode = domains.some(({ isNode }) => isNode);
  if (asked.hasLoad && !hasNode)
    world.note(`--load: no source tells the power of the whole node: ${NEEDS_NODE}`);
  const seen = await measureIdle(world, { idleS: asked.minutes * 60, waitS: asked.waitMinutes * 60 });
  const modelled = new Set(domains.filter(({ quality }) => quality === 'modelled').map(({ name }) => name));
  const { found, missing } = idleDomains(seen, modelled);
  if (Object.keys(found).length === 0) {
    const reasons = Object.entries(missing).map(([name, reason]) => `\n  ${name}: ${reason}`);
    throw new EitError('EIT_CALIBRATION', `no domain has an idle power${reasons.join('')}`);
  }
  let wall = previous?.wall;
  if (asked.hasLoad) {
    const fitted = hasNode
      ? await wallOf(world)
      : { missing: `no source tells the node's power: ${NEEDS_NODE}` };
    if (isMissing(fitted)) missing['--load'] = fitted.missing;
    else wall = fitted;
  }
  const calibration: Calibration = {
    version: nextCalibrationVersion(config.var_dir),
    tool: version,
    host: hostName(),
    at: new Date(world.now().wallMs).toISOString(),
    domains: found,
    ...(wall === undefined ? {} : { wall }),
  };
  return { calibration, missing, busyPart: seen.busyPart };
}

const NEEDS_NODE = 'this needs a source that reads the power of the whole node';

function idleDomains(
  seen: IdleSeen,
  modelled: ReadonlySet<string>,
): { found: Record<string, CalibratedDomain>; missing: Record<string, string> } {
  const found: Record<string, CalibratedDomain> = {};
  const missing: Record<string, string> = {};
  for (const name of new Set([...seen.samples.keys(), ...seen.missing.keys()])) {
    const idle = modelled.has(name)
      ? { missing: 'modelled: its table says what it draws idle' }
      : idlePower(seen.samples.get(name) ?? []);
    if (isMissing(idle)) {
      missing[name] = modelled.has(name) ? idle.missing : (seen.missing.get(name) ?? idle.missing);
      continue;
    }
    const { idleW, seconds, samples, percentile } = idle;
    found[name] = { idle_w: rounded(idleW, 3), seconds: rounded(seconds, 1), samples, percentile };
  }
  return { found, missing };
}

async function wallOf(world: Measuring): Promise<CalibratedWall | { missing: string }> {
  const points = await measureLoads(world, new CpuBurner(), availableParallelism());
  const fit = isMissing(points) ? points : fitWall(points);
  if (isMissing(fit)) return fit;
  return {
    slope: rounded(fit.slope, 4),
    offset_w: rounded(fit.offsetW, 2),
    points: fit.points,
    r2: rounded(fit.r2, 4),
    at: new Date(world.now().wallMs).toISOString(),
  };
}

/** The state of an agent that lives: that of one that was killed may hold runs that are long over. */
function livingState(config: EitConfig): Parameters<typeof findRunningJobs>[1] {
  if (isMissing(readAgentProcess(config.state_dir, Date.now()))) return null;
  const checkpoint = readAgentState(config.var_dir);
  return isMissing(checkpoint) || checkpoint.host !== hostName() ? null : checkpoint.state;
}

function readPrevious(varDir: string, note: (text: string) => void): Calibration | null {
  try {
    return readCalibration(varDir, hostName());
  } catch (error) {
    note(`${describeError(error)} (this is what is being done)`);
    return null;
  }
}

/** Before ten minutes are spent. */
function checkWritable(varDir: string, configPath: string | null): void {
  checkTrusted([...(configPath === null ? [] : [configPath]), varDir], { trustedUids: trustedUids() });
  if (!existsSync(varDir)) return;
  try {
    accessSync(varDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new EitError('EIT_CALIBRATION', `may not write to ${varDir}: run as root, or with --dry-run`, {
      cause,
    });
  }
}

function minutesOf(argv: Readonly<Record<string, unknown>>, name: string, fallback: number): number {
  const text = lastGiven(argv[name]);
  if (text === undefined) return fallback;
  const minutes = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && minutes <= MOST_MINUTES && (minutes > 0 || name === 'wait'))
    return minutes;
  throw new EitError(
    'EIT_USAGE',
    `--${name}: ${JSON.stringify(text)} is no number of minutes up to ${MOST_MINUTES}`,
  );
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
