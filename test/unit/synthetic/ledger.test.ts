import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POLICIES } from '../../../src/attribution/policy';
import type { HostRecord, RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { readInbox } from '../../../src/ledger/inbox';
import { Skipped } from '../../../src/ledger/record-line';
import { classOfDomain } from '../../../src/runs/domain-class';
import type { GroupSums } from '../../../src/runs/group-sums';
import type { ExpectedSums } from '../../../src/synthetic/expectation';
import { EXPECTED_FILE, generateLedger } from '../../../src/synthetic/generate';
import { SACCT_FIELDS } from '../../../src/synthetic/sacct-text';
import { aggregate } from '../report/asked';
import { SMALL, SmallLedger } from './small-ledger';

let ledger: SmallLedger;
beforeAll(() => {
  ledger = new SmallLedger();
});
afterAll(() => ledger.remove());

const isRun = (record: { kind: string }): record is RunRecord => record.kind === 'run';
const isHost = (record: { kind: string }): record is HostRecord => record.kind === 'host';
const runs = (): RunRecord[] => ledger.records().filter(isRun);
const hosts = (): HostRecord[] => ledger.records().filter(isHost);

describe('the bytes', () => {
  test('are the same for the same seed', () => {
    const again = new SmallLedger();
    try {
      expect(again.hashes()).toEqual(ledger.hashes());
    } finally {
      again.remove();
    }
  });

  test.each([{ seed: 8 }, { users: 10 }, { jobsPerDay: 501 }])('are others with %j', (given) => {
    const other = new SmallLedger(given);
    try {
      expect(other.hashes()).not.toEqual(ledger.hashes());
    } finally {
      other.remove();
    }
  });
});

describe('the lines', () => {
  test('are all records', () => {
    const refused = ledger.records().filter((record) => !validateRecord(record));
    expect(refused.slice(0, 3)).toEqual([]);
    expect(ledger.records()).toHaveLength(ledger.expected.lines.run + ledger.expected.lines.host);
  });

  test('have the JSON that JSON.stringify writes', () => {
    const lines = [...ledger.inbox().values()].flat();
    expect(lines.filter((line) => JSON.stringify(JSON.parse(line)) !== line).slice(0, 3)).toEqual([]);
  });

  test('lie in the file of their host and of the day of their end', () => {
    for (const [path, lines] of ledger.inbox()) {
      for (const line of lines) {
        const { host, to } = JSON.parse(line) as RunRecord;
        expect(`${to.slice(0, 10)}/${host}.ndjson`).toBe(path);
      }
    }
  });

  test('are counted through by each agent', () => {
    const next = new Map<string, number>();
    for (const { host, instance, seq } of ledger.records()) {
      const writer = `${host} ${instance}`;
      expect(seq).toBe(next.get(writer) ?? 0);
      next.set(writer, seq + 1);
    }
    expect(next.size).toBeGreaterThan(SMALL.hosts);
  });

  test('of a fragment follow on each other, from its start to its end, cut where the clock says', () => {
    const fragments = new Map<string, RunRecord[]>();
    for (const run of runs()) {
      const key = `${run.node} ${run.job} ${run.restart ?? 0} ${run.started}`;
      fragments.set(key, [...(fragments.get(key) ?? []), run]);
    }
    expect(fragments.size).toBe(ledger.expected.fragments);
    for (const lines of fragments.values()) {
      expect(lines[0]!.from).toBe(lines[0]!.started);
      for (const [i, { from, to, ms, start, end }] of lines.entries()) {
        expect(ms).toBe(Date.parse(to) - Date.parse(from));
        expect(start !== undefined).toBe(i === 0);
        if (i < lines.length - 1) {
          expect(end).toBeUndefined();
          expect(to).toBe(lines[i + 1]!.from);
          expect(Date.parse(to) % 300_000).toBe(0);
        } else if (end === undefined) {
          expect(Date.parse(to)).toBe(SMALL.untilMs);
        }
      }
    }
  });

  test('of hosts come each 300 s but while they are down, with the hardware once a day and agent', () => {
    const told = new Set<string>();
    for (const { from, to, host, instance, hardware } of hosts()) {
      const day = `${host} ${instance} ${to.slice(0, 10)}`;
      expect(hardware !== undefined).toBe(!told.has(day));
      told.add(day);
      expect(Math.ceil((Date.parse(from) + 1) / 300_000) * 300_000).toBeGreaterThanOrEqual(Date.parse(to));
    }
  });

  test('tell of everything that happens on a cluster', () => {
    const told = runs();
    expect(told.some(({ nodes = 1 }) => nodes > 1)).toBe(true);
    expect(told.some(({ restart = 0 }) => restart > 0)).toBe(true);
    expect(told.some(({ start }) => start?.het_job !== undefined)).toBe(true);
    expect(told.some(({ missing_ms: missing }) => missing !== undefined)).toBe(true);
    expect(told.some(({ start, end }) => start !== undefined && end !== undefined)).toBe(true);
    expect(new Set(told.map(({ end }) => end?.by))).toEqual(new Set([undefined, 'epilog', 'reboot']));
    expect(new Set(told.map(({ partition }) => partition))).toEqual(new Set(['cpu', 'gpu', 'short']));
    expect(told.some(({ end }) => (end?.coverage.cpu ?? 1) < 1 || (end?.coverage.dram ?? 1) < 1)).toBe(true);
    expect(hosts().some(({ ms }) => ms < 300_000)).toBe(true);
  });

  test('never give out more of a host than it has', () => {
    const changes = runs().flatMap(({ host, started, to, start, end, cpus = 0, gpus = 0 }) => [
      ...(start === undefined ? [] : [{ host, atMs: Date.parse(started), cpus, gpus }]),
      ...(end === undefined ? [] : [{ host, atMs: Date.parse(to), cpus: -cpus, gpus: -gpus }]),
    ]);
    const used = new Map<string, { cpus: number; gpus: number }>();
    for (const { host, cpus, gpus } of changes.sort((a, b) => a.atMs - b.atMs || a.cpus - b.cpus)) {
      const of = used.get(host) ?? { cpus: 0, gpus: 0 };
      used.set(host, { cpus: of.cpus + cpus, gpus: of.gpus + gpus });
      expect(of.cpus + cpus).toBeLessThanOrEqual(128);
      expect(of.gpus + gpus).toBeLessThanOrEqual(SMALL.gpusPerNode);
    }
  });
});

describe('energy', () => {
  // Faults are gathered: an expect for each of so many numbers takes minutes.
  test('runs + idle + system = counter, in each line of a host, domain and policy', () => {
    const faults = [];
    for (const { host, seq, domains } of hosts()) {
      for (const [domain, sums] of Object.entries(domains)) {
        for (const policy of POLICIES.keys()) {
          const parts = [sums.runs_uj, sums.idle_uj, sums.system_uj].map((uj) => uj[policy]!);
          const isWhole = parts.reduce((sum, uj) => sum + uj, 0) === sums.counter_uj;
          if (!isWhole || Math.min(...parts) < 0) faults.push({ host, seq, domain, policy, parts });
        }
      }
    }
    expect(faults.slice(0, 3)).toEqual([]);
    expect(hosts().length).toBeGreaterThan(1000);
  });

  test('what a host says of its runs is what their lines say', () => {
    const faults = [];
    const inHand = new Map<string, Map<string, number[]>>();
    for (const record of ledger.records()) {
      const sums = inHand.get(record.host) ?? new Map<string, number[]>();
      inHand.set(record.host, sums);
      if (isRun(record)) {
        for (const [domain, uj] of Object.entries(record.measured_uj)) {
          const before = sums.get(domain) ?? [0, 0, 0];
          sums.set(
            domain,
            uj.map((amount, policy) => amount + before[policy]!),
          );
        }
      } else if (isHost(record)) {
        for (const [domain, { runs_uj: uj }] of Object.entries(record.domains)) {
          const ofLines = sums.get(domain) ?? [0, 0, 0];
          if (String(ofLines) !== String(uj)) faults.push({ host: record.host, domain, uj, ofLines });
        }
        inHand.delete(record.host);
      }
    }
    expect(faults.slice(0, 3)).toEqual([]);
    expect([...inHand.values()].filter((sums) => sums.size > 0)).toEqual([]);
  });

  test('of a run is not more than its host can draw', () => {
    for (const { ms, cpus = 0, gpus = 0, measured_uj: measured } of runs()) {
      const watts = Object.values(measured).reduce((sum, [usage]) => sum + usage / 1000 / Math.max(1, ms), 0);
      expect(watts).toBeLessThan(200 + 5 * cpus + 500 * gpus);
    }
  });
});

describe('expected.json', () => {
  const window = { sinceMs: SMALL.sinceMs, untilMs: SMALL.untilMs };

  /** Only what the two have in common. */
  function found(sums: GroupSums): Omit<ExpectedSums, 'uj'> & { uj: Record<string, string> } {
    const energy = sums.energy.get(SMALL.cluster)?.measuredUj ?? new Map<string, bigint>();
    return {
      jobs: sums.jobs,
      runs: sums.runs,
      cpu_us: String(sums.cpuUs),
      gpu_ms: String(sums.gpuMs),
      uj: Object.fromEntries(
        ['cpu', 'dram', 'gpu'].map((name) => [name, String(energy.get(name as 'cpu') ?? 0n)]),
      ),
    };
  }

  test('is what was returned', () => {
    expect(JSON.parse(ledger.files().get(EXPECTED_FILE)!)).toEqual(ledger.expected);
  });

  test('has a run that goes on over the end of a month in both months', () => {
    const { total, by_month: months } = ledger.expected;
    expect(months.reduce((sum, month) => sum + month.runs, 0)).toBeGreaterThan(total.runs);
  });

  describe.each(POLICIES)('policy %s', (policy) => {
    const of = ({ jobs, runs: count, cpu_us, gpu_ms, uj }: ExpectedSums) => ({
      jobs,
      runs: count,
      cpu_us,
      gpu_ms,
      uj: uj[policy],
    });

    test('has the sums of a report by user and partition, and of all that no run is charged for', () => {
      const { groups, total, unattributed } = aggregate(ledger.records(), {
        ...window,
        policy,
        groupBy: ['user', 'partition'],
      });
      expect(found(total)).toEqual(of(ledger.expected.total));
      expect(
        groups.map(({ fields, sums }) => ({
          user: fields.user,
          partition: fields.partition,
          ...found(sums),
        })),
      ).toEqual(
        ledger.expected.by_user_partition.map((sums) => ({
          user: sums.user,
          partition: sums.partition,
          ...of(sums),
        })),
      );
      const whole = (uj: Record<string, string>): bigint =>
        Object.values(uj).reduce((sum, amount) => sum + BigInt(amount), 0n);
      expect(unattributed?.idleUj).toBe(whole(ledger.expected.idle_uj[policy]));
      expect(unattributed?.systemUj).toBe(whole(ledger.expected.system_uj[policy]));
    });

    test('has them too where a record covers an hour', () => {
      const hourly = new SmallLedger({ stretchMs: 3_600_000 });
      try {
        const lines = hourly.expected.lines;
        expect(lines.host * 8).toBeLessThan(ledger.expected.lines.host);
        const { total } = aggregate(hourly.records(), { ...window, policy, groupBy: ['user'] });
        expect(found(total)).toEqual(of(hourly.expected.total));
        expect(total.jobs).toBeGreaterThan(500);
      } finally {
        hourly.remove();
      }
    });

    test('has the sums of a report by month', () => {
      const { groups } = aggregate(ledger.records(), { ...window, policy, groupBy: ['month'] });
      expect(groups.map(({ fields, sums }) => ({ month: fields.month, ...found(sums) }))).toEqual(
        ledger.expected.by_month.map((sums) => ({ month: sums.month, ...of(sums) })),
      );
      expect(groups).toHaveLength(2);
    });

    test('has the sums of a report by month, user and partition', () => {
      const { groups } = aggregate(ledger.records(), {
        ...window,
        policy,
        groupBy: ['month', 'user', 'partition'],
      });
      expect(
        groups.map(({ fields, sums }) => ({
          month: fields.month,
          user: fields.user,
          partition: fields.partition,
          ...found(sums),
        })),
      ).toEqual(
        ledger.expected.by_month_user_partition.map((sums) => ({
          month: sums.month,
          user: sums.user,
          partition: sums.partition,
          ...of(sums),
        })),
      );
    });
  });
});

describe('sacct.txt', () => {
  const rows = () =>
    ledger
      .sacct()
      .slice(1)
      .map((line) => {
        const fields = line.split('|');
        const name = fields.splice(SACCT_FIELDS.length - 1).join('|');
        return Object.fromEntries(SACCT_FIELDS.map((field, i) => [field, [...fields, name][i]!]));
      });

  test('has the runs of the ledger, each once, and jobs that never ran', () => {
    const told = new Set(runs().map(({ job, restart = 0 }) => `${job} ${restart}`));
    const started = rows().filter(({ Start }) => /^\d/.test(Start!));
    expect(started).toHaveLength(told.size);
    expect(new Set(started.map(({ JobIDRaw, Restarts }) => `${JobIDRaw} ${Restarts}`))).toEqual(told);
    expect(ledger.sacct()[0]).toBe(SACCT_FIELDS.join('|'));
  });

  test('has their energy, in whole joules', () => {
    const uj = new Map<string, number>();
    for (const { job, restart = 0, measured_uj: measured } of runs()) {
      const run = `${job} ${restart}`;
      for (const [usage] of Object.values(measured)) uj.set(run, (uj.get(run) ?? 0) + usage);
    }
    for (const { JobIDRaw, Restarts, ConsumedEnergyRaw } of rows()) {
      expect(Number(ConsumedEnergyRaw)).toBe(Math.floor((uj.get(`${JobIDRaw} ${Restarts}`) ?? 0) / 1e6));
    }
  });

  test('names tasks of arrays and components of het jobs as Slurm does', () => {
    const tasks = rows().filter(({ JobID }) => JobID!.includes('_'));
    for (const { JobID, JobIDRaw } of tasks) {
      expect(Number(JobIDRaw)).toBeGreaterThanOrEqual(Number(JobID!.split('_')[0]));
    }
    expect(tasks.length).toBeGreaterThan(10);
    expect(rows().some(({ JobID }) => JobID!.endsWith('+1'))).toBe(true);
  });
});

describe('damage', () => {
  const damage = { duplicateFraction: 0.1, halfLineFraction: 0.05, lateFraction: 0.1 };
  let damaged: SmallLedger;
  beforeAll(() => {
    damaged = new SmallLedger({ damage });
  });
  afterAll(() => damaged.remove());

  test('changes nothing in what a reader finds', async () => {
    const skipped = new Skipped();
    const { sinceMs: fromMs, untilMs: toMs } = SMALL;
    const found: string[] = [];
    for await (const record of readInbox(damaged.folder, { fromMs, toMs, skipped })) {
      found.push(JSON.stringify(record));
    }
    const undamaged = [...ledger.inbox().values()].flat();
    expect(found.sort().join('\n') === undamaged.sort().join('\n')).toBe(true);
    expect(skipped.byReason).toEqual([['not JSON', damaged.expected.damage.half_lines]]);
  });

  test('is as much as was asked for', () => {
    const all = ledger.expected.lines.run + ledger.expected.lines.host;
    const { duplicates, half_lines: half, late } = damaged.expected.damage;
    expect(late / all).toBeCloseTo(0.1, 1);
    expect(half / (all - late)).toBeCloseTo(0.05, 1);
    expect(duplicates / (all - late)).toBeCloseTo(0.1, 1);
    const lines = [...damaged.inbox().values()].reduce((sum, ofFile) => sum + ofFile.length, 0);
    expect(lines).toBe(all + duplicates + half);
  });

  test('late lines stand at the end of the file of their day', () => {
    let late = 0;
    for (const [path, lines] of damaged.inbox()) {
      const whole = lines.flatMap((line) => {
        try {
          return [JSON.parse(line) as RunRecord];
        } catch {
          return [];
        }
      });
      const turn = whole.findIndex(({ to }, i) => i > 0 && to < whole[i - 1]!.to);
      if (turn > 0) late += whole.length - turn;
      for (const { to } of whole) expect(path.startsWith(to.slice(0, 10))).toBe(true);
    }
    // Of a file whose first late line follows on the last one in time nobody can tell.
    expect(late).toBeGreaterThan(damaged.expected.damage.late * 0.9);
    expect(late).toBeLessThanOrEqual(damaged.expected.damage.late);
  });
});

test('a folder with something in it is left as it is', () => {
  const folder = join(ledger.dir, 'used');
  mkdirSync(folder);
  writeFileSync(join(folder, 'precious'), '');
  expect(() => generateLedger(folder, SMALL, { withSacct: false })).toThrow(
    expect.objectContaining({ code: 'EIT_LEDGER_EXISTS' }),
  );
  expect(() => generateLedger(join(folder, 'precious'), SMALL, { withSacct: false })).toThrow(
    expect.objectContaining({ code: 'EIT_LEDGER_UNWRITABLE' }),
  );
});

test('a cluster without GPUs has no domain of one', () => {
  const plain = new SmallLedger({ gpusPerNode: 0, hosts: 2, untilMs: SMALL.sinceMs + 86_400_000 });
  try {
    const domains = new Set(
      plain.records().flatMap((record) => (isRun(record) ? Object.keys(record.measured_uj) : [])),
    );
    expect(new Set([...domains].map(classOfDomain))).toEqual(new Set(['cpu', 'dram']));
  } finally {
    plain.remove();
  }
});
