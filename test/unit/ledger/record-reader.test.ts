import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import readRecord from '../../../src/generated/record-reader';
import validateRecord from '../../../src/generated/record-validator';
import { FACTS, applyHook, lineWriter } from '../agent/hook-builder';
import { readingAt } from '../agent/reading-builder';

/** What the line is by the schema; null: not a record. */
function slowly(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return validateRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function quickly(line: string): unknown {
  // Between other bytes, as in a file: it reads neither before nor behind.
  const bytes = Buffer.from(`}{"x":1\n${line}\n,"end":{"by":"epilog"}}`);
  const record = readRecord(bytes, 8, 8 + Buffer.byteLength(line));
  // Keys that are undefined are as if absent.
  return record === null ? null : (JSON.parse(JSON.stringify(record)) as unknown);
}

const HEAD = { tool: '0.1.0', cluster: 'alpha', host: 'n1', boot: '0123abcd', instance: '0123456789ab' };
const TIMES = { from: '2026-03-02T10:00:00.000Z', to: '2026-03-02T10:05:00.000Z', ms: 300_000 };

/** Lines with about everything that agents write. */
const RUN = JSON.stringify({
  ...{ schema: 1, kind: 'run', ...HEAD, seq: 0, ...TIMES },
  ...{ node: 'n1', job: 1, restart: 2, started: '2026-03-02T09:59:59.001Z', sluid: 's0123456789ABC' },
  ...{ slurm_start: 1_772_445_599, uid: 1001, user: 'alice', account: 'physics', partition: 'cpu' },
  ...{ nodes: 1, cpus: 8, gpus: 2, cpu_us: 999_999_999_999_999, overhead_us: 0, memory_bytes: 17 },
  io: { wb: 4096, w: 1 },
  gpu: { ms: 600_000, by: 'cgroup', busy_ms: 3, idle_uj: [1, 2, 3], p_state_ms: { P0: 1, P15: 2 } },
  package_split: 'cpuset',
  measured_uj: { 'package-0': [1, 2, 3], 'gpu-0000:3b:00.0': [0, 0, 0] },
  missing_ms: { 'dram-0': 5 },
  start: { by: 'prolog', nodelist: 'n[1-4]', cpus_per_node: '8(x4)', gpu_ids: '0,1' },
  end: {
    by: 'epilog',
    exit_code: '0:15',
    allocated: { by: 'cpuset', cpus: 8 },
    coverage: { cpu: 0.9987, gpu: 1, dram: 0.1 },
  },
});
const HOST = JSON.stringify({
  ...{ schema: 1, kind: 'host', ...HEAD, seq: 0, ...TIMES },
  nodes: ['n1', 'n2'],
  domains: {
    'package-0': {
      ...{ class: 'cpu', source: 'powercap', quality: 'measured', counter_uj: 6 },
      ...{ runs_uj: [1, 2, 3], idle_uj: [2, 2, 3], system_uj: [3, 2, 0], missing_ms: 0 },
      ...{ wraps: 1, idle_w: 82.25, idle_by: 'calibrated', calibration: 1 },
    },
  },
  whole: { psys: { source: 'powercap', counter_uj: 5, missing_ms: 0 } },
  absent_sources: { bmc: 'bmc.interval_seconds is 0', nvidia: 'no driver' },
  cpu: { cpus: 4, busy_us: 1, runs_us: 1 },
  memory: { total_bytes: 3, held_bytes: 2, runs_bytes: 1 },
  context: { looks: 10, load1: { mean: 3.41, max: 3.6 }, pressure_us: { io: 3 }, disks: {} },
  agent: { cpu_us: 1, rss_bytes: 2, readings: 30 },
});

test('lines as agents write them are read quickly, and are what they are by the schema', () => {
  const state = emptyHostState();
  advance(state, readingAt({ atS: 0 }));
  applyHook(state, { hook: 'prolog', atS: 0 });
  advance(state, readingAt({ atS: 5, jobsS: { 1: 0 } }));
  advance(state, readingAt({ atS: 10, energyJ: 100, busyS: 1, jobsS: { 1: 1 } }));
  const [key] = Object.keys(state.runs);
  const [run] = takeRunLines(state, key!, state.at!, lineWriter());
  const host = takeHostLine(state, FACTS, lineWriter());
  for (const line of [RUN, HOST, JSON.stringify(run), JSON.stringify(host)]) {
    expect(slowly(line)).not.toBeNull();
    expect(quickly(line)).toEqual(slowly(line));
  }
});

test('of the kept ledgers of released versions all but the rare lines are read quickly, and none otherwise', () => {
  const folder = join(__dirname, '../../fixtures/ledger');
  const counts = { quick: 0, slow: 0 };
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/inbox.*\.ndjson$/.test(path)) continue;
    for (const line of readFileSync(join(folder, path), 'utf8').split('\n')) {
      const record = quickly(line);
      if (record === null) counts.slow += slowly(line) === null || line.includes('hardware') ? 0 : 1;
      else {
        counts.quick++;
        expect(record).toEqual(slowly(line));
      }
    }
  }
  expect(counts.quick).toBeGreaterThan(20 * counts.slow);
});

