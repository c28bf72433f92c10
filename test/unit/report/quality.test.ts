import type { HostRecord, RunRecord } from '../../../src/generated/record';
import type { EitReport } from '../../../src/generated/report';
import validate from '../../../src/generated/report-validator';
import { parseColumns } from '../../../src/report/column-choice';
import { table } from '../../../src/report/table';
import { report } from './asked';
import { hostRecord, later, runRecord } from './records';

const T = '2026-03-02T10:00:00.000Z';

function made(...[records, given]: Parameters<typeof report>): EitReport {
  const found = report(records, given);
  expect(validate(found)).toBe(true);
  return found;
}

function footer(found: EitReport): string {
  const view = { columns: null, header: true, isOwn: true, timeZone: 'UTC', skipped: [], terminal: null };
  return [...table.render(found, view)].join('').split('\n').slice(-6).join('\n');
}

test('a tenth of a second that was not observed of five minutes is not 100 %', () => {
  const found = made([runRecord({ missing_ms: { 'package-0': 100 } })], { groupBy: ['job'] });
  expect(found.total.coverage).toBeCloseTo(0.99967, 5);
  const columns = parseColumns('JobID,Coverage');
  const view = { columns, header: false, isOwn: true, timeZone: 'UTC', skipped: [], terminal: null };
  const [line, , total] = [...table.render(found, view)].join('').split('\n');
  expect([line, total]).toEqual([expect.stringMatching(/ 99\.9 %$/), expect.stringMatching(/ 99\.9 %$/)]);
});

describe('GPUs', () => {
  const gpu = runRecord({ job: 2, gpus: 1 });
  const read = runRecord({
    job: 3,
    gpus: 1,
    measured_uj: { 'package-0': [1e9, 0, 0], 'gpu-0': [9e9, 0, 0] },
  });

  test('that were not read make the coverage 0, and the reason is told once', () => {
    const found = made([runRecord(), gpu, runRecord({ ...gpu, job: 4 })], { groupBy: ['job'] });
    expect(found.groups.map(({ coverage }) => coverage)).toEqual([1, 0, 0]);
    expect(found.total.coverage).toBe(0);
    expect(found.quality.gpu_unread_runs).toBe(2);
    expect(footer(found).match(/GPU energy of 2 runs was not read/g)).toHaveLength(1);
  });

  test('that were read count with the time they were', () => {
    const found = made([read, runRecord({ ...read, job: 4, missing_ms: { 'gpu-0': 150_000 } })]);
    expect(found.total.coverage).toBe(0.75);
    expect(found.quality.gpu_unread_runs).toBe(0);
    expect(footer(found)).not.toContain('GPU energy');
  });

  test('of the host are none of a run’s business that has none', () => {
    const beside = runRecord({
      measured_uj: { 'package-0': [1e9, 0, 0], 'gpu-0': [0, 0, 0] },
      missing_ms: { 'gpu-0': 100_000 },
    });
    expect(made([beside]).total.coverage).toBe(1);
    expect(made([runRecord({ missing_ms: { 'gpu-0': 300_000 } })]).total.coverage).toBe(1);
  });

  test('are expected of the nodes that have some, and of silent ones', () => {
    const two = [
      runRecord({ ...read, nodes: 2, start: { by: 'prolog' } }),
      runRecord({ job: 3, nodes: 2, node: 'n2' }),
    ];
    expect(made(two).total.coverage).toBe(1);
    expect(made([runRecord({ ...read, nodes: 2 })]).total.coverage).toBe(0.5);
  });

  test('that are not read yet do not hide what is: a class of its own', () => {
    expect(made([runRecord({ ...gpu, missing_ms: {} })]).total.energy_kwh).toMatchObject({ gpu: null });
  });
});

