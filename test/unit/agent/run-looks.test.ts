import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { HostReader } from '../../../src/agent/host-reader';
import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { takeRunLines } from '../../../src/agent/lines';
import type { HoldingLook } from '../../../src/agent/reading';
import { takeUpPrograms, topProcesses } from '../../../src/agent/run-programs';
import type { RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import type { IoCounters } from '../../../src/sources/io-counters';
import type { CgroupIo } from '../../../src/sources/job-cgroup';
import { Tree } from '../sources/tree';
import { applyHook, lineWriter } from './hook-builder';
import { instantAt, readingAt } from './reading-builder';

const HELD: HoldingLook = {
  memory: { bytes: 1e9, by: 'cgroup' },
  cpus: [0],
  memoryLimitBytes: null,
};

function read(state: HostState, atS: number, look: Partial<HoldingLook> | null): void {
  const keys = look === null ? [] : Object.keys(state.runs);
  const holdings = Object.fromEntries(keys.map((key) => [key, { ...HELD, ...look }]));
  advance(state, readingAt({ atS, jobsS: { 1: atS / 2 }, holdings }));
}

function takeLine(state: HostState, topProcessesMost = 0): RunRecord {
  const writer = { ...lineWriter(), topProcesses: topProcessesMost };
  const [line] = takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, writer);
  expect(validateRecord(line)).toBe(true);
  return line as RunRecord;
}

function started(): HostState {
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0 });
  return state;
}

const DISK = { device: '8:0', kind: 'disks' };

function counted(readBytes: number, writtenBytes = 0, readOps = 0, writtenOps = 0): IoCounters {
  const [rb, wb, r, w] = [readBytes, writtenBytes, readOps, writtenOps].map(BigInt);
  return { readBytes: rb!, writtenBytes: wb!, readOps: r!, writtenOps: w! };
}

/** Of a run with one disk. */
function io(...numbers: Parameters<typeof counted>): CgroupIo {
  return { cgroup: '77', devices: [{ ...DISK, ...counted(...numbers) }] };
}

/** Bytes read, by device: `8:0` and the like are disks, 253:0 a volume. */
function reads(bytes: Readonly<Record<string, number>>, cgroup = '77'): CgroupIo {
  const kindOf = (device: string): string => (device.startsWith('253:') ? 'device-mapper' : 'disks');
  const devices = Object.entries(bytes).map(([device, readBytes]) => ({
    device,
    kind: kindOf(device),
    ...counted(readBytes),
  }));
  return { cgroup, devices };
}