test.each([
  ['another kind', RUN.replace('"kind":"run"', '"kind":"series"')],
  ['a newer schema', RUN.replace('"schema":1', '"schema":10')],
  ['a number that is none', RUN.replace('"seq":0', '"seq":01')],
  ['a number below its least', RUN.replace('"job":1', '"job":0')],
  ['a fraction', RUN.replace('"ms":300000', '"ms":300000.0')],
  ['more digits than are exact', RUN.replace('"seq":0', '"seq":9007199254740993')],
  ['a negative number', RUN.replace('"uid":1001', '"uid":-1')],
  ['an empty name', RUN.replace('"alice"', '""')],
  ['a name over its bound', RUN.replace('alice', 'a'.repeat(257))],
  ['an escape', RUN.replace('alice', '\\u0061lice')],
  ['letters beyond ASCII', RUN.replace('alice', 'älice')],
  ['a control character', RUN.replace('alice', 'ali\tce')],
  ['two amounts instead of three', RUN.replace('[1,2,3]', '[1,2]')],
  ['four amounts instead of three', RUN.replace('[1,2,3]', '[1,2,3,4]')],
  ['a key that is none', RUN.replace('"restart"', '"restarts"')],
  ['a key twice', RUN.replace('"uid":1001', '"uid":1001,"uid":1002')],
  ['no energy', RUN.replace(/"measured_uj":.*?\]\},/, '')],
  ['a domain’s name that is none', RUN.replace('"package-0"', '"Package-0"')],
  ['what would be no property', HOST.replace('"disks":{}', '"disks":{"__proto__":{}}')],
  ['a state of power that is none', RUN.replace('"P15"', '"P16"')],
  ['more than all', RUN.replace('0.9987', '1.0001')],
  ['blanks', RUN.replace('"ms":', '"ms": ')],
  ['half a line', RUN.slice(0, -1)],
  ['a line and more', `${RUN}}`],
  ['two lines in one', `${RUN}${RUN}`],
  ['nothing', ''],
])('%s is left to the slow way', (_, line) => {
  expect([RUN, HOST]).not.toContain(line);
  expect(quickly(line)).toBeNull();
});

test('a line that is changed anywhere is read as JSON and the schema have it, or left to them', () => {
  const letter = fc.oneof(
    fc.constantFrom(...'0123456789{}[],:".-eE\\ az_\n'.split('')),
    fc.string({ maxLength: 3 }),
  );
  const change = fc.record({ at: fc.nat(2000), cut: fc.nat(3), put: letter });
  fc.assert(
    fc.property(
      fc.constantFrom(RUN, HOST),
      fc.array(change, { minLength: 1, maxLength: 2 }),
      (line, changes) => {
        let changed = line;
        for (const { at, cut, put } of changes) {
          const place = at % changed.length;
          changed = changed.slice(0, place) + put + changed.slice(place + cut);
        }
        const record = quickly(changed);
        if (record !== null) expect(record).toEqual(slowly(changed));
      },
    ),
    { numRuns: 5000 },
  );
});

test('numbers are the doubles that JSON.parse gives', () => {
  const decimal = fc.tuple(fc.nat(999_999_999), fc.integer({ min: 1, max: 6 }), fc.nat(999_999));
  fc.assert(
    fc.property(decimal, ([whole, places, part]) => {
      const text = `${whole}.${String(part).padStart(places, '0').slice(0, places)}`;
      expect(quickly(HOST.replace('3.41', text))).toEqual(slowly(HOST.replace('3.41', text)));
      expect(quickly(HOST.replace('3.41', text))).not.toBeNull();
    }),
  );
});
