import { chmodSync, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError, isErrno } from '../errors';
import { fileLines, textOf } from '../ledger/file-lines';
import { openPlain } from '../ledger/inbox-files';
import { type Column, quoted, shapeSql } from './column';
import { sqlText, withDuckDb, writerLimits } from './duckdb';
import {
  type EraseOptions,
  factsWhere,
  monthsWhere,
  openForPerson,
  seriesWhere,
  slicesWhere,
  whoIs,
} from './erase';
import { SERIES } from './host-table';
import { JOB_COLUMNS } from './job-columns';
import { jobFactsFiles } from './job-files';
import { asideLinesOf, inboxFilesOf, type LineTest } from './lines-of-person';
import { MONTHS } from './month-table';
import { partsSql } from './part';
import { isOfPersonSql } from './person';
import { RUN_DAYS } from './run-day-table';
import { SLICES } from './slice-table';
import { freshSql } from './totals';
import { heldSql } from './veil-job-facts';

export type ExportFormat = 'json' | 'csv';

export interface ExportOptions extends Omit<EraseOptions, 'privacy' | 'onStep'> {
  /** Folder that takes one of the cluster's name. */
  readonly to: string;
  readonly format: ExportFormat;
}

/** What was written: file name to number of rows. */
export interface Exported {
  readonly cluster: string;
  readonly uids: readonly number[];
  readonly files: Readonly<Record<string, number>>;
}

/** What a spreadsheet takes for a formula; a job's name is what its user made it. */
const FORMULA = String.raw`^[=+\-@\t\r]`;

/**
 * Writes all that a cluster's ledger holds of one user into a new folder that only its owner may read: energy by slot of time, curves, runs by day,
 * what sacct told, refused lines, and the inbox's lines as they are.
 * @throws EitError EIT_USAGE where the folder is there already; EIT_ARCHIVE, EIT_LEDGER_UNREADABLE
 */
export async function exportPerson(options: ExportOptions): Promise<Exported> {
  const { ledger, cluster, format } = options;
  const archive = await openForPerson(options);
  const { dir, manifest } = archive;
  const to = newFolder(join(options.to, cluster));
  return withDuckDb(writerLimits(), async (connection) => {
    const { person, isHers } = await whoIs(connection, archive, options);
    const files: Record<string, number> = {};
    const write = async (
      name: string,
      columns: readonly Pick<Column<never>, 'name' | 'type'>[],
      from: string | null,
    ): Promise<void> => {
      if (from === null) return;
      files[`${name}.${format}`] = await writeRows(
        connection,
        columns,
        from,
        join(to, `${name}.${format}`),
        format,
      );
    };
    const partsOfKind = (kind: string): string | null => {
      const paths = manifest.parts.filter((part) => part.kind === kind).map(({ path }) => path);
      return paths.length === 0 ? null : partsSql(dir, paths);
    };
    const where = (from: string | null, condition: string) => from && `${from} WHERE ${condition}`;
    await write('energy', SLICES.columns, where(partsOfKind(SLICES.name), slicesWhere(person)));
    await write('months', MONTHS.columns, where(partsOfKind(MONTHS.name), monthsWhere(person)));
    await write('series', SERIES.columns, where(partsOfKind(SERIES.name), seriesWhere(person)));
    const days = manifest.parts.filter(({ kind }) => kind === RUN_DAYS.name);
    const fresh = days.map((part) => freshSql(dir, part, manifest.time_zone)).join(' UNION ALL BY NAME ');
    await write(
      'days',
      RUN_DAYS.columns,
      // Parts of before have fewer columns.
      days.length === 0
        ? null
        : `(${shapeSql(RUN_DAYS)} UNION ALL BY NAME ${fresh}) WHERE ${isOfPersonSql(person)}`,
    );
    const held = (await jobFactsFiles(ledger, cluster)).map(heldSql).join(' UNION ALL ');
    await write('jobs', JOB_COLUMNS, held === '' ? null : `(${held}) WHERE ${factsWhere(person)}`);
    const aside = (await asideLinesOf(dir, isHers)).map(({ text }) => `${text}\n`);
    writeFileSync(join(to, 'refused.ndjson'), aside.join(''), { mode: 0o600, flag: 'wx' });
    files['refused.ndjson'] = aside.length;
    files['inbox.ndjson'] = await writeInbox(ledger, cluster, isHers, join(to, 'inbox.ndjson'));
    return { cluster, uids: person.uids, files };
  });
}

function newFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: false, mode: 0o700 });
    return path;
  } catch (cause) {
    const what = isErrno(cause, 'EEXIST')
      ? 'is there already: name a new folder'
      : `cannot be made: ${String(cause)}`;
    throw new EitError('EIT_USAGE', `${path} ${what}`, { cause });
  }
}

async function writeRows(
  connection: DuckDBConnection,
  columns: readonly Pick<Column<never>, 'name' | 'type'>[],
  from: string,
  path: string,
  format: ExportFormat,
): Promise<number> {
  const selected = columns.map(({ name, type }) => {
    const value = quoted(name);
    const isGuarded = format === 'csv' && type === 'VARCHAR';
    return isGuarded
      ? `CASE WHEN regexp_matches(${value}, '${FORMULA}') THEN '''' || ${value} ELSE ${value} END AS ${value}`
      : value;
  });
  const form = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT json, ARRAY true';
  const done = await connection.runAndReadAll(
    `COPY (SELECT ${selected.join(', ')} FROM ${from}) TO ${sqlText(path)} (${form})`,
  );
  chmodSync(path, 0o600);
  return Number(done.getRows()[0]?.[0] ?? 0);
}

/** Also lines that the archive has: the inbox keeps them a week. */
async function writeInbox(ledger: string, cluster: string, isHers: LineTest, path: string): Promise<number> {
  let count = 0;
  async function* lines(): AsyncGenerator<string, void, undefined> {
    for (const { path: from } of await inboxFilesOf(ledger, cluster, isHers)) {
      const file = await openPlain(from);
      if (typeof file === 'string' || file instanceof Error) continue;
      try {
        for await (const batch of fileLines(file, 0)) {
          for (const line of batch.lines) {
            const text = line === null ? null : textOf(line);
            if (text === null || !isHers(text)) continue;
            count++;
            yield `${text}\n`;
          }
        }
      } finally {
        await file.close();
      }
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  return count;
}
