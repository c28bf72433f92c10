import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type SacctJob, SacctRows } from '../../../src/slurm/sacct';
import { type SacctField, sacctFields } from '../../../src/slurm/sacct-fields';

const fixture = (name: string): string => readFileSync(join(__dirname, '../../fixtures/sacct', name), 'utf8');
const FIELDS = sacctFields(fixture('helpformat-22.05.txt'));
const DELIMITER = '<eit:00112233445566778899aabbccddeeff>';

function parse(
  text: string,
  pieceChars = text.length,
  fields = FIELDS,
): { jobs: SacctJob[]; unreadable: number } {
  const rows = new SacctRows(fields, DELIMITER);
  const jobs: SacctJob[] = [];
  for (let at = 0; at < text.length; at += Math.max(1, pieceChars)) {
    jobs.push(...rows.push(text.slice(at, at + Math.max(1, pieceChars))));
  }
  jobs.push(...rows.end());
  return { jobs, unreadable: rows.unreadable };
}

const PLAIN: Partial<Record<SacctField, string>> = {
  JobIDRaw: '7',
  JobID: '7',
  Cluster: 'alpha',
  Submit: '1795669700',
  Start: '1795669808',
  End: '1795669908',
  State: 'COMPLETED',
  ElapsedRaw: '100',
  NNodes: '2',
  AllocCPUS: '8',
  ReqCPUS: '8',
  JobName: 'name',
};

function row(given: Partial<Record<SacctField, string>> = {}, fields = FIELDS): string {
  const values = { ...PLAIN, ...given };
  return `${[...fields.map((field) => values[field] ?? ''), values.JobIDRaw ?? ''].join(DELIMITER)}\n`;
}

const first = (given: Partial<Record<SacctField, string>>, fields = FIELDS): SacctJob | undefined =>
  parse(row(given, fields), undefined, fields).jobs[0];

describe('what sacct 22.05 printed', () => {
  const { jobs, unreadable } = parse(fixture('slurm-22.05.txt'));

  test('is read whole, names as users wrote them', () => {
    expect(unreadable).toBe(0);
    expect(jobs.slice(0, 11).map(({ name }) => name)).toEqual([
      'plain',
      'pi|pe',
      'new\nline',
      '=cmd()',
      // Slurm itself turns a double quote into this.
      "q'uote`x\\y",
      'tab\tx',
      'us\x1fx',
      'esc\x1b[31mx',
      'allocation',
      ' lead',
      'ümlaut',
    ]);
    // So much does slurmdbd keep.
    expect(jobs[11]?.name).toBe('x'.repeat(255));
  });

  test('tells tasks of arrays, whose last has the id of the array, and parts of a heterogeneous job', () => {
    expect(
      jobs.flatMap(({ jobId, arrayJobId, arrayTaskId }) =>
        arrayJobId === null ? [] : [[jobId, arrayJobId, arrayTaskId]],
      ),
    ).toEqual([
      [16, 13, 1],
      [17, 13, 2],
      [13, 13, 3],
    ]);
    expect(
      jobs.flatMap(({ jobId, hetJobId, hetOffset }) =>
        hetJobId === null ? [] : [[jobId, hetJobId, hetOffset]],
      ),
    ).toEqual([
      [20, 20, 0],
      [21, 20, 1],
      [22, 22, 0],
      [23, 22, 1],
    ]);
  });

  test('tells how each ended', () => {
    const of = (jobId: number) => jobs.find((job) => job.jobId === jobId);
    expect(of(14)).toMatchObject({ state: 'FAILED', exitCode: 3, exitSignal: 0 });
    expect(of(15)).toMatchObject({ state: 'CANCELLED', cancelledByUid: 999, timeLimitS: null });
    expect(of(18)).toMatchObject({ state: 'REQUEUED', timeLimitS: null, elapsedS: 2, slurmEnergyJ: null });
  });

  test('tells one that runs', () => {
    expect(jobs.at(-1)).toEqual({
      jobId: 24,
      arrayJobId: null,
      arrayTaskId: null,
      hetJobId: null,
      hetOffset: null,
      cluster: 'sjtest',
      submitS: 1795669813,
      eligibleS: 1795669813,
      startS: 1795669813,
      endS: null,
      state: 'RUNNING',
      cancelledByUid: null,
      exitCode: 0,
      exitSignal: 0,
      qos: 'normal',
      reservation: null,
      elapsedS: 6,
      suspendedS: 0,
      nodes: 1,
      allocCpus: 2,
      reqCpus: 2,
      reqMemoryBytes: 200 * 2 ** 20,
      timeLimitS: 1564 * 60,
      uid: 999,
      user: 'eitann',
      account: 'chem',
      partition: 'batch',
      slurmEnergyJ: null,
      restarts: null,
      sluid: null,
      name: 'wrap',
    });
  });

  test.each([1, 7, 4096])('is the same in pieces of %i characters', (pieceChars) => {
    expect(parse(fixture('slurm-22.05.txt'), pieceChars).jobs).toEqual(jobs);
  });
});

