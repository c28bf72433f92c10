import { MOST_WATTS } from './imported-run';

/** A line of data.json. Power is the run's own part, as the tool estimated it. */
export interface EitSample {
  /** Unix ms. */
  readonly atMs: number;
  /** null: not told in this line. */
  readonly cpuW: number | null;
  readonly gpuW: number | null;
  /** CPU time of the run's processes so far, seconds, by process. */
  readonly cpuSeconds: ReadonlyMap<string, number>;
  /** GPUs on which processes of the run were seen; null: not told. */
  readonly gpus: number | null;
}

export interface EitSamples {
  /** In order of time. */
  readonly samples: readonly EitSample[];
  /** Lines that are no sample. */
  readonly unreadable: number;
  /** Lines that are not after the one before: the clock was set back. */
  readonly backward: number;
}

/**
 * Reads `impacttracker/data.json` of experiment-impact-tracker: a JSON object a line. `timestamp` is in Unix seconds,
 * `rapl_estimated_attributable_power_draw` and `nvidia_estimated_attributable_power_draw` are watts.
 */
export function parseEitSamples(text: string): EitSamples {
  const samples: EitSample[] = [];
  let [unreadable, backward] = [0, 0];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const sample = parseLine(line);
    if (sample === null) unreadable++;
    else if (sample.atMs <= (samples.at(-1)?.atMs ?? -Infinity)) backward++;
    else samples.push(sample);
  }
  return { samples, unreadable, backward };
}

function parseLine(line: string): EitSample | null {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
  if (!isObject(told)) return null;
  const seconds = numberIn(told, 'timestamp');
  if (seconds === null || seconds > LAST_S) return null;
  return {
    atMs: Math.round(seconds * 1000),
    cpuW: wattsIn(told, 'rapl_estimated_attributable_power_draw'),
    gpuW: wattsIn(told, 'nvidia_estimated_attributable_power_draw'),
    cpuSeconds: cpuSecondsIn(told),
    gpus: gpusIn(told),
  };
}

/** The year 3000; what is later is no time in seconds. */
const LAST_S = 32_503_680_000;

/** Of seconds and watts; what is more is no measurement. */
const MOST = 1e12;

/** From 0 on; null: there is none. */
function numberIn(told: Readonly<Record<string, unknown>>, key: string): number | null {
  const value = Object.hasOwn(told, key) ? told[key] : undefined;
  return typeof value === 'number' && value >= 0 && value <= MOST ? value : null;
}

function wattsIn(told: Readonly<Record<string, unknown>>, key: string): number | null {
  const value = numberIn(told, key);
  return value !== null && value <= MOST_WATTS ? value : null;
}

/** Early versions told one number, later ones user and system time of each process. */
function cpuSecondsIn(told: Readonly<Record<string, unknown>>): Map<string, number> {
  const found = new Map<string, number>();
  const whole = numberIn(told, 'cpu_time_seconds');
  if (whole !== null) return found.set('', whole);
  const byProcess = told['cpu_time_seconds'];
  if (!isObject(byProcess)) return found;
  for (const [pid, times] of Object.entries(byProcess)) {
    if (!isObject(times)) continue;
    const [user, system] = [numberIn(times, 'user'), numberIn(times, 'system')];
    if (user !== null && system !== null) found.set(pid, user + system);
  }
  return found;
}

function gpusIn(told: Readonly<Record<string, unknown>>): number | null {
  for (const key of ['per_gpu_power_draw', 'per_gpu_performance_state']) {
    const byGpu = told[key];
    if (isObject(byGpu)) return Object.keys(byGpu).length;
    if (typeof byGpu === 'string') return byGpu === '' ? 0 : byGpu.split('|').length;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
