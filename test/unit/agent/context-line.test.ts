import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { openContextReader } from '../../../src/agent/context-reader';
import { DailyHardware } from '../../../src/agent/daily-hardware';
import { type ContextLook, contextRecord, takeUpContext } from '../../../src/agent/context-line';
import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine } from '../../../src/agent/lines';
import type { HostContext, HostRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import type { IoCounters } from '../../../src/sources/io-counters';
import type { HostContextReading } from '../../../src/sources/host-context';
import { Tree } from '../sources/tree';
import { FACTS, lineWriter } from './hook-builder';
import { instantAt, readingAt } from './reading-builder';

const MISSING = { missing: 'not there' };

function io(bytes: number, ops = 0): IoCounters {
  return {
    readBytes: BigInt(bytes),
    writtenBytes: BigInt(bytes) * 2n,
    readOps: BigInt(ops),
    writtenOps: BigInt(ops) * 2n,
  };
}

const traffic = (bytes: number, ops = 0) => ({
  read_bytes: bytes,
  written_bytes: bytes * 2,
  read_ops: ops,
  written_ops: ops * 2,
});

function look(context: HostContextReading, disks: Readonly<Record<string, IoCounters>> = {}): ContextLook {
  return { context, disks: new Map(Object.entries(disks)), networkFiles: new Map() };
}

/** The context of the line that these looks fill. */
function recordOf(state: HostState, ...looks: readonly ContextLook[]): HostContext {
  for (const each of looks) takeUpContext(state, each);
  const record = contextRecord(state.host.context!);
  delete state.host.context;
  return record;
}

test('counters are growth from look to look; load and frequency are those of the looks', () => {
  const state = emptyHostState();
  const first = recordOf(
    state,
    look({ load1: 1, frequencyMhz: 1000, majorFaults: 100n, pressureCpuUs: 5n }, { sda: io(1000, 10) }),
    look({ load1: 4, frequencyMhz: 3000.4, majorFaults: 103n, pressureCpuUs: 25n }, { sda: io(1500, 12) }),
  );
  expect(first).toEqual({
    looks: 2,
    load1: { mean: 2.5, max: 4 },
    cpu_mhz: { min: 1000, mean: 2000, max: 3000 },
    major_faults: 3,
    pressure_us: { cpu: 20 },
    disks: { sda: traffic(500, 2) },
    network_files: traffic(0),
  });
  // The next line goes on from there.
  expect(recordOf(state, look({ majorFaults: 110n }, { sda: io(1500, 12) }))).toEqual({
    looks: 1,
    major_faults: 7,
    disks: {},
    network_files: traffic(0),
  });
});

test('a counter that went back counts from 0, and a disk that comes later from its first look on', () => {
  const state = emptyHostState();
  recordOf(state, look({ majorFaults: 100n }, { sda: io(1000) }));
  expect(recordOf(state, look({ majorFaults: 4n }, { sda: io(7), sdb: io(5000) }))).toMatchObject({
    major_faults: 4,
    disks: { sda: traffic(7) },
  });
  const { disks } = recordOf(state, look({}, { sda: io(7), sdb: io(5001) }));
  expect(disks).toEqual({ sdb: traffic(1) });
});

test('what could not be read for a while is not 0, and its growth is told when it can again', () => {
  const state = emptyHostState();
  const before: ContextLook = { ...look({ majorFaults: 1n }, { sda: io(10) }), networkFiles: MISSING };
  recordOf(state, before);
  const during = recordOf(state, { context: {}, disks: MISSING, networkFiles: MISSING });
  expect(during).toEqual({ looks: 1 });
  expect(recordOf(state, look({ majorFaults: 9n }, { sda: io(30) }))).toMatchObject({
    major_faults: 8,
    disks: { sda: traffic(20) },
  });
});

test('a file system that is mounted anew under an old one’s number counts from 0; all are one sum', () => {
  const state = emptyHostState();
  const mounted = (mounts: Readonly<Record<string, IoCounters>>): ContextLook => ({
    ...look({}),
    networkFiles: new Map(Object.entries(mounts)),
  });
  recordOf(state, mounted({ '0:45': io(100), '0:46': io(50) }));
  const record = recordOf(state, mounted({ '0:46': io(60) }), mounted({ '0:45': io(3), '0:46': io(4) }));
  expect(record.network_files).toEqual(traffic(10 + 4));
});

test('eight disks are named, those that moved most, and the others are one', () => {
  const state = emptyHostState();
  const disks = (step: number) =>
    Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`sd${i}`, io(1000 + i * step, i)]));
  recordOf(state, look({}, disks(0)));
  const record = recordOf(state, look({}, disks(10)));
  expect(Object.keys(record.disks!)).toEqual(['sd11', 'sd10', 'sd9', 'sd8', 'sd7', 'sd6', 'sd5', 'sd4']);
  expect(record.other_disks).toEqual(traffic(10 + 20 + 30));
});

