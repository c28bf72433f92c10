import { createHash } from 'node:crypto';
import { EitError } from '../errors';
import type { EitInfo } from './eit-info';
import type { EitSample, EitSamples } from './eit-samples';
import { checkLength, countOf, type ImportedDomain, type ImportedRun, type PowerPiece } from './imported-run';

/** What experiment-impact-tracker multiplies with; a constant in its code. */
export const EIT_PUE = 1.58;

/** Offsets from UTC are multiples of it. */
const QUARTER_MS = 900_000;

/** The tool reads every few seconds; what stands for longer rests on one reading. */
const LONG_GAP_MS = 300_000;

/**
 * A run out of a log of experiment-impact-tracker. Energy is what that tool reports, without PUE: each power for the time since the sample before it, the
 * first one since the run's start; the last one also until the run's end, where nobody looked: that is modelled, and missing.
 * @param readWall Unix ms of what the machine's clock showed; null: worked out from the first sample, which follows the start within a quarter of an hour
 * @throws EitError EIT_IMPORT where there is no sample with power
 */
export function eitRun(
  info: EitInfo,
  { samples, unreadable, backward }: EitSamples,
  place: string,
  readWall: ((wallMs: number) => number) | null,
): ImportedRun {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined)
    throw new EitError('EIT_IMPORT', `${place}: no sample in data.json; a run that ended at once has none`);
  const notes: string[] = [];
  const unixMs = readWall ?? wallReader(info, first);
  const startMs = startOf(info, first, unixMs, notes);
  const endMs = endOf(info, last, unixMs, notes);
  checkLength(place, startMs, endMs);
  if (unreadable > 0) notes.push(`${unreadable} lines of data.json are no samples`);
  if (backward > 0) notes.push(`${backward} samples are not after the one before them and were left out`);
  noteLongGaps(samples, startMs, notes);

  const domains = [
    domainOf('package', samples, ({ cpuW }) => cpuW, startMs, endMs),
    domainOf('gpu', samples, ({ gpuW }) => gpuW, startMs, endMs),
  ].filter((domain) => domain !== null);
  if (domains.length === 0)
    throw new EitError(
      'EIT_IMPORT',
      `${place}: no line of data.json tells power (rapl_ or nvidia_estimated_attributable_power_draw): this machine had no meter that the tool could read`,
    );
  const hasGpu = domains.some(({ name }) => name === 'gpu');
  return {
    source: info.version === null ? 'experiment-impact-tracker' : `experiment-impact-tracker ${info.version}`,
    cluster: 'imported-eit',
    identity: createHash('sha256')
      .update(`eit\0${info.startWallMs}\0${first.atMs}\0${first.cpuW}\0${first.gpuW}`)
      .digest('hex'),
    place,
    fromMs: startMs,
    toMs: endMs,
    domains,
    cpuSeconds: cpuSecondsOf(samples, startMs),
    cpus: countOf(info.cpus),
    cpuModel: info.cpuModel,
    gpus: hasGpu ? gpusOf(samples, info) : 0,
    gpuModel: hasGpu && info.gpuModels.length > 0 ? [...new Set(info.gpuModels)].join(', ') : null,
    toolPue: EIT_PUE,
    tags: tagsOf(info),
    notes,
  };
}

/** By the first sample, which is at most some seconds after the start, and which has a time zone. */
function wallReader({ startWallMs }: EitInfo, { atMs }: EitSample): (wallMs: number) => number {
  const offsetMs = startWallMs === null ? 0 : Math.ceil((startWallMs - atMs) / QUARTER_MS) * QUARTER_MS;
  return (wallMs) => wallMs - offsetMs;
}

function startOf(
  { startWallMs }: EitInfo,
  first: EitSample,
  unixMs: (wallMs: number) => number,
  notes: string[],
): number {
  if (startWallMs === null) {
    notes.push(
      'info.pkl tells no start: the run begins with its first sample, whose power stands for no time',
    );
    return first.atMs;
  }
  const startMs = Math.round(unixMs(startWallMs));
  if (startMs <= first.atMs) return startMs;
  notes.push('the start is after the first sample, in the time zone given: the run begins with that');
  return first.atMs;
}

function endOf(
  { endWallMs }: EitInfo,
  last: EitSample,
  unixMs: (wallMs: number) => number,
  notes: string[],
): number {
  if (endWallMs === null) {
    notes.push('info.pkl tells no end, as of a run that was killed: it ends with its last sample');
    return last.atMs;
  }
  const endMs = Math.round(unixMs(endWallMs));
  if (endMs >= last.atMs) return endMs;
  notes.push('the end is before the last sample: the run ends with that');
  return last.atMs;
}

function noteLongGaps(samples: readonly EitSample[], startMs: number, notes: string[]): void {
  let [longestMs, beforeMs] = [0, startMs];
  for (const { atMs } of samples) {
    longestMs = Math.max(longestMs, atMs - beforeMs);
    beforeMs = atMs;
  }
  if (longestMs > LONG_GAP_MS)
    notes.push(
      `up to ${Math.round(longestMs / 1000)} s lie between two samples: one reading stands for all of it`,
    );
}

/** null: no sample tells of it. */
function domainOf(
  name: string,
  samples: readonly EitSample[],
  powerOf: (sample: EitSample) => number | null,
  startMs: number,
  endMs: number,
): ImportedDomain | null {
  const pieces: PowerPiece[] = [];
  let fromMs = startMs;
  for (const sample of samples) {
    const [powerW, toMs] = [powerOf(sample), sample.atMs];
    if (powerW !== null && toMs > fromMs)
      pieces.push({ fromMs, toMs, powerW, isMeasured: true, isObserved: true });
    fromMs = Math.max(fromMs, toMs);
  }
  const lastW = samples.map(powerOf).findLast((powerW) => powerW !== null) ?? null;
  if (lastW === null) return null;
  if (endMs > fromMs)
    pieces.push({ fromMs, toMs: endMs, powerW: lastW, isMeasured: false, isObserved: false });
  return { name, isEstimated: true, pieces };
}

/** Processes come and go: of each the last that was told counts. */
function cpuSecondsOf(samples: readonly EitSample[], startMs: number): ImportedRun['cpuSeconds'] {
  const byProcess = new Map<string, number>();
  const found: { atMs: number; seconds: number }[] = [];
  let seconds = 0;
  for (const { atMs, cpuSeconds } of samples) {
    if (cpuSeconds.size === 0) continue;
    for (const [pid, now] of cpuSeconds) {
      seconds += now - (byProcess.get(pid) ?? 0);
      byProcess.set(pid, now);
    }
    found.push({ atMs, seconds });
  }
  return found.length === 0
    ? []
    : [{ atMs: startMs, seconds: 0 }, ...found.filter(({ atMs }) => atMs > startMs)];
}

/** At most at a time; where no sample tells, those of the machine. */
function gpusOf(samples: readonly EitSample[], info: EitInfo): number {
  const told = samples.flatMap(({ gpus }) => gpus ?? []);
  const most = told.reduce((a, b) => Math.max(a, b), 0);
  return most > 0 ? most : Math.max(1, info.gpuModels.length);
}

function tagsOf({ version, zone, intensityGPerKwh }: EitInfo): Record<string, string> {
  return {
    imported_from: 'experiment-impact-tracker',
    ...(version === null ? {} : { tool_version: version }),
    tool_pue: String(EIT_PUE),
    ...(zone === null ? {} : { tool_zone: zone }),
    ...(intensityGPerKwh === null ? {} : { tool_g_per_kwh: String(intensityGPerKwh) }),
  };
}