describe('a run’s block devices', () => {
  test('each line has what came since the last one’s look, the first all from the cgroup’s begin', () => {
    const state = started();
    read(state, 0, { io: io(10, 0, 1) });
    read(state, 30, { io: io(100, 7, 2, 3) });
    read(state, 40, null);
    expect(takeLine(state).io).toEqual({ rb: 100, wb: 7, r: 2, w: 3 });
    read(state, 60, { io: io(100, 9, 2, 4) });
    expect(takeLine(state).io).toEqual({ wb: 2, w: 1 });
    read(state, 90, { io: io(100, 9, 2, 4) });
    expect(takeLine(state).io).toEqual({});
  });

  test('not told, not looked at: absent, which is not 0', () => {
    const state = started();
    read(state, 0, {});
    expect(takeLine(state).io).toBeUndefined();
    read(state, 30, { io: io(5) });
    expect(takeLine(state).io).toEqual({ rb: 5 });
    read(state, 40, null);
    expect(takeLine(state).io).toBeUndefined();
  });

  test.each([
    ['disks are added', { '8:0': 100, '259:1': 50 }, 150],
    ['a volume over two disks', { '8:0': 100, '8:16': 50, '253:0': 150 }, 150],
    ['a volume whose disk tells nothing', { '253:0': 100 }, 100],
    ['a volume, and the disk below directly', { '8:0': 100, '253:0': 70 }, 100],
  ])('what passes several counts once: %s', (_, devices, expected) => {
    const state = started();
    read(state, 0, { io: reads(devices) });
    expect(takeLine(state).io).toEqual({ rb: expected });
  });

  test('volumes that tell of writes and the disk below that does not, as on a real machine', () => {
    const dm = (minor: number) => ({ device: `253:${minor}`, kind: 'device-mapper' });
    const devices = [
      { ...dm(2), ...counted(0, 24_576, 0, 3) },
      { ...dm(3), ...counted(0, 12_288, 0, 3) },
      { ...DISK, ...counted(45_056, 0, 2) },
      { ...dm(0), ...counted(45_056, 0, 2) },
    ];
    const state = started();
    read(state, 0, { io: { cgroup: '77', devices } });
    expect(takeLine(state).io).toEqual({ rb: 45_056, wb: 36_864, r: 2, w: 6 });
  });

  test.each<[string, CgroupIo[], number]>([
    [
      'a device that goes takes nothing with it',
      [{ '8:0': 1000, '8:16': 500 }, { '8:0': 1000 }].map((each) => reads(each)),
      1500,
    ],
    [
      'a device that is not told of for a while goes on from where it stood',
      [{ '8:0': 1000, '8:16': 500 }, { '8:0': 1000 }, { '8:0': 1100, '8:16': 510 }].map((each) =>
        reads(each),
      ),
      1610,
    ],
    [
      'a device that comes later counts from 0',
      [{ '8:0': 1000 }, { '8:0': 1000, '8:16': 30 }].map((each) => reads(each)),
      1030,
    ],
    [
      'what has passed the volume at a look and the disk only at the next counts once',
      [
        { '253:0': 100, '8:0': 40 },
        { '253:0': 100, '8:0': 100 },
      ].map((each) => reads(each)),
      100,
    ],
    ['a counter that went back counts from 0', [reads({ '8:0': 1000 }), reads({ '8:0': 30 })], 1030],
    [
      'a cgroup that was made anew counts from 0, however far it has come',
      [reads({ '8:0': 1000 }), reads({ '8:0': 1001 }, '78'), reads({ '8:0': 1002 }, '78')],
      2002,
    ],
  ])('%s', (_, looks, expected) => {
    const state = started();
    looks.forEach((look, i) => read(state, i * 30, { io: look }));
    expect(takeLine(state).io).toEqual({ rb: expected });
  });

  test('whatever devices come and go, the lines are what each of them counted', () => {
    const device = fc.constantFrom('8:0', '8:16', '259:1');
    const look = fc.dictionary(device, fc.nat(1000));
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 8 }), (looks) => {
        const state = started();
        const totals: Record<string, number> = {};
        let recorded = 0;
        for (const [i, grown] of looks.entries()) {
          const now: [string, number][] = Object.entries(grown).map(([name, more]) => {
            totals[name] = (totals[name] ?? 0) + more;
            return [name, totals[name]];
          });
          read(state, i * 30, { io: reads(Object.fromEntries(now)) });
          recorded += takeLine(state).io?.rb ?? 0;
        }
        expect(recorded).toBe(Object.values(totals).reduce((sum, total) => sum + total, 0));
      }),
    );
  });

  test('at the end it is looked at once more, and what the run held in that tick stays', () => {
    const state = started();
    read(state, 0, { io: io(10) });
    applyHook(state, { hook: 'epilog', atS: 10 });
    read(state, 10, { io: io(15), memory: { bytes: 0, by: 'cgroup' } });
    expect(Object.values(state.runs)[0]!.holding!.memory!.bytes).toBe(1e9);
    expect(takeLine(state)).toMatchObject({ io: { rb: 15 }, end: { by: 'epilog' } });
  });

  test('the state of a version that did not record it goes on', () => {
    const state = started();
    read(state, 0, {});
    // What the checkpoint of such a version holds.
    const old = Object.values(state.runs)[0]!;
    expect([old.blockIo, old.programs, old.line.io, state.contextCounters]).toEqual(
      Array<undefined>(4).fill(undefined),
    );
    read(state, 30, { io: io(5), programs: [{ key: '1:1', name: 'a', ticks: 1 }] });
    applyHook(state, { hook: 'epilog', atS: 40 });
    read(state, 40, null);
    expect(takeLine(state, 1)).toMatchObject({
      io: { rb: 5 },
      end: { top_processes: [{ name: 'a', cpu_us: 10_000 }] },
    });
  });
});

describe('a run’s programs', () => {
  const programs = (...all: [key: string, name: string, ticks: number][]) =>
    all.map(([key, name, ticks]) => ({ key, name, ticks }));

  test('processes of one name are added up, ended ones as of their last look', () => {
    let state = takeUpPrograms(undefined, programs(['1:1', 'a', 10], ['2:1', 'b', 12]));
    state = takeUpPrograms(state, programs(['1:1', 'a', 15], ['3:9', 'b', 1], ['2:7', 'c', 0]));
    expect(topProcesses(state, 10)).toEqual([
      { name: 'a', cpu_us: 150_000 },
      { name: 'b', cpu_us: 130_000 },
    ]);
    expect(topProcesses(state, 1)).toHaveLength(1);
  });

  test('a process that goes by another name gives that name what it used since', () => {
    let state = takeUpPrograms(undefined, programs(['1:1', 'bash', 3]));
    state = takeUpPrograms(state, programs(['1:1', 'python3', 10]));
    expect(state.ticks).toEqual([
      ['python3', 7],
      ['bash', 3],
    ]);
  });

  test('no name is special', () => {
    const state = takeUpPrograms(undefined, programs(['1:1', '__proto__', 2], ['2:1', 'constructor', 1]));
    expect(
      topProcesses(JSON.parse(JSON.stringify(state)) as typeof state, 5).map(({ name }) => name),
    ).toEqual(['__proto__', 'constructor']);
  });

  test('whatever is looked at, there are at most 64 names, sorted, and no time that nobody used', () => {
    const processes = fc
      .array(fc.tuple(fc.nat(200), fc.nat(100), fc.nat(1000)))
      .map((all) =>
        programs(
          ...all.map(([pid, name, ticks]) => [`${pid}:1`, `n${name}`, ticks] as [string, string, number]),
        ),
      );
    fc.assert(
      fc.property(fc.array(processes, { maxLength: 5 }), (looks) => {
        let state = takeUpPrograms(undefined, []);
        let most = 0;
        for (const each of looks) {
          state = takeUpPrograms(state, each);
          most += each.reduce((sum, { ticks }) => sum + ticks, 0);
        }
        const used = state.ticks.map(([, ticks]) => ticks);
        expect(used.length).toBeLessThanOrEqual(64);
        expect(used).toEqual(used.toSorted((a, b) => b - a));
        expect(used.reduce((sum, ticks) => sum + ticks, 0)).toBeLessThanOrEqual(most);
        expect(used.every((ticks) => ticks > 0)).toBe(true);
      }),
    );
  });

  test('the last line names them, no other, and only where that was asked for', () => {
    const record = (most: number): RunRecord[] => {
      const state = started();
      read(state, 0, { programs: programs(['1:1', 'a', 2], ['2:1', 'b', 1]) });
      const first = takeLine(state, most);
      applyHook(state, { hook: 'epilog', atS: 10 });
      read(state, 10, null);
      return [first, takeLine(state, most)];
    };
    expect(record(1).map(({ end }) => end?.top_processes)).toEqual([
      undefined,
      [{ name: 'a', cpu_us: 20_000 }],
    ]);
    expect(record(0).map(({ end }) => end?.top_processes)).toEqual([undefined, undefined]);
  });
});

