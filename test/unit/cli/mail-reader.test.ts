import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LedgerJobReader } from '../../../src/cli/mail-reader';
import type { Output } from '../../../src/cli/output';
import { loadConfig } from '../../../src/config/config';
import type { RunRecord } from '../../../src/generated/record';
import type { MailNotice } from '../../../src/mail/mail-notice';
import { hour, T, T_S } from '../mail/jobs';
import { later } from '../report/records';

let dir: string;
let seq: number;
const NOW_MS = Date.parse(later(T, 3700));

beforeEach(() => {
  seq = 0;
  dir = mkdtempSync(join(tmpdir(), 'eit-mail-reader-'));
  mkdirSync(join(dir, 'ledger/alpha/inbox'), { recursive: true });
  writeFileSync(
    join(dir, 'eit.yaml'),
    JSON.stringify({ ledger: join(dir, 'ledger'), site: { zone: 'DE', pue: 1.5 }, time_zone: 'UTC' }),
  );
});
afterEach(() => rmSync(dir, { recursive: true }));

function ship(...records: RunRecord[]): void {
  for (const record of records) {
    const folder = join(dir, 'ledger/alpha/inbox', record.to.slice(0, 10));
    mkdirSync(folder, { recursive: true });
    appendFileSync(join(folder, `${record.host}.ndjson`), `${JSON.stringify({ ...record, seq: seq++ })}\n`);
  }
}

function reader(sacct: string | null = null): LedgerJobReader {
  return new LedgerJobReader({
    loaded: loadConfig({ path: join(dir, 'eit.yaml'), env: {} }),
    uid: process.getuid?.() ?? 0,
    now: () => NOW_MS,
    output: null,
    sacct: sacct === null ? null : { program: sacct, env: process.env, timeoutMs: 10_000 },
  });
}

test('lines that were not read are in the log, again only where they have become more', async () => {
  ship(hour({ job: 1 }));
  const file = join(dir, 'ledger/alpha/inbox', hour({ job: 1 }).to.slice(0, 10), 'n1.ndjson');
  const notes: string[] = [];
  const progress = () => ({ update: () => undefined, done: () => undefined });
  const output = { note: (text: string) => notes.push(text), progress } as unknown as Output;
  const jobReader = new LedgerJobReader({
    ...{ loaded: loadConfig({ path: join(dir, 'eit.yaml'), env: {} }), uid: process.getuid?.() ?? 0 },
    ...{ now: () => NOW_MS, output, sacct: null },
  });
  const look = () => jobReader.readAll([{ notice: ended(1), nodes: ['n1'], isLast: true }]);
  for (const text of ['', '{no\n', '', '{no\n']) {
    appendFileSync(file, text);
    await look();
  }
  expect(notes).toEqual([
    expect.stringMatching(/: Not read: 1 line or file of the ledger \(1 not JSON; see eit ledger check\)$/),
    expect.stringMatching(/: Not read: 2 lines or files of the ledger \(2 not JSON; see eit ledger check\)$/),
  ]);
});

function ended(job: number, given: Record<string, string> = {}): MailNotice {
  return {
    subject: `Slurm Job_id=${job} Name=train Ended, Run time 01:00:00, COMPLETED, ExitCode 0`,
    recipient: 'alice',
    env: {
      SLURM_CLUSTER_NAME: 'alpha',
      SLURM_JOB_ID: String(job),
      SLURM_JOB_START_TIME: String(T_S),
      SLURM_JOB_STATE: 'COMPLETED',
      SLURM_JOB_NAME: 'train',
      SLURM_JOB_CPUS_PER_NODE: '8(x2)',
      ...given,
    },
    receivedMs: Date.parse(later(T, 3600)),
  };
}

const NODES = ['n1', 'n2'];

test('a job of which nothing is there is not found, and a notice without a job is none', async () => {
  ship(hour({ job: 8 }));
  const questions = [
    { notice: ended(7), nodes: NODES, isLast: true },
    { notice: ended(7, { SLURM_JOB_ID: '' }), nodes: NODES, isLast: true },
  ];
  expect(await reader().readAll(questions)).toEqual([null, null]);
  expect(await reader().readAll([])).toEqual([]);
});

test('nodes count as ended with their last line, and not before', async () => {
  const { end, ...running } = hour({ job: 7, node: 'n2', nodes: 2 });
  expect(end).toBeDefined();
  ship(hour({ job: 7, nodes: 2 }), running);
  const its = reader();
  const look = async () => (await its.readAll([{ notice: ended(7), nodes: NODES, isLast: true }]))[0];
  const first = await look();
  expect(first?.endedNodes).toEqual(['n1']);
  expect(first?.mail?.text).toContain('records of 1 node were not complete when this was written: n2.');
  ship(
    hour({ job: 7, node: 'n2', nodes: 2, from: later(T, 3600), started: T, slurm_start: T_S, seconds: 5 }),
  );
  const second = await look();
  expect(second?.endedNodes).toEqual(NODES);
  expect(second?.mail?.subject).toMatch(/COMPLETED, ExitCode 0, \d+ Wh, /);
});

test('the environment tells what sacct does not tell yet', async () => {
  ship(hour({ job: 7, nodes: 2 }), hour({ job: 7, nodes: 2, node: 'n2' }));
  const [found] = await reader().readAll([{ notice: ended(7), nodes: NODES, isLast: true }]);
  const { text } = found!.mail!;
  expect(text).toContain('  Job         7 train on alpha\n');
  expect(text).toContain('  State       COMPLETED\n');
  expect(text).toContain('14.4 of 16 CPUs in the mean');
});

