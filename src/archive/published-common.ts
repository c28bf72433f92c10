import { createHash } from 'node:crypto';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import type { Archive } from './commit';
import { sqlText } from './duckdb';
import { HARDWARE } from './host-table';
import { partsSql } from './part';
import { publish, writeWhole } from './whole-file';

/** Folder of what each user may read of himself. */
export const BY_USER = 'by-user';
/** In it, for everybody: how far it is and what is common to all, in the form of a manifest. */
export const COMMON_FILE = 'index.json';

const FOR_EVERYBODY = 0o644;
const HARDWARE_FILE = /^hardware-[0-9a-f]{16}\.parquet$/;
/** Those who read by an older index have a day. */
const KEPT_MS = 86_400_000;

/**
 * Writes what is nobody's secret and every user's report needs: what hosts are made of, until when the data goes, how many lines were refused.
 * It is written last, so that it promises nothing that is not there.
 */
export async function writeCommon(
  connection: DuckDBConnection,
  { dir, manifest }: Archive,
  top: string,
  nowMs: number,
): Promise<void> {
  const hardware = await writeHardware(connection, dir, manifest, top);
  const common: ArchiveManifest = {
    ...manifest,
    committed_at: new Date(nowMs).toISOString(),
    state: 'none',
    parts: hardware === null ? [] : [hardware],
    replaced: [],
    sums: {},
  };
  await writeWhole(join(top, COMMON_FILE), JSON.stringify(common), FOR_EVERYBODY);
  for (const name of await readdir(top)) {
    if (!HARDWARE_FILE.test(name) || hardware?.path === `${BY_USER}/${name}`) continue;
    if (nowMs - (await stat(join(top, name))).mtimeMs > KEPT_MS) await unlink(join(top, name));
  }
}

/** Named by what it is made of: the same parts give the same file, which then is there already. */
async function writeHardware(
  connection: DuckDBConnection,
  dir: string,
  manifest: ArchiveManifest,
  top: string,
): Promise<ArchivePart | null> {
  const parts = manifest.parts.filter(({ kind }) => kind === HARDWARE.name);
  if (parts.length === 0) return null;
  const paths = parts.map(({ path }) => path).sort();
  const name = `hardware-${createHash('sha256').update(paths.join('\n')).digest('hex').slice(0, 16)}.parquet`;
  const final = join(top, name);
  const there = await stat(final).catch(() => null);
  if (there === null) {
    const temporary = join(top, `.${name}.tmp`);
    await connection.run(
      `COPY (SELECT host, min(from_ms) AS from_ms, hardware FROM ${partsSql(dir, paths)} GROUP BY host, hardware ORDER BY host, from_ms) ` +
        `TO ${sqlText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await publish(temporary, final, FOR_EVERYBODY);
  }
  return {
    path: `by-user/${name}`,
    kind: HARDWARE.name,
    month: parts[0]!.month,
    from_ms: Math.min(...parts.map(({ from_ms: ms }) => ms)),
    to_ms: Math.max(...parts.map(({ to_ms: ms }) => ms)),
    level: 2,
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    bytes: (await stat(final)).size,
  };
}
