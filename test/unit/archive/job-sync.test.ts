import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { REPORT_LIMITS, sqlText, withDuckDb } from '../../../src/archive/duckdb';
import { readJobFacts } from '../../../src/archive/job-facts';
import { jobFactsFiles } from '../../../src/archive/job-files';
import { type JobSync, readSyncedUntil, syncJobs } from '../../../src/archive/job-sync';

/**
 * A program that answers as sacct does, of rows in a file beside it. What it was asked is in `asked`. A real one with a real
 * slurmdbd is asked in test/cluster/sacct.test.ts.
 */
const SACCT = `#!/bin/sh
cd "$(dirname "$0")" || exit 9
echo "$*" >> asked
[ -e hang ] && exec sleep 60
if [ "$1" = --helpformat ]; then cat helpformat; exit 0; fi
[ -e down ] && { echo "sacct: error: Problem talking to the database: Connection refused" >&2; exit "$(cat down)"; }
for option in "$@"; do
  case $option in --delimiter=*) delimiter=\${option#*=} ;; --starttime=*) since=$(date -u -d "\${option#*=}" +%s) ;; --endtime=*) until=$(date -u -d "\${option#*=}" +%s) ;; esac
done
[ -e "fail-$since" ] && exit 1
awk -v RS='\\036' -v d="$delimiter" -v since="$since" -v until="$until" -F '\\037' '
  NF > 1 && $4 < until && ($6 + 0 == 0 || $6 > since) { for (i = 1; i <= NF; i++) printf "%s%s", $i, d; print $1 }' rows
`;

const DAY = 86_400;
const T = Date.parse('2026-03-02T10:00:00Z') / 1000;
const FIELDS = [
  'JobIDRaw',
  'JobID',
  'Cluster',
  'Submit',
  'Start',
  'End',
  'State',
  'ElapsedRaw',
  'UID',
  'JobName',
];

let dir: string;
let ledger: string;
let warnings: string[];
const asked = (): string[] =>
  existsSync(join(dir, 'asked')) ? readFileSync(join(dir, 'asked'), 'utf8').trim().split('\n') : [];
const windows = (): string[] =>
  asked().flatMap((line) => {
    const times = /--starttime=(\S+) --endtime=(\S+)/.exec(line)?.slice(1, 3) ?? [];
    return times.length === 0 ? [] : times.map((time) => Date.parse(`${time}Z`) / 1000).join('-');
  });

beforeEach(() => {
  warnings = [];
  dir = mkdtempSync(join(tmpdir(), 'eit-sync-'));
  ledger = join(dir, 'ledger');
  mkdirSync(join(ledger, 'alpha/inbox/2026-03-01'), { recursive: true });
  chmodSync(ledger, 0o750);
  writeFileSync(join(dir, 'sacct'), SACCT, { mode: 0o755 });
  writeFileSync(join(dir, 'helpformat'), FIELDS.join('  '));
  rows([]);
});
afterEach(() => rmSync(dir, { recursive: true }));

type Row = readonly [
  id: number,
  submitS: number,
  startS: number | 'Unknown',
  endS: number | 'Unknown',
  state: string,
  name: string,
];

/** In the order of the fields that are asked for; ends as sacct sorts them. */
function rows(of: readonly Row[]): void {
  const text = of.map(([id, submitS, startS, endS, state, name]) => {
    const elapsed = startS === 'Unknown' ? 0 : (endS === 'Unknown' ? T + DAY : endS) - startS;
    return [id, id, 'alpha', submitS, startS, endS, state, elapsed, 1001, name].join('\x1f');
  });
  writeFileSync(join(dir, 'rows'), text.join('\x1e'));
}

function sync(given: Partial<JobSync> = {}) {
  return syncJobs({
    ledger,
    cluster: 'alpha',
    slurmCluster: null,
    sinceS: null,
    nowS: T + DAY,
    sacct: { program: join(dir, 'sacct'), env: process.env, timeoutMs: 20_000 },
    privacy: { mode: 'private', adminUids: [], coordinators: new Map() },
    warn: (message) => warnings.push(message),
    onProgress: () => undefined,
    ...given,
  });
}