test('of a requeued job it is the run that Slurm names', async () => {
  const second = later(T, 1900);
  ship(
    hour({ job: 7, seconds: 600 }),
    hour({
      job: 7,
      from: second,
      restart: 1,
      seconds: 1200,
      measured_uj: { 'package-0': [36e11, 36e11, 36e11] },
    }),
  );
  const first = ended(7);
  const again = ended(7, {
    SLURM_JOB_START_TIME: String(Date.parse(second) / 1000),
    SLURM_JOB_RESTART_COUNT: '1',
  });
  const found = await reader().readAll([
    { notice: first, nodes: ['n1'], isLast: true },
    { notice: again, nodes: ['n1'], isLast: true },
  ]);
  expect(found.map((one) => one?.mail?.subject.replace(/.*ExitCode 0, /, ''))).toEqual([
    expect.stringMatching(/^330 Wh, /),
    expect.stringMatching(/^1\.50 kWh, /),
  ]);
  expect(found[1]?.mail?.text).toContain('Its 2 runs together: 1.83 kWh');
});

test('without a start time it is the last run that began before the mail', async () => {
  const { slurm_start: _, ...plain } = hour({ job: 7, seconds: 600 });
  const after = { ...plain, from: later(T, 5000), started: later(T, 5000), to: later(T, 5600), restart: 1 };
  ship(plain, after);
  const [found] = await reader().readAll([
    {
      notice: ended(7, { SLURM_JOB_START_TIME: '', SLURM_JOB_RESTART_COUNT: '1' }),
      nodes: ['n1'],
      isLast: true,
    },
  ]);
  expect(found?.mail?.text).toContain('00:10:00, 2026-03-02 10:00 to 10:10');
});

test('of hundreds of waiting jobs each gets its own, from one look', async () => {
  const jobs = Array.from({ length: 300 }, (_, i) => 1000 + i);
  ship(...jobs.map((job) => hour({ job })));
  const found = await reader().readAll(
    jobs.map((job) => ({
      notice: ended(job, { SLURM_JOB_CPUS_PER_NODE: '8' }),
      nodes: ['n1'],
      isLast: true,
    })),
  );
  expect(found.map((one) => one?.endedNodes)).toEqual(jobs.map(() => ['n1']));
  for (const [i, job] of jobs.entries()) expect(found[i]?.mail?.text).toContain(`Job_id=${job} `);
});

test('sacct is asked for what the ledger does not know, once for all, and no more when all is told', async () => {
  ship(hour({ job: 101 }), hour({ job: 100, from: later(T, 1) }));
  const calls = join(dir, 'calls');
  const sacct = join(dir, 'sacct');
  // As sacct prints: fields with the delimiter that it is told, the id again at the end.
  writeFileSync(
    sacct,
    `#!/bin/sh
echo "$*" >>'${calls}'
if [ "$1" = --helpformat ]; then
  echo 'JobIDRaw JobID Cluster Submit Start End State ReqMem ReqTRES TimelimitRaw AllocCPUS NNodes JobName'; exit
fi
for arg; do case $arg in --delimiter=*) d=\${arg#--delimiter=} ;; --format=*) f=\${arg#--format=} ;; esac; done
row() {
  out=
  for field in $(echo "$f" | tr , ' '); do
    case $field in
      JobIDRaw) v=$1 ;; JobID) v=$2 ;; Cluster) v=alpha ;; Submit) v=${T_S - 5} ;; Start) v=$3 ;; End) v=${T_S + 3600} ;;
      State) v=COMPLETED ;; ReqMem) v=32G ;; ReqTRES) v=cpu=8,mem=32G ;; TimelimitRaw) v=600 ;; AllocCPUS) v=8 ;; NNodes) v=1 ;;
      JobName) v=sweep ;; *) v= ;;
    esac
    out="$out\${out:+$d}$v"
  done
  printf '%s\\n' "$out"
}
row 101 100_1 ${T_S}
row 100 100_2 ${T_S + 1}
`,
    { mode: 0o755 },
  );
  const its = reader(sacct);
  const summary = {
    ...ended(100, {
      SLURM_ARRAY_JOB_ID: '100',
      SLURM_ARRAY_TASK_ID: '2',
      SLURM_JOB_START_TIME: String(T_S + 1),
      SLURM_JOB_CPUS_PER_NODE: '8',
    }),
    subject: 'Slurm Array Summary Job_id=100_* (100) Name=sweep Ended, COMPLETED, ExitCode [0-0]',
  };
  const questions = [{ notice: summary, nodes: ['n1'], isLast: true }];
  const [found] = await its.readAll(questions);
  const { text } = found!.mail!;
  expect(text).toContain('2 TASKS');
  expect(text).toContain('  100_1 ');
  expect(text).toContain('  100_2 ');
  expect(text).toMatch(/Memory +37\.5 %/);
  await its.readAll(questions);
  const asked = readFileSync(calls, 'utf8').trim().split('\n');
  expect(asked).toHaveLength(2);
  expect(asked[1]).toContain('--jobs=100');
});

test('a sacct that fails keeps no mail back', async () => {
  ship(hour({ job: 7 }));
  const [found] = await reader('/bin/false').readAll([{ notice: ended(7), nodes: ['n1'], isLast: true }]);
  expect(found?.mail?.subject).toContain('330 Wh');
});
