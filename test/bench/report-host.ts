import { join } from 'node:path';
import { REPORT_LIMITS, withDuckDb, writerLimits } from '../../src/archive/duckdb';
import { readManifest } from '../../src/archive/manifest';
import { daysWithTotals, totalsSql } from '../../src/archive/run-day-groups';
import { runsElsewhere } from '../../src/archive/runs-elsewhere';
import { makeArchive } from './made-archive';

/**
 * `make LEDGER RUNS YEAR`: an archive. `sql LEDGER [runs]`: the SQL of a year by user and partition, from sums or run by run. `bare SQL`: nothing but DuckDB and that.
 * `sacct LEDGER FILE`: what sacct would print of the runs that ended. `job FILE`: the first job in a part.
 */
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
  if (what === 'sacct') {
    await writeSacct(place, runs ?? '');
    return;
  }
  if (what === 'job') {
    const path = place.replaceAll("'", "''");
    const [row] = await withDuckDb(REPORT_LIMITS, async (connection) =>
      (await connection.runAndReadAll(`SELECT min(job) AS job FROM read_parquet('${path}')`)).getRowObjects(),
    );
    process.stdout.write(String(row?.['job']));
    return;
  }
  // As much memory as it likes: of ten million runs, one by one, it wants more than a report may have.
  const rows = await withDuckDb(writerLimits(), async (connection) =>
    (await connection.runAndReadAll(place)).getRowObjects(),
  );
  process.stdout.write(`${rows.length} rows\n`);
}

/** Of each run in the year the line of its last day; energy as Slurm counts it, in joules. */
async function writeSacct(ledger: string, file: string): Promise<void> {
  const from = `read_parquet('${ledger.replaceAll("'", "''")}/made/parts/kind=rundays/*/*.parquet')`;
  const uj = ['cpu', 'dram', 'gpu'].map((name) => `coalesce(${name}_measured_usage_uj, 0)`).join(' + ');
  const sql =
    `SELECT job AS "JobIDRaw", any_value(restart) AS "Restarts", ` +
    `strftime(make_timestamp((max(to_ms) - 1) * 1000), '%Y-%m-%dT%H:%M:%S') AS "End", any_value("user") AS "User", ` +
    `any_value("partition") AS "Partition", (sum(${uj}) // 1000000)::BIGINT AS "ConsumedEnergyRaw", 'a job' AS "JobName" ` +
    `FROM ${from} GROUP BY job, run_key`;
  await withDuckDb({ ...writerLimits(), temporaryDir: ledger }, async (connection) => {
    await connection.run(
      `COPY (${sql}) TO '${file.replaceAll("'", "''")}' (DELIMITER '|', HEADER, QUOTE '')`,
    );
  });
}

void main(process.argv.slice(2));