async function kept(): Promise<unknown[][]> {
  const files = await jobFactsFiles(ledger, 'alpha', Date.parse('2030-01-01'));
  if (files.length === 0) return [];
  return withDuckDb(REPORT_LIMITS, async (connection) => {
    const sql = `SELECT job_id, submit_s, start_s, end_s, state, name FROM read_parquet([${files.map(sqlText).join()}]) ORDER BY start_s, job_id`;
    const found = (await connection.runAndReadAll(sql)).getRows();
    return found.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  });
}

test('the first time begins with the first record of the ledger, a day a call', async () => {
  rows([[1, T, T, T + 60, 'COMPLETED', 'a']]);
  const progress: number[] = [];
  const result = await sync({ onProgress: (fromS) => progress.push(fromS) });
  const first = Date.parse('2026-03-01') / 1000;
  expect(windows()).toEqual([
    `${first}-${first + DAY}`,
    `${first + DAY}-${first + 2 * DAY}`,
    `${first + 2 * DAY}-${T + DAY}`,
  ]);
  expect(progress).toEqual([first, first + DAY, first + 2 * DAY, T + DAY]);
  expect(result).toMatchObject({ sinceS: first, untilS: T + DAY, jobs: 1, notStarted: 0, unreadable: 0 });
  expect(await kept()).toEqual([[1, T, T, T + 60, 'COMPLETED', 'a']]);
});

test('the next time goes on two hours before the end of the last', async () => {
  await sync({ sinceS: T });
  rmSync(join(dir, 'asked'));
  await sync({ nowS: T + DAY + 3600 });
  expect(windows()).toEqual([`${T + DAY - 7200}-${T + DAY + 3600}`]);
});

test('a job that ran has its end with the next time, and a requeue is a row of its own', async () => {
  rows([
    [1, T, T, 'Unknown', 'RUNNING', 'a'],
    [2, T, T, T + 60, 'REQUEUED', 'b'],
    [2, T + 61, 'Unknown', 'Unknown', 'PENDING', 'b'],
  ]);
  expect(await sync({ sinceS: T })).toMatchObject({ notStarted: 1 });
  rows([
    [1, T, T, T + 99_000, 'TIMEOUT', 'a'],
    [2, T, T, T + 60, 'REQUEUED', 'b'],
    [2, T + 61, T + 200, T + 300, 'COMPLETED', 'b'],
  ]);
  await sync({ sinceS: T - DAY, nowS: T + 2 * DAY });
  expect(await kept()).toEqual([
    [1, T, T, T + 99_000, 'TIMEOUT', 'a'],
    [2, T, T, T + 60, 'REQUEUED', 'b'],
    [2, T + 61, T + 200, T + 300, 'COMPLETED', 'b'],
  ]);
});

test('rows lie in the file of the month in which the run began, and files that nothing changes stay', async () => {
  const april = Date.parse('2026-04-01T00:00:00Z') / 1000;
  rows([
    [1, T, april - 1, april + 10, 'COMPLETED', 'march'],
    [2, T, april, april + 10, 'COMPLETED', 'april'],
  ]);
  const folder = join(ledger, 'alpha/jobs');
  const first = await sync({ sinceS: april - 60, nowS: april + 60 });
  expect(first.files).toEqual([join(folder, '2026-03.parquet'), join(folder, '2026-04.parquet')]);
  expect((await sync({ sinceS: april - 60, nowS: april + 60 })).files).toEqual([]);
  rows([[2, T, april, april + 10, 'COMPLETED', 'another name']]);
  expect((await sync({ sinceS: april - 60, nowS: april + 60 })).files).toEqual([
    join(folder, '2026-04.parquet'),
  ]);
  expect((await kept()).map(([, , , , , name]) => name)).toEqual(['march', 'another name']);
});

const modeOf = (...path: string[]): number => statSync(join(ledger, 'alpha', ...path)).mode & 0o777;
const JOBS = ['2026-03.parquet', 'sync.json'];

test('private: the owner alone reads it, whatever rights the ledger has, and nothing else is left there', async () => {
  chmodSync(ledger, 0o755);
  rows([[1, T, T, T + 60, 'COMPLETED', 'a']]);
  await sync();
  expect(readdirSync(join(ledger, 'alpha/jobs')).sort()).toEqual(JOBS);
  expect([modeOf('jobs'), ...JOBS.map((name) => modeOf('jobs', name))]).toEqual([0o700, 0o600, 0o600]);
  expect([statSync(ledger).mode & 0o777, modeOf()]).toEqual([0o711, 0o711]);
});

