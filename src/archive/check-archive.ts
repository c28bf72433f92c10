import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError, isErrno } from '../errors';
import type { ArchiveManifest } from '../generated/manifest';
import { type HostAhead, hostsAhead } from './clocks-ahead';
import { faultsOfTotals, type TotalsFault } from './check-totals';
import { damageOf } from './damage';
import { readManifest } from './manifest';
import { exactSums, mustAgree, sumsOfParts } from './month-sums';
import { readState } from './taken-state';

/** A line that compaction did not take in. */
export interface RefusedLine {
  readonly day: string;
  readonly host: string;
  /** Where in the inbox file it stood. */
  readonly offset: number;
  readonly reason: string;
  /** Its beginning; null: over 1 MB. */
  readonly line: string | null;
}

/** What a look at all of a cluster's archive found. */
export interface ArchiveCheck {
  readonly cluster: string;
  readonly manifest: ArchiveManifest | null;
  readonly parts: number;
  readonly bytes: number;
  readonly refused: readonly RefusedLine[];
  /** Hosts whose lines end in the future. */
  readonly ahead: readonly HostAhead[];
  /** What is wrong, in words; empty: nothing. */
  readonly problems: readonly string[];
}

/**
 * Reads a cluster's archive as a whole: whether each part is there and holds the bytes that were written, and whether each month holds what was taken
 * in and its totals what their days hold, to the µJ.
 * @param dir the cluster's folder
 * @param nowMs by which clocks of hosts are judged, Unix ms
 */
export async function checkArchive(
  connection: DuckDBConnection,
  dir: string,
  cluster: string,
  nowMs: number,
  onProgress?: (done: number, months: number) => void,
): Promise<ArchiveCheck> {
  const problems: string[] = [];
  const manifest = await told(problems, () => readManifest(dir));
  const refused = await refusedLines(dir);
  if (manifest === null) return { cluster, manifest, parts: 0, bytes: 0, refused, ahead: [], problems };
  await told(problems, () => readState(join(dir, manifest.state)));
  const damagedMonths = new Set<string>();
  for (const part of manifest.parts) {
    const damage = await damageOf(dir, part);
    if (damage === null) continue;
    problems.push(`${part.path} ${damage}: restore it from a backup`);
    damagedMonths.add(part.month);
  }
  const months = [...new Set(manifest.parts.map(({ month }) => month))].sort();
  for (const [done, month] of months.entries()) {
    onProgress?.(done, months.length);
    if (damagedMonths.has(month)) continue;
    const sums = manifest.sums[month];
    const expected = new Map(sums === undefined ? [] : [[month, exactSums(sums)]]);
    const parts = manifest.parts.filter((part) => part.month === month);
    await told(problems, async () =>
      mustAgree('the archive', expected, await sumsOfParts(connection, dir, parts)),
    );
    const faults = await told(problems, async () =>
      faultsOfTotals(connection, { cluster, dir, manifest }, parts),
    );
    problems.push(...(faults ?? []).map(textOfFault));
  }
  const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
  const whole = { ...manifest, parts: manifest.parts.filter(({ month }) => !damagedMonths.has(month)) };
  const ahead = (await told(problems, () => hostsAhead(connection, { dir, manifest: whole }, nowMs))) ?? [];
  return { cluster, manifest, parts: manifest.parts.length, bytes, refused, ahead, problems };
}

function textOfFault({ paths, days, expectedUj, foundUj }: TotalsFault): string {
  return (
    `${paths.join(' and ')}: the totals of ${days[0] ?? ''} to ${days.at(-1) ?? ''} are not what their days hold: expected ${expectedUj} uJ, found ${foundUj} uJ. ` +
    'Take their entries out of manifest.json: the next eit ledger compact makes them anew'
  );
}

async function told<T>(problems: string[], look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    problems.push(error.message);
    return null;
  }
}

/** Each line once, however often a compaction that was ended told of it. */
async function refusedLines(dir: string): Promise<RefusedLine[]> {
  const folder = join(dir, 'aside');
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  });
  const found = new Map<string, RefusedLine>();
  for (const name of [...names].sort((a, b) => (a < b ? -1 : 1))) {
    for (const text of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      const line = parseRefused(text);
      if (line !== null)
        found.set(JSON.stringify([line.day, line.host, line.offset, line.reason, line.line]), line);
    }
  }
  return [...found.values()].sort((a, b) =>
    a.day === b.day
      ? a.host === b.host
        ? a.offset - b.offset
        : a.host < b.host
          ? -1
          : 1
      : a.day < b.day
        ? -1
        : 1,
  );
}

function parseRefused(text: string): RefusedLine | null {
  try {
    return JSON.parse(text) as RefusedLine;
  } catch (error) {
    // A crash ends a line anywhere; compaction has told of it again.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
