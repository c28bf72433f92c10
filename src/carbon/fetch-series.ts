import { DateTime } from 'luxon';
import { EitError, type EitErrorCode } from '../errors';
import type { IntensitySourceConfig } from '../generated/config';
import type { IntensityLine } from '../generated/intensity';
import { checkedValues } from './checked-values';
import type { HttpClient } from './http-client';
import type { IntensityBasis } from './intensity';
import { appendSeries, readSeries } from './intensity-store';
import { PROVIDERS } from './providers';
import { DAY_MS, OutOfReach, type Provider } from './providers/provider';
import { monthMs, seriesMonths } from './series-files';
import { readToken } from './token-file';

/** What the first fetch of a series brings. */
export const FIRST_FETCH_MS = 7 * DAY_MS;

/** A series to be fetched. */
export interface WantedSeries {
  readonly zone: string;
  readonly provider: Provider;
  readonly providerZone: string;
  readonly basis: IntensityBasis;
  readonly tokenFile: string | null;
  readonly baseUrl: string;
}

export interface FetchedSeries {
  readonly zone: string;
  readonly provider: string;
  readonly basis: IntensityBasis;
  readonly flow: IntensityLine['flow'];
  /** Begin of the first value and end of the last; of what was asked for where none came. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly values: number;
  /** Of these, what was not there yet. */
  readonly added: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  /** What ended it before its end; what came before that is kept. */
  readonly error: EitError | null;
}

/**
 * A series as the config says it, with what the provider knows by itself.
 * @param place where it stands, for the message
 * @throws EitError EIT_USAGE with what is missing
 */
export function wantedSeries(entry: IntensitySourceConfig, place: string): WantedSeries {
  const provider = PROVIDERS.find(({ name }) => name === entry.provider);
  const wrong = (what: string): EitError =>
    new EitError('EIT_USAGE', `${place} (${entry.zone}, ${entry.provider}): ${what}`);
  if (provider === undefined)
    throw wrong(`no such provider; expected ${PROVIDERS.map(({ name }) => name).join(', ')}`);
  const providerZone = entry.provider_zone ?? provider.zoneName(entry.zone);
  if (providerZone === null)
    throw wrong('what the provider calls this zone is not known; expected provider_zone with it');
  const basis = entry.basis ?? provider.bases[0];
  if (basis === undefined || !provider.bases.includes(basis))
    throw wrong(`it has ${provider.bases.join(' and ')} only; expected that as basis, or none`);
  if (provider.tokenLines > 0 && entry.token_file === undefined)
    throw wrong('it wants a token; expected token_file, a file with it in the config (docs/intensity.md)');
  const baseUrl = (entry.url ?? provider.url).replace(/\/+$/, '');
  return { zone: entry.zone, provider, providerZone, basis, tokenFile: entry.token_file ?? null, baseUrl };
}

/**
 * Brings a series up to now, or for a time; each piece is on disk before the next is asked for.
 * @param options.dir folder of the series
 * @param options.fromMs absent: from where the series ends, less what may still change; a new one from a week ago
 * @param options.checkLock called before each write: throws where the lock of the whole fetch has been lost
 * @param options.onProgress told how many pieces of how many are done
 * @returns what came, with the error that ended it
 * @throws EitError EIT_INTENSITY where it cannot be written
 */
