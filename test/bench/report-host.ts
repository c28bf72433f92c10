import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb, writerLimits } from '../../src/archive/duckdb';
import { readManifest } from '../../src/archive/manifest';
import { daysWithTotals, totalsSql } from '../../src/archive/run-day-groups';
import { runsElsewhere } from '../../src/archive/runs-elsewhere';
import { makeArchive } from './made-archive';

/** `make LEDGER RUNS YEAR`: an archive. `sql LEDGER [runs]`: the SQL of a year by user and partition, from sums or run by run. `bare SQL`: nothing but DuckDB and that. */
async function main([what, place = '', runs, year]: readonly string[]): Promise<void> {
  if (what === 'make') {
    await makeArchive(place, 'made', Number(runs), Number(year), (text) => process.stderr.write(`${text}\n`));
    return;
  }
  if (what === 'sql') {
    const dir = join(place, 'made');
    const manifest = await readManifest(dir);
    if (manifest === null) throw new Error(`${place} has no manifest`);
    const archive = { cluster: 'made', dir, manifest };
    const notSummed = new Set(runs === 'runs' ? manifest.parts.map(({ path }) => path) : []);
    const query = { days: daysWithTotals(archive), policy: 0, filter: {}, exceptJobs: null, notSummed };
    const sql = await withDuckDb(REPORT_LIMITS, async (connection) =>
      totalsSql(archive, ['user', 'partition'], {
        ...query,
        elsewhere: await runsElsewhere(connection, archive, query),
      }),
    );
    process.stdout.write(sql ?? '');
    return;
  }
  // As much memory as it likes: of ten million runs, one by one, it wants more than a report may have.
  const rows = await withDuckDb(writerLimits(), async (connection) =>
    (await connection.runAndReadAll(place)).getRowObjects(),
  );
  process.stdout.write(`${rows.length} rows\n`);
}

void main(process.argv.slice(2));
