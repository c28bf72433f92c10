import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { REPORT_LIMITS, sqlText, withDuckDb } from '../../../src/archive/duckdb';
import { jobsFolder } from '../../../src/archive/job-files';
import { JobStore, makeJobsFolder } from '../../../src/archive/job-store';
import { readManifest } from '../../../src/archive/manifest';
import { sumsOfParts } from '../../../src/archive/month-sums';
import type { SacctJob } from '../../../src/slurm/sacct';
import { TestLedger } from './compacted';

const DAY = '2026-01-31';
const START_S = Date.parse('2026-01-30T10:01:00Z') / 1000;

/**
 * The fixture two-clusters with, on alpha, all else that a ledger can hold of alice and bob: series, an account of alice's own, lines that were refused,
 * lines that name nobody, and what sacct told.
 */
export async function wholeLedger(): Promise<TestLedger> {
  const ledger = new TestLedger('two-clusters');
  const host = {
    ...{ schema: 1, tool: '0.1.0', cluster: 'alpha', host: 'a9', boot: '0123abcd', instance: 'a90000000000' },
  };
  const run = {
    ...{ ...host, kind: 'run', node: 'a9', restart: 0, cpus: 4, nodes: 1, cpu_us: 1_000_000 },
    ...{ measured_uj: { 'package-0': [1_000_003, 2_000_003, 3_000_003], 'dram-0': [7, 8, 9] } },
  };
  const at = (minute: number) => `${DAY}T10:${String(minute).padStart(2, '0')}:00.000Z`;
  const stretch = (minute: number) => ({ from: at(minute), to: at(minute + 5), ms: 300_000 });
  const series = {
    ...host,
    kind: 'series',
    node: 'a9',
    end_ms: [150_000, 300_000],
    power_w: { 'package-0': [50, 60] },
    cpus_busy: [1, 2],
  };
  const alice = { uid: 1001, user: 'alice' };
  const bob = { uid: 1002, user: 'bob' };
  const lines = [
    {
      ...{ ...run, ...stretch(0), ...alice, seq: 1, job: 901, started: at(0), sluid: 'sA01CE901AAAAA' },
      ...{ account: 'alice-lab', partition: 'cpu', start: { by: 'prolog', nodelist: 'a9' } },
    },
    // Nothing but the job tells whose it is.
    { ...run, ...stretch(5), seq: 2, job: 901, started: at(0) },
    { ...run, ...stretch(5), ...bob, seq: 3, job: 902, started: at(5), account: 'physics', partition: 'cpu' },
    // Alice's uid was somebody else's before.
    {
      ...run,
      ...stretch(10),
      uid: 1001,
      user: 'carol',
      seq: 4,
      job: 903,
      started: at(10),
      account: 'physics',
    },
    { ...series, from: at(0), to: at(5), seq: 5, job: 901, started: at(0), uid: 1001 },
    { ...series, from: at(5), to: at(10), seq: 6, job: 902, started: at(5), uid: 1002 },
  ].map((line) => JSON.stringify(line));
  const refused = [
    '{"schema":1,"kind":"run","user":"alice","job":901,"nonsense',
    '{"schema":1,"kind":"run","user":"bob","job":902,"nonsense',
    '{"schema":1,"kind":"run","job":901,"nonsense',
  ];
  appendFileSync(join(ledger.dir, 'alpha/inbox', DAY, 'a9.ndjson'), `${[...lines, ...refused].join('\n')}\n`);
  await addFacts(ledger, [
    { ...facts(101, 1001, 'alice'), name: 'alice in wonderland' },
    { ...facts(901, 1001, 'alice'), name: 'her other job' },
    { ...facts(902, 1002, 'bob'), name: 'his job', cancelledByUid: 1001 },
  ]);
  return ledger;
}

function facts(jobId: number, uid: number, user: string): SacctJob {
  return {
    ...{ jobId, arrayJobId: null, arrayTaskId: null, hetJobId: null, hetOffset: null, cluster: 'alpha' },
    ...{ submitS: START_S - 9, eligibleS: null, startS: START_S, endS: START_S + 600, state: 'COMPLETED' },
    ...{ cancelledByUid: null, exitCode: 0, exitSignal: 0, qos: 'normal', reservation: null, elapsedS: 600 },
    ...{ suspendedS: 0, nodes: 1, allocCpus: 4, reqCpus: 4, reqMemoryBytes: null, timeLimitS: null },
    ...{ uid, user, account: 'physics', partition: 'cpu', slurmEnergyJ: null, restarts: null, sluid: null },
    name: '',
  };
}

async function addFacts(ledger: TestLedger, jobs: readonly SacctJob[]): Promise<void> {
  const folder = jobsFolder(ledger.dir, 'alpha');
  makeJobsFolder(folder);
  await withDuckDb({ ...REPORT_LIMITS, threads: 1 }, async (connection) => {
    const store = await JobStore.open(connection);
    const rows = await store.appender();
    rows.add(jobs);
    rows.close();
    await store.merge(folder, 0o600);
  });
}

/** All that the files of a folder say, as text: bytes as they are, Parquet row by row, what is packed unpacked; by path. */
export async function allText(dir: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const paths = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  await withDuckDb(REPORT_LIMITS, async (connection) => {
    for (const path of paths) {
      let text = `${path}\n${readFileSync(path, 'latin1')}`;
      if (path.includes('.parquet')) {
        const rows = await connection.runAndReadAll(`FROM read_parquet(${sqlText(path)})`);
        text += rows
          .getRowObjects()
          .map((row) =>
            JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
          )
          .join('\n');
      }
      if (path.endsWith('.gz')) text += gunzipSync(readFileSync(path)).toString();
      found.set(path.slice(dir.length + 1), text);
    }
  });
  return found;
}

/** The energy of a cluster's archive, µJ, as its parts hold it and as its manifest says. */
export async function energyOf(ledger: TestLedger, cluster: string) {
  const dir = join(ledger.dir, cluster);
  const manifest = await readManifest(dir);
  if (manifest === null) throw new Error('nothing was compacted');
  const held = await withDuckDb(REPORT_LIMITS, (connection) => sumsOfParts(connection, dir, manifest.parts));
  const all = [...held.values()];
  return {
    runUj: all.reduce((sum, { runUj }) => sum + runUj, 0n),
    idleUj: all.reduce((sum, { idleUj }) => sum + idleUj, 0n),
    told: Object.values(manifest.sums).reduce((sum, { run_uj: uj }) => sum + BigInt(uj), 0n),
  };
}
