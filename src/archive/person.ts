import type { DuckDBConnection } from '@duckdb/node-api';
import { EitError } from '../errors';
import type { ArchiveManifest } from '../generated/manifest';
import { sqlText } from './duckdb';
import { MONTHS_KIND } from './kept-months';
import { partsSql, rowsOf } from './part';
import { SLICES } from './slice-table';

/** One user as the ledger knows her. A uid is given to another person sooner or later: rows that tell a name are hers by it alone. */
export interface Person {
  /** Her name, and what took its place in months that were pseudonymised. */
  readonly names: readonly string[];
  readonly uids: readonly number[];
}

/**
 * SQL condition that a row is of a person.
 * @param name column of the user's name
 */
export function isOfPersonSql({ names, uids }: Person, name = '"user"'): string {
  const named = names.map(sqlText).join(', ') || 'NULL';
  return `coalesce(${name} IN (${named}) OR (${name} IS NULL AND uid IN (${uids.join(', ') || 'NULL'})), false)`;
}

/**
 * Finds a person in a cluster's archive.
 * @param asked a name, or a uid in digits
 * @param systemUid the uid that the system has for the name; null: it knows none
 * @throws EitError EIT_USAGE for a uid that several people had
 */
export async function findPerson(
  connection: DuckDBConnection,
  dir: string,
  manifest: ArchiveManifest,
  asked: string,
  systemUid: number | null,
): Promise<Person> {
  const paths = manifest.parts
    .filter(({ kind }) => kind === SLICES.name || kind === MONTHS_KIND)
    .map(({ path }) => path);
  const isUid = /^\d{1,15}$/.test(asked);
  const where = isUid ? `uid = ${asked} OR "user" = ${sqlText(asked)}` : `"user" = ${sqlText(asked)}`;
  const rows =
    paths.length === 0
      ? []
      : await rowsOf(
          connection,
          `SELECT DISTINCT "user" AS name, uid FROM ${partsSql(dir, paths)} WHERE ${where} ORDER BY ALL`,
        );
  const names = new Set(
    rows.flatMap(({ name }) => (typeof name === 'string' && !/^uid:\d+$/.test(name) ? [name] : [])),
  );
  if (isUid && names.size > 1) {
    throw new EitError(
      'EIT_USAGE',
      `--user ${asked}: that uid was of several users: ${[...names].join(', ')}. Name the one who is meant.`,
    );
  }
  const uids = new Set(rows.flatMap(({ uid }) => (uid === null ? [] : [Number(uid)])));
  if (isUid) uids.add(Number(asked));
  else {
    names.add(asked);
    if (systemUid !== null) uids.add(systemUid);
  }
  return { names: [...names], uids: [...uids] };
}