describe('what the reader looks at', () => {
  const JOB = 'cgroup/system.slice/n1_slurmstepd.scope/job_1';
  let tree: Tree;
  let reader: HostReader;
  let state: HostState;
  beforeEach(() => {
    tree = new Tree({
      'proc/devices': 'Block devices:\n  8 sd\n',
      'proc/stat': 'cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n',
      [`${JOB}/cpu.stat`]: 'usage_usec 300000\n',
      [`${JOB}/io.stat`]: '8:0 rbytes=100 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n',
      [`${JOB}/cgroup.procs`]: '',
      [`${JOB}/step_0/slurm/cgroup.procs`]: '10\n',
      [`${JOB}/step_0/user/cgroup.procs`]: '',
      [`${JOB}/step_0/user/task_0/cgroup.procs`]: '11\n12\n13\n',
      'proc/10/stat': `10 (slurmstepd) S 1 1 1 0 -1 0 0 0 0 0 90 0 0 0 20 0 1 0 5 0 0\n`,
      'proc/11/stat': `11 (a\u001b[31m) S 10 1 1 0 -1 0 0 0 0 0 20 10 500 0 20 0 1 0 5 0 0\n`,
      'proc/12/stat': `12 (b) S 10 1 1 0 -1 0 0 0 0 0 1 0 0 0 20 0 1 0 5 0 0\n`,
    });
    state = started();
  });
  afterEach(() => {
    reader.close();
    tree.remove();
  });

  const open = (withPrograms: boolean): void => {
    const roots = { sys: tree.path('sys'), proc: tree.path('proc'), cgroup: tree.path('cgroup') };
    reader = new HostReader(roots, [], { withPrograms });
  };
  const tick = (atS: number): void => {
    advance(state, reader.read(instantAt(atS), state.runs));
  };
  const writeIo = (bytes: number): void =>
    tree.write(`${JOB}/io.stat`, `8:0 rbytes=${bytes} wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n`);

  test('block devices at first sight, each 30 s, and at the end where the cgroup is still there', () => {
    open(false);
    tick(1);
    writeIo(150);
    tick(10);
    expect(takeLine(state)).toMatchObject({ io: { rb: 100, r: 1 } });
    tick(31);
    writeIo(175);
    applyHook(state, { hook: 'epilog', atS: 35 });
    tick(35);
    expect(takeLine(state).io).toEqual({ rb: 75 });
  });

  test('a cgroup in which a requeued run is by now tells nothing of the one that ended', () => {
    open(false);
    tick(1);
    applyHook(state, { hook: 'epilog', atS: 5 });
    applyHook(state, { hook: 'prolog', atS: 6, variables: { SLURM_JOB_RESTART_COUNT: '1' } });
    writeIo(40);
    tick(7);
    const [ended, running] = Object.values(state.runs);
    expect([ended!.line.io!.readBytes, running!.line.io!.readBytes]).toEqual([100, 40]);
  });

  test('programs of the user’s processes, with their own time, where they are asked for', () => {
    open(true);
    tick(1);
    applyHook(state, { hook: 'epilog', atS: 5 });
    tick(5);
    expect(takeLine(state, 3).end!.top_processes).toEqual([
      { name: 'a?[31m', cpu_us: 300_000 },
      { name: 'b', cpu_us: 10_000 },
    ]);
  });

  test('no process is looked at where nobody asked', () => {
    open(false);
    tick(1);
    expect(Object.values(state.runs)[0]!.programs).toBeUndefined();
  });
});