test('open: everybody reads it; private again, nobody does', async () => {
  chmodSync(ledger, 0o700);
  rows([[1, T, T, T + 60, 'COMPLETED', 'a']]);
  await sync({ privacy: { mode: 'open' } });
  expect([modeOf('jobs'), ...JOBS.map((name) => modeOf('jobs', name))]).toEqual([0o755, 0o644, 0o644]);
  await sync();
  expect(modeOf('jobs')).toBe(0o700);
});

(spawnSync('setfacl', ['--version']).status === 0 ? test : test.skip)(
  'private: admins read it by lists, which open takes away',
  async () => {
    const lists = (): string[] =>
      ['', ...JOBS].map(
        (name) =>
          spawnSync('getfacl', ['-n', '-c', '-p', join(ledger, 'alpha/jobs', name)], { encoding: 'utf8' })
            .stdout,
      );
    rows([[1, T, T, T + 60, 'COMPLETED', 'a']]);
    await sync({ privacy: { mode: 'private', adminUids: [54_321], coordinators: new Map() } });
    for (const list of lists()) expect(list).toMatch(/^user:54321:r/m);
    expect(warnings).toEqual([]);
    await sync({ privacy: { mode: 'open' } });
    // The group too, which the list kept out.
    for (const list of lists()) expect(list).toMatch(/^user::rw[x-]\ngroup::r-[x-]\nother::r-[x-]\n\n$/);
    await sync();
    expect(modeOf('jobs')).toBe(0o700);
  },
);

test('a link in the place of what it writes is not written through', async () => {
  const elsewhere = join(dir, 'elsewhere');
  writeFileSync(elsewhere, 'mine', { mode: 0o640 });
  rows([[1, T, T, T + 60, 'COMPLETED', 'a']]);
  mkdirSync(join(ledger, 'alpha/jobs'), { recursive: true });
  for (const name of JOBS) symlinkSync(elsewhere, join(ledger, 'alpha/jobs', `${name}.tmp`));
  await sync();
  expect([readFileSync(elsewhere, 'utf8'), statSync(elsewhere).mode & 0o777]).toEqual(['mine', 0o640]);
  expect((await kept()).length).toBe(1);
});

test.each(['1', '0'])(
  'slurmdbd down, sacct ends with %s: an error, and the time is asked for again',
  async (status) => {
    await sync({ sinceS: T, nowS: T + 100 });
    writeFileSync(join(dir, 'down'), status);
    await expect(sync()).rejects.toMatchObject({
      code: 'EIT_SACCT',
      message: expect.stringContaining('Problem talking to the database: Connection refused') as string,
    });
    expect(readSyncedUntil(join(ledger, 'alpha/jobs'))).toBe(T + 100);
    rmSync(join(dir, 'down'));
    rows([[1, T, T, T + 600, 'COMPLETED', 'a']]);
    await sync();
    expect(await kept()).toHaveLength(1);
  },
);

test('an error in the middle keeps the days before', async () => {
  rows([
    [1, T, T + 10, T + 60, 'COMPLETED', 'a'],
    [2, T + DAY, T + DAY + 10, T + DAY + 60, 'COMPLETED', 'b'],
  ]);
  writeFileSync(join(dir, `fail-${T + DAY}`), '');
  await expect(sync({ sinceS: T, nowS: T + 2 * DAY })).rejects.toMatchObject({ code: 'EIT_SACCT' });
  expect((await kept()).map(([id]) => id)).toEqual([1]);
  expect(readSyncedUntil(join(ledger, 'alpha/jobs'))).toBe(T + DAY);
  rmSync(join(dir, `fail-${T + DAY}`));
  await sync({ nowS: T + 2 * DAY });
  expect((await kept()).map(([id]) => id)).toEqual([1, 2]);
});

test('a sacct that hangs is killed', async () => {
  writeFileSync(join(dir, 'hang'), '');
  const sacct = { program: join(dir, 'sacct'), env: process.env, timeoutMs: 300 };
  await expect(sync({ sacct })).rejects.toMatchObject({
    code: 'EIT_SACCT',
    message: expect.stringContaining('no answer within 0.3 s') as string,
  });
});

