import { advance } from '../../../src/agent/advance';
import type { Checkpoint } from '../../../src/agent/checkpoint';
import { takeUpContext } from '../../../src/agent/context-line';
import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { takeRunLines } from '../../../src/agent/lines';
import { type Recovered, recover } from '../../../src/agent/recovery';
import type { HostRecord, RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { FACTS, applyHook, lineWriter, runsOf } from './hook-builder';
import { PACKAGE, instantAt, readingAt } from './reading-builder';

const MODELLED = { ...PACKAGE, quality: 'modelled', source: 'model' } as const;

/** What an agent leaves that was killed after it had read 100 J at second 10, of which job 1 is given 60. */
function checkpoint(): Checkpoint {
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0 });
  advance(state, readingAt({ atS: 0, jobsS: { 1: 0 } }));
  takeUpContext(state, { context: { majorFaults: 5n }, disks: new Map(), networkFiles: new Map() });
  advance(state, readingAt({ atS: 10, energyJ: 100, busyS: 10, jobsS: { 1: 6 } }));
  const unwritten = [{ ...takeOther(), seq: 99 }];
  return {
    version: 2,
    host: 'h',
    boot: '0123abcd',
    sources: 'a',
    state,
    unwritten,
    removableFiles: ['epilog.9.1.0'],
  };
}

function takeOther(): RunRecord {
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0, job: 9 });
  advance(state, readingAt({ atS: 0 }));
  applyHook(state, { hook: 'epilog', atS: 5, job: 9 });
  return takeRunLines(state, Object.keys(state.runs)[0]!, instantAt(5), lineWriter())[0] as RunRecord;
}

const present = (atS: number, sources = 'a', boot = '0123abcd') => ({
  boot,
  at: instantAt(atS),
  sources,
  domains: ['package-0', 'dram-0', 'node'],
  integrated: [] as string[],
  writer: { ...lineWriter(), boot },
  facts: { ...FACTS, cluster: 'unknown' },
});

/** The lines that recovering made, beside those which waited. */
function made({ unwritten }: Recovered): { run: RunRecord[]; host: HostRecord[] } {
  const lines = unwritten.filter(({ seq }) => seq !== 99);
  for (const line of lines) expect(validateRecord(line)).toBe(true);
  return {
    run: lines.filter((line) => line.kind === 'run'),
    host: lines.filter((line) => line.kind === 'host'),
  };
}

/** Reads at these two seconds, between which the counter grows by 50 J, and ends the run: its last line. */
function lastLine(state: HostState, atS: number, domain: typeof PACKAGE | typeof MODELLED): RunRecord {
  const domains = [domain];
  advance(state, readingAt({ atS, energyJ: 700, busyS: 400, jobsS: { 1: 300 }, domains }));
  applyHook(state, { hook: 'epilog', atS: atS + 10 });
  advance(state, readingAt({ atS: atS + 10, energyJ: 750, busyS: 410, jobsS: { 1: 310 }, domains }));
  return takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, lineWriter())[0] as RunRecord;
}

test.each([20, 3610])('in the same boot the counters go on (second %i)', (atS) => {
  const before = checkpoint();
  const recovered = recover(before, present(atS));
  expect(recovered.unwritten).toEqual(before.unwritten);
  expect(recovered.removableFiles).toEqual(['epilog.9.1.0']);
  const { state } = recovered;
  expect(state.at).toEqual(instantAt(10));
  takeUpContext(state, { context: { majorFaults: 7n }, disks: new Map(), networkFiles: new Map() });
  expect(state.host.context!.grown.majorFaults).toBe(2);
  // So little power that an hour is not enough for the counter to wrap.
  const domains = [{ ...PACKAGE, maxPowerW: 10 }];
  advance(state, readingAt({ atS, energyJ: 150, busyS: 15, jobsS: { 1: 11 }, domains }));
  expect(runsOf(state)[0]!.line.domains['package-0']!.uj[0]).toBe(110e6);
});

