import { PowerWindow } from '../attribution/calibration';
import { longestReadableGapS } from '../attribution/counter';
import { EitError } from '../errors';
import { type Calibration, calibrationPath, readCalibration } from '../sources/calibration-file';
import { readCpuTopology } from '../sources/cpu-topology';
import { ENERGY_SOURCES, chooseSources } from '../sources/index';
import {
  type EnergyDomain,
  type EnergyMeter,
  type Instant,
  type Missing,
  isMissing,
} from '../sources/source';
import { awaitDomains, withPrograms } from './awaited-domains';
import { domainsOf } from './calibrate-measure';
import { type Check, type Patient, ok, problem, unknown, warning } from './doctor-check';

/** Long enough for counters of 1 ms steps to tell a power. */
const LOOK_MS = 1000;
/** What is read by asking another program takes longer. */
const SLOW_LOOK_MS = 20_000;
const POLL_MS = 250;

export interface Clock {
  now(): Instant;
  sleep(ms: number): Promise<void>;
}

/** Names in the records of what the source `nvidia` reads by. */
const GPU_READERS: Readonly<Record<string, string>> = { nvml: 'nvidia', nvidia_smi: 'nvidia' };

/** Each source: what it serves, with power right now, or why it serves nothing. */
export async function checkSources(patient: Patient, clock: Clock): Promise<Check[]> {
  const { config } = patient.loaded;
  const warnings = new Set<string>();
  const { meters, absent } = chooseSources(
    config.roots,
    withPrograms(config, (text) => warnings.add(text)),
  );
  try {
    const silent = await awaitDomains(meters, (ms) => clock.sleep(ms));
    const domains = domainsOf(meters);
    const powersW = await look(meters, clock);
    const checks = domains.map((domain, i) =>
      checkDomain(domain, powersW[i] ?? { missing: 'not read' }, patient),
    );
    for (const { missing } of silent) {
      checks.push(
        problem(
          'GPUs',
          `not read: ${missing}`,
          'see "GPUs" in docs/troubleshooting.md and `gpu` in eit.yaml',
        ),
      );
      warnings.delete(missing);
    }
    for (const text of warnings) checks.push(warning('GPUs', text));
    for (const [name, reason] of Object.entries(absent)) {
      checks.push(checkAbsent(name, reason, patient.isRoot));
    }
    if (!domains.some((domain) => domain.class !== 'whole')) {
      checks.push(
        problem('energy', 'no source serves a domain: there are no figures', 'see the lines above'),
      );
    }
    return [...checks, checkCalibration(patient, domains)];
  } finally {
    for (const meter of meters) meter.close();
  }
}

/** Reads until each domain has told its power, or has had the time for it. */
async function look(meters: readonly EnergyMeter[], clock: Clock): Promise<(number | Missing)[]> {
  const domains = domainsOf(meters);
  const isSlow = domains.some(({ isIntegrated }) => isIntegrated);
  const longestMs = LOOK_MS + (isSlow ? SLOW_LOOK_MS : 0);
  const windows = domains.map((domain) => new PowerWindow([domain]));
  const latest: (bigint | Missing)[] = [];
  const { monoNs: startNs } = clock.now();
  for (;;) {
    await Promise.race([
      Promise.all(meters.flatMap((meter) => meter.refresh?.() ?? [])),
      clock.sleep(POLL_MS),
    ]);
    const at = clock.now();
    meters
      .flatMap((meter) => meter.read(at))
      .forEach((value, i) => {
        // What says nothing at first (a program is being asked) is not held against what comes.
        if (!isMissing(value) || windows[i]?.seconds !== 0) windows[i]?.add(at.monoNs, [value]);
        latest[i] = value;
      });
    const lookedMs = Number(at.monoNs - startNs) / 1e6;
    if (windows.every(({ seconds }) => seconds * 1000 >= LOOK_MS) || lookedMs >= longestMs) break;
    await clock.sleep(POLL_MS);
  }
  return windows.map((window, i) => {
    const value = latest[i];
    return window.seconds === 0 && value !== undefined && isMissing(value)
      ? value
      : (window.powersW()[0] ?? { missing: 'not read' });
  });
}

