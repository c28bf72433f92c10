import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EitRecord } from '../../src/generated/record';
import type { QuotaState } from '../../src/generated/report';
import { tell, toldJob } from '../unit/archive/told-jobs';
import { later, runRecord } from '../unit/report/records';
import { ReportCommand } from './report-command';

const LONG = 180_000;
const DAY_S = 86_400;

let command: ReportCommand;
let ledger: string;
/** Some days ago at noon, UTC. */
let from: string;
let startS: number;
beforeAll(() => {
  command = new ReportCommand();
  ledger = join(command.dir, 'ledger');
  startS = Math.floor(Date.now() / 1000 / DAY_S - 5) * DAY_S + DAY_S / 2;
  from = new Date(startS * 1000).toISOString();
  const start = { start: { by: 'prolog' as const }, end: { by: 'epilog' as const, coverage: {} } };
  const records: EitRecord[] = [1, 2, 3].map((job) =>
    runRecord({
      ...{ job, from, started: from, slurm_start: startS, seq: job, nodes: 1, ...start },
      measured_uj: { 'package-0': [1.2e12, 1.2e12, 1.2e12] },
    }),
  );
  const inbox = join(ledger, 'alpha/inbox', later(from, 300).slice(0, 10));
  mkdirSync(inbox, { recursive: true });
  writeFileSync(join(inbox, 'n1.ndjson'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  command.config('eit.yaml', {
    ledger,
    admins: [String(process.getuid?.())],
    quotas: [{ per: 'qos', period: '30 days', unit: 'kWh', each: 5 }],
    time_zone: 'UTC',
    privacy: 'open',
  });
});
afterAll(() => command.remove());

const eit = (...args: string[]) =>
  command.run(process.execPath, [command.script('eit'), ...args], { env: { TZ: 'UTC' } });
const states = async () => {
  const since = new Date((startS - DAY_S) * 1000).toISOString().slice(0, 10);
  const args = ['-a', '-S', since, '--group-by', 'state', '--json'];
  const { status, stdout, stderr } = await command.report(args, { env: { TZ: 'UTC' } });
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
  const { groups } = JSON.parse(stdout) as { groups: { state: string; runs: number }[] };
  return { groups: groups.map(({ state, runs }) => [state, runs]), stderr };
};
const quotas = async () => {
  const { stdout, stderr } = await eit('quota', '--json');
  const { quotas: list } = JSON.parse(stdout) as { quotas: QuotaState[] };
  return { list: list.map(({ name, used }) => [name, Math.round(used * 1000) / 1000]), stderr };
};

const NOTE = 'sacct has told more since days were added up';

test(
  'compaction first, sync then: reports say that they can be of before, and the next compaction brings them and quotas up to date',
  async () => {
    const first = await eit('ledger', 'compact');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toContain(', 1 day added up');
    expect(await states()).toEqual({
      groups: [['(unknown)', 3]],
      stderr: expect.not.stringContaining(NOTE) as string,
    });
    expect(await quotas()).toEqual({
      list: [],
      stderr: expect.stringContaining('do not tell their qos') as string,
    });

    const running = [1, 2, 3].map((job) =>
      toldJob(job, startS, null, { qos: job === 3 ? 'high' : 'normal' }),
    );
    await tell({ dir: ledger }, 'alpha', running);
    const { groups, stderr } = await states();
    expect(groups).toEqual([['(unknown)', 3]]);
    expect(stderr).toContain(`alpha: ${NOTE}`);
    expect((await eit('ledger', 'compact')).stdout).toContain(', totals of 1 day as sacct tells now');
    expect(await states()).toEqual({
      groups: [['RUNNING', 3]],
      stderr: expect.not.stringContaining(NOTE) as string,
    });
    const used = await quotas();
    expect(used.list.map(([name]) => name)).toEqual(['normal', 'high']);
    expect(Number(used.list[0]![1])).toBeCloseTo(2 * Number(used.list[1]![1]), 2);
    expect(used.stderr).not.toContain('do not tell their qos');

    await tell(
      { dir: ledger },
      'alpha',
      running.map((job) => ({ ...job, endS: startS + 300, state: job.jobId === 1 ? 'FAILED' : 'COMPLETED' })),
    );
    const retold = await eit('ledger', 'compact', '--json');
    expect(JSON.parse(retold.stdout)).toMatchObject([{ records: 0, derivedDays: 0, retoldDays: 1 }]);
    expect((await states()).groups).toEqual([
      ['COMPLETED', 2],
      ['FAILED', 1],
    ]);
    const again = await eit('ledger', 'compact', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject([
      { records: 0, merges: 0, derivedDays: 0, retoldDays: 0 },
    ]);
    expect((await eit('ledger', 'compact')).stdout).not.toMatch(/added up|sacct/);

    // With nothing in the inbox there are no jobs to be submitted: it is done here.
    await tell({ dir: ledger }, 'alpha', [toldJob(2, startS, startS + 300, { name: 'another' })]);
    expect(await eit('ledger', 'compact', '--slurm')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(', totals of 1 day as sacct tells now') as string,
    });
    expect(await eit('ledger', 'compact', '--slurm')).toMatchObject({ status: 0, stdout: '' });
  },
  LONG,
);