export async function fetchSeries(
  wanted: WantedSeries,
  options: {
    readonly dir: string;
    readonly http: HttpClient;
    readonly nowMs: number;
    readonly fromMs?: number;
    readonly toMs?: number;
    readonly checkLock?: () => void;
    readonly onProgress?: (done: number, all: number) => void;
  },
): Promise<FetchedSeries> {
  const { provider, zone, basis, providerZone } = wanted;
  const { dir, http, nowMs, onProgress } = options;
  const { source, flow } = provider;
  const toMs = Math.min(nowMs, options.toMs ?? nowMs);
  const stamp = { zone, basis, flow, source, fetched_at: new Date(nowMs).toISOString() };
  const endMs = options.fromMs === undefined ? seriesEndMs(dir, stamp) : null;
  const fromMs = options.fromMs ?? nextFromMs(endMs, nowMs, provider.settlesMs);

  const pieces = Math.max(0, Math.ceil((toMs - fromMs) / provider.chunkMs));
  const refused: Record<string, number> = {};
  const notes = new Set<string>();
  const starts: number[] = [];
  let [values, added, lastEndMs] = [0, 0, -Infinity];
  let error: EitError | null = null;
  let refusal: OutOfReach | null = null;
  let short: Short | null = null;
  for (let i = 0; i < pieces && error === null; i++) {
    onProgress?.(i, pieces);
    const window = {
      fromMs: fromMs + i * provider.chunkMs,
      toMs: Math.min(toMs, fromMs + (i + 1) * provider.chunkMs),
    };
    if (refusal !== null && window.toMs < refusal.reach.sinceMs) continue;
    try {
      const token = tokenOf(wanted);
      const question = { zone, providerZone, basis, nowMs, ...window };
      const answer = await provider.fetch(question, { http, baseUrl: wanted.baseUrl, token });
      // What begins in one piece and ends in the next belongs to one of them.
      const checked = checkedValues(answer.values, stamp, { ...window, overMs: toMs });
      for (const counts of [answer.refused, checked.refused])
        for (const [reason, count] of Object.entries(counts))
          refused[reason] = (refused[reason] ?? 0) + count;
      for (const note of answer.notes ?? []) notes.add(note);
      values += checked.lines.length;
      const [first, last] = [checked.lines[0], checked.lines.at(-1)];
      if (first !== undefined) starts.push(Date.parse(first.start));
      if (last !== undefined) lastEndMs = Math.max(lastEndMs, Date.parse(last.end));
      options.checkLock?.();
      if (checked.lines.length > 0) added += await appendSeries(dir, zone, checked.lines);
      if (answer.reach !== undefined) short ??= { fromMs: window.fromMs, wants: answer.reach.wants };
      refusal = null;
    } catch (caught) {
      if (caught instanceof OutOfReach) {
        refusal = caught;
        short ??= { fromMs: window.fromMs, wants: caught.reach.wants };
        continue;
      }
      if (!(caught instanceof EitError) || !ENDS_ONE_SERIES.includes(caught.code)) throw caught;
      error = caught;
    }
  }
  onProgress?.(pieces, pieces);
  if (short !== null && refusal === null && error === null) {
    const { fromMs: shortMs } = short;
    const known = options.fromMs ?? endMs;
    const lost = {
      fromMs: Math.max(shortMs, known ?? Infinity),
      toMs: starts.find((ms) => ms >= shortMs) ?? toMs,
    };
    // Less than a value is none. A first fetch asks for what there is.
    if (lost.toMs - lost.fromMs >= provider.stepMinutes * MINUTE_MS) error = lostError(wanted, short, lost);
  }
  return {
    zone,
    provider: provider.name,
    basis,
    flow,
    fromMs: starts[0] ?? fromMs,
    toMs: values > 0 ? lastEndMs : toMs,
    values,
    added,
    refused,
    notes: [...notes],
    // Without another: nothing of what was asked for is in the token's reach.
    error: error ?? refusal,
  };
}

/** From where on a token did not reach. */
interface Short {
  readonly fromMs: number;
  readonly wants: string;
}

const MINUTE_MS = 60_000;

/** What no later fetch asks for again, and how to have it. */
function lostError(
  { zone, provider }: WantedSeries,
  { wants }: Short,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): EitError {
  const [from, to] = [fromMs, toMs].map((ms) => DateTime.fromMillis(ms).toFormat("yyyy-MM-dd'T'HH:mm"));
  return new EitError(
    'EIT_PROVIDER',
    `nothing came of ${from} to ${to}, which this token does not reach and no later fetch asks for again; what came is kept. ` +
      `With ${wants}: eit intensity fetch --zone ${zone} --provider ${provider.name} --from ${from} --to ${to}`,
  );
}

/** What keeps one series from coming, and not the others. */
const ENDS_ONE_SERIES: readonly EitErrorCode[] = ['EIT_PROVIDER', 'EIT_TOKEN', 'EIT_INTENSITY_LOCKED'];

function tokenOf({ provider: { tokenLines }, tokenFile }: WantedSeries): string[] {
  return tokenLines === 0 || tokenFile === null ? [] : readToken(tokenFile, tokenLines);
}

/** Where the series ends, less what may still change. @param endMs null: there is none yet */
function nextFromMs(endMs: number | null, nowMs: number, settlesMs: number): number {
  const hourMs = 3_600_000;
  const fromMs = endMs === null ? nowMs - FIRST_FETCH_MS : Math.min(endMs, nowMs) - settlesMs;
  return Math.floor(fromMs / hourMs) * hourMs;
}

/** The end of the last line of a source; null where there is none. */
export function seriesEndMs(
  dir: string,
  { zone, basis, flow, source }: Pick<IntensityLine, 'zone' | 'basis' | 'flow' | 'source'>,
): number | null {
  for (const month of seriesMonths(dir, zone)) {
    const ends = readSeries(dir, zone, monthMs(month))
      .filter((line) => line.basis === basis && line.flow === flow && line.source === source)
      .map(({ end }) => end);
    const last = ends.sort().at(-1);
    if (last !== undefined) return Date.parse(last);
  }
  return null;
}