describe('division', () => {
  const estimated = (uj: number): Partial<RunRecord> => ({ estimated_uj: { 'package-0': [uj, 0, 0] } });

  test('by estimate is a part of the recorded joules, by group and in all', () => {
    const found = made([runRecord(estimated(0.75e9)), runRecord({ job: 2, user: 'bob' })]);
    expect(found.groups.map(({ estimated_fraction }) => estimated_fraction)).toEqual([0.25, 0]);
    expect(found.total.estimated_fraction).toBe(0.125);
    expect(footer(found)).toContain('\nDivided among the runs by estimate: 12.5 % of the energy.\n');
  });

  test('of nothing is unknown', () => {
    const { total, quality } = made([runRecord({ measured_uj: {} })]);
    expect(total.estimated_fraction).toBeNull();
    expect(quality).toMatchObject({ package_assumed_fraction: null, dram_by_cpu_time_fraction: null });
  });

  test('is under the policy that was asked for', () => {
    const record = runRecord({ estimated_uj: { 'package-0': [0, 1.2e9, 9e9] } });
    const fraction = (policy: 'usage' | 'allocation' | 'hybrid') =>
      made([record], { policy }).total.estimated_fraction;
    expect([fraction('usage'), fraction('allocation'), fraction('hybrid')]).toEqual([0, 0.2, 1]);
  });

  test('by an assumed package, or by CPU time instead of memory, is told with its part', () => {
    const both = { 'package-0': [3e9, 0, 0], 'dram-0': [1e9, 0, 0] } as RunRecord['measured_uj'];
    const found = made([
      runRecord({ measured_uj: both, package_split: 'assumed', dram_split: 'cpu_time', ...estimated(3e9) }),
      runRecord({ job: 2, measured_uj: both, package_split: 'cpuset', dram_split: 'processes' }),
      runRecord({ job: 3, measured_uj: both, package_split: 'percpu' }),
      runRecord({ job: 4, measured_uj: both }),
    ]);
    expect(found.quality).toMatchObject({ package_assumed_fraction: 0.25, dram_by_cpu_time_fraction: 0.25 });
    expect(footer(found)).toContain(
      "by estimate: 18.7 % of the energy (up to 25 % of the CPU's has its package assumed, " +
        "up to 25 % of the memory's is by CPU time).",
    );
  });

  test('that is exact needs no words', () => {
    expect(footer(made([runRecord()]))).not.toContain('Divided');
  });
});

describe('idle power, where the policy is hybrid', () => {
  const host = (name: string, idle_by?: 'calibrated' | 'modelled', given: Partial<HostRecord> = {}) => {
    const record = hostRecord({ host: name, nodes: [name], ...given });
    const domain = record.domains['package-0']!;
    record.domains['package-0'] = idle_by === undefined ? domain : { ...domain, idle_by, idle_w: 40 };
    return record;
  };
  const runs = ['n1', 'n2', 'n3', 'n4'].map((node, i) => runRecord({ node, job: i + 1 }));
  const hosts = [host('n1', 'calibrated'), host('n2', 'modelled'), host('n3'), host('n4'), host('n9')];

  test('is counted by hosts that had runs', () => {
    const found = made([...runs, ...hosts], { policy: 'hybrid' });
    expect(found.quality.idle_power).toEqual({ calibrated_hosts: 1, modelled_hosts: 1, unknown_hosts: 2 });
    expect(footer(found)).toContain(
      'Idle power from a table on 1 host: run eit calibrate. Idle power unknown on 2 hosts: hybrid is as usage there.',
    );
  });

  test('needs no words where all are calibrated, nor under another policy', () => {
    expect(footer(made([runs[0]!, hosts[0]!], { policy: 'hybrid' }))).not.toContain('Idle power');
    const found = made([...runs, ...hosts], { policy: 'usage' });
    expect(found.quality.idle_power).toBeNull();
    expect(footer(found)).not.toContain('Idle power');
  });

  test('is that of the newest line', () => {
    const lines = [
      host('n1', 'calibrated', { from: later(T, 300), seq: 2 }),
      host('n1', 'modelled', { seq: 1 }),
    ];
    for (const order of [lines, lines.toReversed()]) {
      const { quality } = made([runs[0]!, ...order], { policy: 'hybrid' });
      expect(quality.idle_power).toMatchObject({ calibrated_hosts: 1, modelled_hosts: 0 });
    }
  });

  test('of the power model is part of it: nothing to calibrate', () => {
    const modelled = host('n1', 'modelled');
    modelled.domains['package-0']!.quality = 'modelled';
    const { quality } = made([runs[0]!, modelled], { policy: 'hybrid' });
    expect(quality.idle_power).toEqual({ calibrated_hosts: 0, modelled_hosts: 0, unknown_hosts: 0 });
  });
});