test('whatever counters do, growth is never negative, and all that a rising counter rose by', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(0n, 10n ** 18n), { minLength: 1, maxLength: 12 }), (values) => {
      const state = emptyHostState();
      const { major_faults } = recordOf(state, ...values.map((majorFaults) => look({ majorFaults })));
      expect(major_faults).toBeGreaterThanOrEqual(0);
      const rising = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const risen = recordOf(emptyHostState(), ...rising.map((majorFaults) => look({ majorFaults })));
      expect(risen.major_faults).toBeCloseTo(Number(rising.at(-1)! - rising[0]!), -5);
    }),
  );
});

describe('the host’s line', () => {
  function lines(...looks: readonly (ContextLook | null)[]): HostRecord[] {
    const state = emptyHostState();
    const hardware = new DailyHardware({ cpu: 'A CPU', packages: 1, cores: 2, threads: 4, kernel: '6.1' });
    advance(state, readingAt({ atS: 0 }));
    return looks.map((each, i) => {
      const atS = (i + 1) * 6 * 3600;
      advance(state, readingAt({ atS }));
      if (each !== null) takeUpContext(state, each);
      const due = hardware.due(instantAt(atS).wallMs, []);
      const line = takeHostLine(state, { ...FACTS, ...due }, lineWriter())!;
      expect(validateRecord(line)).toBe(true);
      hardware.note(line);
      return line;
    });
  }

  test('has the context where it was looked at', () => {
    const [without, with_] = lines(null, look({ load1: 0.5 }, { sda: io(1) }));
    expect(without!.context).toBeUndefined();
    expect(with_!.context).toEqual({
      looks: 1,
      load1: { mean: 0.5, max: 0.5 },
      disks: {},
      network_files: traffic(0),
    });
  });

  test('has the hardware first, and once a day', () => {
    // From noon on: 18:00, 0:00, 6:00, 12:00, 18:00, 0:00.
    const days = lines(null, null, null, null, null, null).map(({ hardware }) => hardware?.cpu);
    expect(days).toEqual(['A CPU', 'A CPU', undefined, undefined, undefined, 'A CPU']);
  });
});

test('a look comes at once, each 30 s, and when a line is about to be written', () => {
  const tree = new Tree({
    'proc/loadavg': '0.50 0.18 0.12 1/80 11206\n',
    'proc/diskstats': '   8       0 sda 100 5 2000 60 7 1 80 9 0 66 69\n',
    'sys/block/sda/device/model': 'x',
  });
  const reader = openContextReader({ proc: tree.path('proc'), sys: tree.path('sys') });
  const looked = (
    [
      [0, false],
      [10, false],
      [29.9, false],
      [30, false],
      [31, true],
      [60.9, false],
      [61, false],
    ] as const
  ).map(([atS, isWanted]) => reader.look(instantAt(atS), isWanted) !== null);
  expect(looked).toEqual([true, false, false, true, true, false, true]);
  const { context, disks, networkFiles } = reader.look(instantAt(62), true)!;
  expect(context).toEqual({ load1: 0.5 });
  expect(disks).toEqual(
    new Map([['sda', { readBytes: 1_024_000n, writtenBytes: 40_960n, readOps: 100n, writtenOps: 7n }]]),
  );
  expect(networkFiles).toEqual({ missing: expect.any(String) });
  reader.close();
  tree.remove();
});