test('asks only for fields that this sacct knows', () => {
  expect(FIELDS).not.toContain('Restarts');
  expect(sacctFields(`${fixture('helpformat-22.05.txt')} Restarts SLUID`).slice(-3)).toEqual([
    'Restarts',
    'SLUID',
    'JobName',
  ]);
  expect(sacctFields('')).toEqual([
    'JobIDRaw',
    'JobID',
    'Cluster',
    'Submit',
    'Start',
    'End',
    'State',
    'JobName',
  ]);
});

test.each<[string, Partial<Record<SacctField, string>>, Partial<SacctJob>]>([
  [
    'a job that never started',
    { Start: 'Unknown', End: 'None', ElapsedRaw: '' },
    { startS: null, endS: null, elapsedS: null },
  ],
  ['times of 0', { Start: '0' }, { startS: null }],
  [
    'words for nothing',
    { User: '(null)', Account: 'None assigned', QOS: 'Unknown', Reservation: '' },
    { user: null, account: null, qos: null, reservation: null },
  ],
  ['a block of waiting tasks', { JobID: '12_[4-6%2]' }, { arrayJobId: null, arrayTaskId: null }],
  ['memory of a CPU', { ReqMem: '4Gc' }, { reqMemoryBytes: 32 * 2 ** 30 }],
  ['memory of a node', { ReqMem: '16Gn' }, { reqMemoryBytes: 32 * 2 ** 30 }],
  ['memory of the job', { ReqMem: '2000M' }, { reqMemoryBytes: 2000 * 2 ** 20 }],
  ['memory with a fraction', { ReqMem: '3.50G' }, { reqMemoryBytes: 3.5 * 2 ** 30 }],
  ['memory without a unit', { ReqMem: '10' }, { reqMemoryBytes: 10 * 2 ** 20 }],
  ['all memory', { ReqMem: '0n' }, { reqMemoryBytes: null }],
  ['memory as nonsense', { ReqMem: '?' }, { reqMemoryBytes: null }],
  [
    'memory in ReqTRES before ReqMem',
    { ReqMem: '1Mc', ReqTRES: 'billing=1,cpu=8,mem=1.5T,node=2' },
    { reqMemoryBytes: 1.5 * 2 ** 40 },
  ],
  ['no limit', { TimelimitRaw: 'UNLIMITED' }, { timeLimitS: null }],
  ['the limit of the partition', { TimelimitRaw: 'Partition_Limit' }, { timeLimitS: null }],
  ['a suspended job', { Suspended: '1-02:03:04' }, { suspendedS: 93_784 }],
  ['a shortly suspended job', { Suspended: '05:12.345' }, { suspendedS: 312 }],
  ['energy', { ConsumedEnergyRaw: '54321' }, { slurmEnergyJ: 54_321 }],
  ['no energy', { ConsumedEnergyRaw: '0' }, { slurmEnergyJ: null }],
  ['NO_VAL64 as energy', { ConsumedEnergyRaw: '18446744073709551614' }, { slurmEnergyJ: null }],
  ['NO_VAL as energy', { ConsumedEnergyRaw: '4294967294', ElapsedRaw: '999999999' }, { slurmEnergyJ: null }],
  ['energy that no two nodes draw in 100 s', { ConsumedEnergyRaw: '32000001' }, { slurmEnergyJ: null }],
  ['a state that was cut', { State: 'cancelled+' }, { state: 'CANCELLED' }],
  ['no state', { State: '' }, { state: 'UNKNOWN' }],
  ['CPUs as NO_VAL', { AllocCPUS: '4294967294' }, { allocCpus: null }],
  ['a name longer than any', { JobName: '𝔘'.repeat(2000) }, { name: '𝔘'.repeat(1024) }],
])('%s', (_, given, want) => {
  expect(first(given)).toMatchObject(want);
});

