import { createHash } from 'node:crypto';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import { quoted } from './column';
import type { Archive } from './commit';
import { sqlText } from './duckdb';
import { HARDWARE, HOSTS } from './host-table';
import { STAGING } from './mend-lists';
import { partsSql } from './part';
import { publish, writeWhole } from './whole-file';

/** Folder of what each user may read of himself. */
export const BY_USER = 'by-user';
/** In it, for everybody: how far it is and what is common to all, in the form of a manifest. */
export const COMMON_FILE = 'index.json';

const FOR_EVERYBODY = 0o644;
const SHARED_FILE = /^(hardware|hosts-\d{4}-\d\d)-[0-9a-f]{16}\.parquet$/;
/** Nothing of what ran on them. */
const IDLE_COLUMNS: readonly string[] = [
  'host',
  'slot_ms',
  'from_ms',
  'to_ms',
  'idle_known',
  'idle_known_ms',
];
/** Those who read by an older index have a day. */
const KEPT_MS = 86_400_000;

/** A file for everybody: its name without what tells its contents, the parts that it is made of, and SQL that gives its rows. */
interface Shared {
  readonly name: string;
  readonly parts: readonly ArchivePart[];
  readonly select: string;
}

/**
 * Writes what is nobody's secret and every user's report needs: what hosts are made of, whether their idle power is known, until when the data goes, how many lines were refused.
 * It is written last, so that it promises nothing that is not there.
 */
export async function writeCommon(
  connection: DuckDBConnection,
  archive: Archive,
  top: string,
  nowMs: number,
): Promise<void> {
  const { manifest } = archive;
  const parts: ArchivePart[] = [];
  for (const shared of [...hardwareOf(archive), ...idleKnownOf(archive)]) {
    parts.push(await writeShared(connection, top, shared));
  }
  const named = new Set(parts.map(({ path }) => path));
  const common: ArchiveManifest = {
    ...manifest,
    committed_at: new Date(nowMs).toISOString(),
    state: 'none',
    parts,
    replaced: [],
    sums: {},
  };
  await writeWhole(join(top, COMMON_FILE), JSON.stringify(common), FOR_EVERYBODY);
  for (const name of await readdir(top)) {
    if (!SHARED_FILE.test(name) || named.has(`${BY_USER}/${name}`)) continue;
    if (nowMs - (await stat(join(top, name))).mtimeMs > KEPT_MS) await unlink(join(top, name));
  }
}

/** What hosts are made of, each once. */
function hardwareOf({ dir, manifest }: Archive): Shared[] {
  const parts = manifest.parts.filter(({ kind }) => kind === HARDWARE.name);
  if (parts.length === 0) return [];
  const from = partsSql(dir, pathsOf(parts));
  const select = `SELECT host, min(from_ms) AS from_ms, hardware FROM ${from} GROUP BY host, hardware ORDER BY host, from_ms`;
  return [{ name: 'hardware', parts, select }];
}

/** How hosts' idle power is known, by slot: a report under the policy hybrid says it of the hosts that its runs were on. */
function idleKnownOf({ dir, manifest }: Archive): Shared[] {
  const ofHosts = manifest.parts.filter(({ kind }) => kind === HOSTS.name);
  return [...new Set(ofHosts.map(({ month }) => month))].map((month) => {
    const parts = ofHosts.filter((part) => part.month === month);
    const columns = HOSTS.columns.map(({ name, type }) =>
      IDLE_COLUMNS.includes(name) ? quoted(name) : `NULL::${type} AS ${quoted(name)}`,
    );
    const from = partsSql(dir, pathsOf(parts));
    const order = HOSTS.order.map(quoted).join(', ');
    const select = `SELECT ${columns.join(', ')} FROM ${from} WHERE idle_known IS NOT NULL ORDER BY ${order}`;
    return { name: `hosts-${month}`, parts, select };
  });
}

function pathsOf(parts: readonly ArchivePart[]): string[] {
  return parts.map(({ path }) => path).sort();
}

/** Named by what it is made of: the same parts give the same file, which then is there already. */
async function writeShared(
  connection: DuckDBConnection,
  top: string,
  { name, parts, select }: Shared,
): Promise<ArchivePart> {
  const hash = createHash('sha256').update(pathsOf(parts).join('\n')).digest('hex').slice(0, 16);
  const file = `${name}-${hash}.parquet`;
  const final = join(top, file);
  const there = await stat(final).catch(() => null);
  if (there === null) {
    const temporary = join(top, `${STAGING}${file}`);
    await connection.run(`COPY (${select}) TO ${sqlText(temporary)} (FORMAT parquet, COMPRESSION zstd)`);
    await publish(temporary, final, FOR_EVERYBODY);
  }
  return {
    path: `${BY_USER}/${file}`,
    kind: parts[0]!.kind,
    month: parts[0]!.month,
    from_ms: Math.min(...parts.map(({ from_ms: ms }) => ms)),
    to_ms: Math.max(...parts.map(({ to_ms: ms }) => ms)),
    level: 2,
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    bytes: (await stat(final)).size,
  };
}
