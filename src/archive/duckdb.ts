import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type * as DuckDb from '@duckdb/node-api';
import { EitError } from '../errors';
import { withTemporaryDir } from './temporary-dir';

type Connection = DuckDb.DuckDBConnection;

/** What a connection may take of the machine. */
export interface DuckDbLimits {
  /** Bytes of memory; what does not fit goes to `temporaryDir`. */
  readonly memoryBytes: number;
  readonly threads: number;
  /** Host-local folder in which a database has one of its own for what does not fit; absent: nothing may spill. */
  readonly temporaryDir?: string;
}

/** For a report beside other people's work. */
export const REPORT_LIMITS: DuckDbLimits = { memoryBytes: 320 * 1024 * 1024, threads: 2 };

const MOST_WRITER_BYTES = 4 * 1024 ** 3;

/** For one who writes the archive anew, on a machine that is there for such things. */
export function writerLimits(temporaryDir = tmpdir()): DuckDbLimits {
  return {
    memoryBytes: Math.min(MOST_WRITER_BYTES, Math.floor(totalmem() / 2)),
    threads: cpus().length,
    temporaryDir,
  };
}

/**
 * Loads DuckDB, 70 MB of it: only when it is needed. In dist/ it is one file beside the program (scripts/build.mjs), else npm's package.
 * @throws EitError EIT_DUCKDB where it is not there or not for this machine
 */
export function duckDb(): typeof DuckDb {
  const load = createRequire(__filename);
  const bundle = join(__dirname, 'eit-duckdb.js');
  try {
    if (existsSync(bundle)) return load(bundle) as typeof DuckDb;
  } catch {
    // Packed on a machine of another kind: npm may have put the right one beside.
  }
  try {
    return load('@duckdb/node-api') as typeof DuckDb;
  } catch (cause) {
    throw new EitError(
      'EIT_DUCKDB',
      `DuckDB, which reads and writes the ledger's archive, cannot be loaded: ${String(cause)}. It needs Linux with glibc 2.25 or newer; ` +
        'the package slurm-eit-node is without it, slurm-eit has it; else pack on a machine of this kind, or install it with npm; see docs/install.md.',
      { cause },
    );
  }
}

/**
 * Does `work` with a database that lives in memory and is closed afterwards. Only files that the work names are touched, and no
 * extension is loaded from anywhere. A connection ends what it streams, silently, when it is given another statement: who writes while
 * rows are still coming reads by the second one, of the same database.
 * @throws EitError EIT_DUCKDB; whatever `work` throws
 */
export async function withDuckDb<T>(
  limits: DuckDbLimits,
  work: (connection: Connection, reader: Connection) => Promise<T>,
): Promise<T> {
  // Never a folder that others use: files in it are named alike by every process, which then read what another one wrote, and in /tmp
  // anybody could have put links of these names.
  const { temporaryDir } = limits;
  // Most reports need no more than memory.
  if (temporaryDir === undefined || !isWritable(temporaryDir)) return withDatabase(limits, '', work);
  return withTemporaryDir('eit-duckdb-', (dir) => withDatabase(limits, dir, work), temporaryDir);
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function withDatabase<T>(
  limits: DuckDbLimits,
  spillDir: string,
  work: (connection: Connection, reader: Connection) => Promise<T>,
): Promise<T> {
  const { DuckDBInstance } = duckDb();
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.floor(limits.memoryBytes / 1024)}KiB`,
    threads: String(limits.threads),
    temp_directory: spillDir,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const reader = await instance.connect();
  try {
    return await work(connection, reader);
  } finally {
    reader.closeSync();
    connection.closeSync();
    instance.closeSync();
  }
}

/** A text as SQL has it: paths and names come from outside. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