test('restarts and SLUID of newer versions', () => {
  const fields = sacctFields('Restarts SLUID');
  expect(first({ Restarts: '2', SLUID: 's0123456789ABC' }, fields)).toMatchObject({
    restarts: 2,
    sluid: 's0123456789ABC',
  });
});

describe('names', () => {
  test.each(['7\n8', '7\n', '\n', `1\n${row({ JobIDRaw: '9' }).replaceAll(DELIMITER, '|')}`])(
    '%j is one',
    (name) => {
      const { jobs, unreadable } = parse(row({ JobName: name }) + row({ JobIDRaw: '8' }));
      expect(jobs.map(({ jobId, name: found }) => [jobId, found])).toEqual([
        [7, name],
        [8, 'name'],
      ]);
      expect(unreadable).toBe(0);
    },
  );

  test('one with the delimiter costs its own row and no other', () => {
    const text = row({ JobName: `a${DELIMITER}b` }) + row({ JobIDRaw: '8' }) + row({ JobIDRaw: '9' });
    const { jobs, unreadable } = parse(text);
    expect(jobs.map(({ jobId }) => jobId)).toEqual([8, 9]);
    expect(unreadable).toBe(1);
  });

  test('whatever they are, each row stays itself', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('|', '\n', '7', '8', '<', 'e', 'i', 't', ':', '>') }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), name)),
        fc.integer({ min: 1, max: 200 }),
        (wanted, pieceChars) => {
          const text = wanted.map(([id, each]) => row({ JobIDRaw: String(id), JobName: each })).join('');
          const { jobs, unreadable } = parse(text, pieceChars);
          expect(jobs.map((job) => [job.jobId, job.name])).toEqual(wanted);
          expect(unreadable).toBe(0);
        },
      ),
    );
  });
});

describe('output that is damaged', () => {
  test('an end in the middle of a row is counted', () => {
    const text = row() + row({ JobIDRaw: '8' }).slice(0, -40);
    expect(parse(text)).toMatchObject({ jobs: [{ jobId: 7 }], unreadable: 1 });
  });

  test('a row of megabytes is passed over', () => {
    const text = row({ JobName: 'x'.repeat(3_000_000) }) + row({ JobIDRaw: '8' });
    expect(parse(text, 65_536)).toMatchObject({ jobs: [{ jobId: 8 }], unreadable: 1 });
  });

  test('any text gives rows or a count, never an exception', () => {
    const piece = fc.oneof(fc.string(), fc.constant(DELIMITER), fc.constant('7\n8'), fc.constant(row()));
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 50 }), (pieces, pieceChars) => {
        const { jobs, unreadable } = parse(pieces.join(''), pieceChars);
        expect(jobs.every(({ jobId }) => jobId > 0)).toBe(true);
        expect(unreadable).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('nothing is nothing', () => {
    expect(parse('')).toEqual({ jobs: [], unreadable: 0 });
  });
});