test('no sacct at all', async () => {
  const sacct = { program: join(dir, 'nothing'), env: process.env, timeoutMs: 1000 };
  await expect(sync({ sacct })).rejects.toMatchObject({ code: 'EIT_SACCT' });
});

test('one at a time', async () => {
  mkdirSync(join(ledger, 'alpha/jobs'));
  const folder = join(ledger, 'alpha/jobs');
  const release = await lock(folder, { lockfilePath: join(folder, '.sync.lock') });
  await expect(sync()).rejects.toMatchObject({ code: 'EIT_LEDGER_LOCKED' });
  expect(asked()).toEqual([]);
  await release();
  await sync();
});

test('a ledger that is not there is not made', async () => {
  await expect(sync({ ledger: join(dir, 'unmounted') })).rejects.toMatchObject({
    code: 'EIT_LEDGER_UNWRITABLE',
  });
  expect(existsSync(join(dir, 'unmounted'))).toBe(false);
});

test('a damaged file is named, and left as it is', async () => {
  rows([[1, T, T, T + 60, 'COMPLETED', 'a']]);
  mkdirSync(join(ledger, 'alpha/jobs'));
  const path = join(ledger, 'alpha/jobs/2026-03.parquet');
  writeFileSync(path, 'damage');
  await expect(sync()).rejects.toMatchObject({
    code: 'EIT_ARCHIVE',
    message: expect.stringContaining(path) as string,
  });
  expect(readFileSync(path, 'utf8')).toBe('damage');
});

test('--since a time after a gap leaves the gap to be asked for', async () => {
  await sync({ sinceS: T, nowS: T + 100 });
  await sync({ sinceS: T + 5 * DAY, nowS: T + 6 * DAY });
  expect(readSyncedUntil(join(ledger, 'alpha/jobs'))).toBe(T + 100);
});

describe('readJobFacts', () => {
  const find = async (fromMs: number, toMs: number, filter = {}) => {
    const table = await readJobFacts(ledger, undefined, fromMs, toMs, filter);
    return (jobId: number, slurmStartS: number | null, startedMs = 0) =>
      table?.of({ cluster: 'alpha', jobId, sluid: null, slurmStartS, startedMs })?.name;
  };

  test('gives null where nothing was synced', async () => {
    expect(await readJobFacts(ledger, undefined, 0, T * 1000)).toBeNull();
  });

  test('finds runs by their start, also of those that began months before the window', async () => {
    rows([
      [1, T, T, 'Unknown', 'RUNNING', 'long'],
      [2, T, T, T + 60, 'COMPLETED', "o'clock\n"],
      [2, T + 100, T + 200, T + 300, 'COMPLETED', 'again'],
    ]);
    await sync();
    const inMarch = await find(T * 1000, (T + DAY) * 1000);
    expect(inMarch(2, T)).toBe("o'clock\n");
    expect(inMarch(2, T + 200)).toBe('again');
    expect(inMarch(2, T + 1)).toBeUndefined();
    expect(inMarch(2, null, (T + 290) * 1000)).toBe('again');
    expect(inMarch(2, null, (T + 600) * 1000)).toBeUndefined();
    const inMay = await find(Date.parse('2026-05-01'), Date.parse('2026-05-02'));
    expect([inMay(1, T), inMay(2, T)]).toEqual(['long', undefined]);
    const ofJob = await find(T * 1000, (T + DAY) * 1000, { jobs: new Set([1]) });
    expect([ofJob(1, T), ofJob(2, T)]).toEqual(['long', undefined]);
    const ofUser = await find(T * 1000, (T + DAY) * 1000, { users: [{ uid: 7 }] });
    expect(ofUser(1, T)).toBeUndefined();
  });

  test('names the folder of a file that is damaged', async () => {
    await sync();
    writeFileSync(join(ledger, 'alpha/jobs/2026-03.parquet'), 'damage');
    await expect(readJobFacts(ledger, undefined, T * 1000, (T + DAY) * 1000)).rejects.toMatchObject({
      code: 'EIT_ARCHIVE',
    });
  });
});