describe.each([
  ['other sources', present(20, 'b'), MODELLED, 20],
  ['more than an hour later', present(3611), PACKAGE, 3611],
])('%s', (_name, now, domain, atS) => {
  const quality = domain === MODELLED ? 'modelled_uj' : 'measured_uj';

  test('what was read is written as it was read, and the next reading is a baseline', () => {
    const recovered = recover(checkpoint(), now);
    const { run, host } = made(recovered);
    expect(run).toHaveLength(1);
    expect(run[0]).toMatchObject({ to: new Date(instantAt(10).wallMs).toISOString(), cpu_us: 6e6 });
    expect(run[0]!.measured_uj['package-0']![0]).toBe(60e6);
    expect(run[0]!.modelled_uj).toBeUndefined();
    expect(run[0]!.end).toBeUndefined();
    expect(host).toHaveLength(1);
    expect(host[0]!.domains['package-0']!.counter_uj).toBe(100e6);

    const { state } = recovered;
    expect([state.at, state.host.from, runsOf(state).length]).toEqual([null, null, 1]);
    expect(state.contextCounters).toBeUndefined();
    const last = lastLine(state, atS, domain);
    expect(last[quality]).toEqual({ 'package-0': [50e6, 25e6, 50e6] });
    expect(domain === MODELLED ? last.measured_uj : (last.modelled_uj ?? {})).toEqual({});
    expect(last).toMatchObject({ ms: 10_000, cpu_us: 10e6 });
    expect(last.from).toBe(new Date(instantAt(atS).wallMs).toISOString());
    // 10 s before and 10 s after, of all its life.
    expect(last.end!.coverage['cpu']).toBeCloseTo(20 / (atS + 10), 3);
    expect(state.host.domains['package-0']).toMatchObject({ counterUj: 50e6, source: domain.source });
  });

  test('what waited to be written still does, and the host’s line is its cluster’s', () => {
    const before = checkpoint();
    const recovered = recover(before, now);
    expect(recovered.unwritten).toEqual(expect.arrayContaining([...before.unwritten]));
    expect(recovered.removableFiles).toEqual(expect.arrayContaining(['epilog.9.1.0']));
    expect(made(recovered).host.map(({ cluster }) => cluster)).toEqual(['lab']);
  });

  test('the event files of a run that had ended may go: read again, they would be another run', () => {
    const before = checkpoint();
    applyHook(before.state, { hook: 'epilog', atS: 9 });
    const recovered = recover(before, now);
    expect(runsOf(recovered.state)).toEqual([]);
    expect(recovered.removableFiles).toEqual(expect.arrayContaining(['prolog.1.1.0', 'epilog.1.1.9']));
  });
});

test('after a restart of the host its runs end at their last reading, under the boot they were in', () => {
  const recovered = recover(checkpoint(), present(5, 'a', 'ffffffff'));
  const { run, host } = made(recovered);
  const at = new Date(instantAt(10).wallMs).toISOString();
  expect(run).toHaveLength(1);
  expect(run[0]).toMatchObject({ boot: '0123abcd', to: at, end: { by: 'reboot' } });
  expect(run[0]!.measured_uj['package-0']![0]).toBe(60e6);
  expect(host).toMatchObject([{ boot: '0123abcd', cluster: 'lab' }]);
  expect(recovered.removableFiles).toEqual(['epilog.9.1.0', 'prolog.1.1.0']);
  expect(recovered.unwritten[0]!.seq).toBe(99);
  expect(recovered.state).toEqual({ ...emptyHostState(), cluster: 'lab', nodes: ['n1'] });
});

test('a counter that the ended agent added up itself begins anew: the gap is missing, the others go on', () => {
  const ended = checkpoint();
  const { state } = recover(ended, { ...present(40), integrated: ['package-0'] });
  expect(state.counters).toEqual({});
  advance(state, readingAt({ atS: 40, energyJ: 5, busyS: 20, jobsS: { 1: 12 } }));
  expect(state.host.domains['package-0']).toMatchObject({ counterUj: 100e6, missingMs: 30_000, resets: 0 });
});

test('a run’s record says how often the measuring was started anew', () => {
  const { state } = recover(checkpoint(), present(12));
  applyHook(state, { hook: 'epilog', atS: 20 });
  advance(state, readingAt({ atS: 20, energyJ: 150, busyS: 20, jobsS: {}, scopeS: 12 }));
  const [line] = takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, lineWriter()) as [RunRecord];
  expect(line.end).toMatchObject({ agent_restarts: 1 });
});