/** Which GPU it is by all numbers that gpu.order may go by, and how its energy is read. */
function gpuWords({ gpu, isIntegrated }: EnergyDomain): string | null {
  if (gpu === undefined) return null;
  const numbers = [
    gpu.model,
    `index ${gpu.index ?? 'unknown'}`,
    `minor ${gpu.minor ?? 'unknown'}`,
    gpu.uuid ?? 'UUID unknown',
  ];
  return `, ${isIntegrated ? 'its power added up' : 'its energy counter'} (${numbers.join(', ')})`;
}

function checkDomain(domain: EnergyDomain, powerW: number | Missing, { loaded, isRoot }: Patient): Check {
  const name = `domain ${domain.name}`;
  const [by = ''] = domain.source.split(/[: ]/);
  const source = ENERGY_SOURCES.find(({ name: one }) => one === (GPU_READERS[by] ?? by));
  const unit = source === undefined ? '' : `, in ${source.unit}`;
  const holds = domain.class === 'whole' ? ', holds others: shown beside them, never added' : '';
  const note = domain.note === undefined ? '' : `; ${domain.note}`;
  const from = `${domain.quality} by ${domain.source}${gpuWords(domain) ?? unit}${holds}${note}`;
  if (isMissing(powerW)) {
    const text = `${powerW.missing} (${from})`;
    // The words are the source's own, or those of the program that it asks.
    return !isRoot && /may not read|permission denied/i.test(text)
      ? unknown(name, `needs root: ${text}`)
      : problem(name, text);
  }

  const intervalS = loaded.config.agent.interval_seconds;
  const gapS = longestReadableGapS(domain);
  const gap = Number.isFinite(gapS)
    ? `; may go unread for ${Math.floor(gapS)} s, agent.interval_seconds is ${intervalS}`
    : '';
  const text = `${powerW.toFixed(1)} W now, ${from}${gap}`;
  if (gapS <= intervalS)
    return problem(name, text, `set agent.interval_seconds below ${Math.max(1, Math.floor(gapS / 2))}`);
  if (gapS < 2 * intervalS) return warning(name, text, 'a shorter agent.interval_seconds');
  if (domain.quality === 'measured' && powerW === 0 && domain.class === 'cpu')
    return warning(name, `${text}; a CPU that draws nothing: the counter stands still`);
  return domain.quality === 'modelled' && domain.class === 'cpu'
    ? warning(name, text, 'counters, where the machine has some: see the sources that are not used')
    : ok(name, text);
}

/**
 * A source that serves nothing here is no fault, but for one that this host has and that may not be read, and one that
 * eit.yaml asks for.
 */
function checkAbsent(source: string, reason: string, isRoot: boolean): Check {
  const name = `source ${source}`;
  if (/^\S+ of eit\.yaml: /.test(reason))
    return problem(name, reason, 'mend or leave out that key of eit.yaml');
  if (!reason.includes('may not read')) return ok(name, `not used: ${reason}`);
  return isRoot ? problem(name, reason) : unknown(name, `needs root: ${reason}`);
}

function checkCalibration({ loaded, host }: Patient, domains: readonly EnergyDomain[]): Check {
  const { var_dir: varDir, policy } = loaded.config;
  const measured = domains.filter(({ quality, class: of }) => quality === 'measured' && of !== 'whole');
  let calibration: Calibration | null;
  try {
    calibration = readCalibration(varDir, host);
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return problem('calibration', error.message);
  }
  if (calibration === null) {
    const text = `there is no ${calibrationPath(varDir)}: idle power is a table's, or unknown`;
    return policy === 'hybrid' && measured.length > 0
      ? warning('calibration', text, 'eit calibrate, while nothing runs')
      : ok('calibration', `${text} (it matters for the policy hybrid only)`);
  }
  const { domains: known, at, version } = calibration;
  const text = `version ${version} of ${at.slice(0, 10)}`;
  const lacking = measured.map(({ name }) => name).filter((name) => !Object.hasOwn(known, name));
  return lacking.length === 0
    ? ok('calibration', text)
    : warning('calibration', `${text} says nothing of ${lacking.join(', ')}`, 'eit calibrate');
}

/** How many packages and CPUs the kernel tells: what a package's energy is divided by. */
export function checkTopology({ loaded }: Pick<Patient, 'loaded'>): Check {
  const topology = readCpuTopology(loaded.config.roots);
  const packages = new Set([...topology.values()].map((place) => place.package)).size;
  if (packages === 0)
    return warning(
      'CPUs',
      'the kernel tells no packages: with several, energy is not divided package by package',
    );
  return ok('CPUs', `${topology.size} online, ${packages} package${packages === 1 ? '' : 's'}`);
}
