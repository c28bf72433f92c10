import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { fileLines, textOf } from '../ledger/file-lines';
import { type InboxFile, inboxFiles, openPlain } from '../ledger/inbox-files';
import { parseRecordLine } from '../ledger/record-line';
import type { Person } from './person';
import { writeWhole } from './whole-file';

/** Tells whose a line is, also one that is no record. */
export type LineTest = (line: string) => boolean;

/** @param jobs ids of her jobs: a line may tell nothing else */
export function lineTest({ names, uids }: Person, jobs: ReadonlySet<number>): LineTest {
  const words = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const named = words.length === 0 ? null : new RegExp(`(^|[^a-z0-9])(${words.join('|')})([^a-z0-9]|$)`, 'i');
  const known = new Set(uids);
  return (line) => {
    const parsed = parseRecordLine(line);
    if ('reason' in parsed) {
      const told = (key: string, values: ReadonlySet<number>): boolean =>
        [...line.matchAll(new RegExp(`"${key}":(\\d{1,15})\\b`, 'g'))].some(([, digits]) =>
          values.has(Number(digits)),
        );
      return named?.test(line) === true || told('uid', known) || told('job', jobs);
    }
    const { record } = parsed;
    if (record.kind === 'host') return false;
    if (record.kind === 'run' && record.user !== undefined) return names.includes(record.user);
    return record.uid === undefined ? jobs.has(record.job) : known.has(record.uid);
  };
}

/** The inbox files that hold a line of somebody. @throws EitError EIT_LEDGER_UNREADABLE; the system's error */
export async function inboxFilesOf(ledger: string, cluster: string, isHers: LineTest): Promise<InboxFile[]> {
  const found: InboxFile[] = [];
  for (const file of await inboxFiles(ledger, cluster, {})) {
    if (await holds(file.path, isHers)) found.push(file);
  }
  return found;
}

async function holds(path: string, isHers: LineTest): Promise<boolean> {
  const file = await openPlain(path);
  // No record of anybody is read from what is no plain file.
  if (typeof file === 'string') return false;
  if (file instanceof Error) {
    if (isErrno(file, 'ENOENT')) return false;
    throw file;
  }
  try {
    const batches = fileLines(file, 0);
    for (;;) {
      const { done, value } = await batches.next();
      if (done === true) return value !== null && (value.line === null || isHers(textOf(value.line)));
      if (value.lines.some((line) => line === null || isHers(textOf(line)))) return true;
    }
  } finally {
    await file.close();
  }
}

/** A line that compaction refused, and the file that keeps it. */
export interface AsideLine {
  readonly path: string;
  readonly text: string;
}

/** The refused lines that are of somebody, as far as one can tell. */
export async function asideLinesOf(dir: string, isHers: LineTest): Promise<AsideLine[]> {
  return (await asideLines(dir)).filter(({ text }) => isHersAside(text, isHers));
}

/**
 * Takes somebody's lines out of those that compaction refused. How many were refused stays known.
 * @param mode of the files
 * @returns how many lines went
 */
export async function removeAside(dir: string, isHers: LineTest, mode: number): Promise<number> {
  const byFile = new Map<string, string[]>();
  for (const { path, text } of await asideLines(dir)) byFile.set(path, [...(byFile.get(path) ?? []), text]);
  let removed = 0;
  for (const [path, lines] of byFile) {
    const kept = lines.filter((text) => !isHersAside(text, isHers));
    if (kept.length === lines.length) continue;
    removed += lines.length - kept.length;
    if (kept.length === 0) await unlink(path);
    else await writeWhole(path, `${kept.join('\n')}\n`, mode);
  }
  return removed;
}

async function asideLines(dir: string): Promise<AsideLine[]> {
  const folder = join(dir, 'aside');
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  });
  const lines: AsideLine[] = [];
  for (const name of [...names].sort()) {
    const path = join(folder, name);
    for (const text of (await readFile(path, 'utf8')).split('\n'))
      if (text !== '') lines.push({ path, text });
  }
  return lines;
}

/** What is kept is JSON with the line as a text in it; a crash can have cut it. */
function isHersAside(text: string, isHers: LineTest): boolean {
  try {
    const { line } = JSON.parse(text) as { line?: unknown };
    return typeof line === 'string' && isHers(line);
  } catch (error) {
    if (error instanceof SyntaxError) return isHers(text.replaceAll('\\"', '"'));
    throw error;
  }
}
