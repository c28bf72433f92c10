import { advance } from '../../../src/agent/advance';
import { emptyHostState } from '../../../src/agent/host-state';
import { takeRunLines } from '../../../src/agent/lines';
import { endByReboot } from '../../../src/agent/runs';
import type { RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { applyHook, filedEvent, lineWriter, runsOf } from './hook-builder';
import { SCOPE, instantAt, readingAt } from './reading-builder';

const requeued = { SLURM_JOB_RESTART_COUNT: '1' };

describe.each([
  ['superseded', 'prolog'],
  ['epilog', 'epilog'],
] as const)('a run whose end is read late (%s)', (by, hook) => {
  test('does not end before its line in hand began', () => {
    const state = emptyHostState();
    applyHook(state, { hook: 'prolog', atS: 0 });
    advance(state, readingAt({ atS: 0, jobsS: { 1: 0 } }));
    advance(state, readingAt({ atS: 10, energyJ: 10, busyS: 5, jobsS: { 1: 5 } }));
    const [key] = Object.keys(state.runs);
    takeRunLines(state, key!, state.at!, lineWriter());

    applyHook(state, { hook, atS: 8, variables: requeued }, instantAt(11));
    const run = state.runs[key!]!;
    expect(run.end).toMatchObject({ by, atMs: instantAt(10).wallMs, monoNs: instantAt(10).monoNs });
    advance(state, readingAt({ atS: 12, energyJ: 20, busyS: 6, jobsS: { 1: 6 } }));
    const [line] = takeRunLines(state, key!, state.at!, lineWriter()) as [RunRecord];
    expect(line).toMatchObject({ from: line.to, ms: 0, end: { by, coverage: { cpu: 1 } } });
    expect(validateRecord(line)).toBe(true);
  });
});

test('a requeue that is read in one batch: the living cgroup is the new run’s', () => {
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0 });
  advance(state, readingAt({ atS: 0, jobsS: { 1: 0 } }));
  advance(state, readingAt({ atS: 10, energyJ: 100, busyS: 5, jobsS: { 1: 5 } }));
  // In an epilog's environment the requeue has counted up already.
  expect(applyHook(state, { hook: 'epilog', atS: 11, variables: requeued })).toBe('ended');
  expect(applyHook(state, { hook: 'prolog', atS: 12, variables: requeued })).toBe('started');
  advance(state, readingAt({ atS: 20, energyJ: 200, busyS: 7, jobsS: { 1: 2 }, renewed: [1], scopeS: 7 }));

  const [old, renewed] = runsOf(state).sort((a, b) => a.identity.restart - b.identity.restart);
  expect([old!.end?.by, old!.end?.monoNs, old!.cpuFrom]).toEqual(['epilog', instantAt(11).monoNs, null]);
  expect([renewed!.end, renewed!.cpuFrom]).toEqual([null, `${SCOPE}/job_1`]);
  expect([old!.line.cpuNs, renewed!.line.cpuNs]).toEqual([5e9, 2e9]);
  expect([old!.line.ms, renewed!.line.ms]).toEqual([11_000, 8000]);
});

describe('when a run began, on the clock that nobody sets', () => {
  const startedS = (uptimeS: number, atS: number, now: { monoNs: bigint; wallMs: number }) => {
    const state = emptyHostState();
    applyHook(state, { hook: 'prolog', atS, uptimeS }, now);
    const [run] = runsOf(state);
    expect(run!.startedMs).toBe(instantAt(atS).wallMs);
    return Number(run!.startedMonoNs) / 1e9;
  };
  const { monoNs } = instantAt(12);

  test.each([
    ['the file’s time, which is the finer one', 10, 10.004, 12, 10.004],
    ['the uptime where the clock was set forward since', 10, 10, 3612, 10],
    ['the uptime where the clock was set back since', 10, 10, -3600, 10],
    ['the file’s time where the event tells no uptime', 0, 10, 12, 10],
    ['the file’s time where the uptime is another boot’s', 5000, 10, 12, 10],
  ])('%s', (_name, uptimeS, fileS, nowS, expectedS) => {
    expect(startedS(uptimeS, fileS, { monoNs, wallMs: instantAt(nowS).wallMs })).toBe(expectedS);
  });
});

test.each([null, 15])(
  'an event from before the host’s last start is no measured run (read at %s)',
  (readS) => {
    const state = emptyHostState();
    if (readS !== null) advance(state, readingAt({ atS: readS }));
    const stale = { hook: 'prolog', atS: -600, uptimeS: 5000, boot: 'ffffffff' } as const;
    applyHook(state, { hook: 'prolog', atS: 18, job: 2 }, instantAt(20));
    applyHook(state, stale, instantAt(20));
    endByReboot(state, new Set([filedEvent(stale).file]));
    advance(state, readingAt({ atS: 20, energyJ: 100, busyS: 5, scopeS: 5, jobsS: { 2: 5 } }));

    const [key] = Object.entries(state.runs).find(([, { identity }]) => identity.job === 1)!;
    expect(runsOf(state).map(({ identity, end }) => [identity.job, end?.by])).toEqual([
      [2, undefined],
      [1, 'reboot'],
    ]);
    const [line] = takeRunLines(state, key, state.at!, lineWriter()) as [RunRecord];
    expect(line).toMatchObject({ ms: 0, measured_uj: {}, end: { by: 'reboot' } });
    expect(line.started).toBe(new Date(instantAt(-600).wallMs).toISOString());
    expect(Date.parse(line.to)).toBeGreaterThanOrEqual(Date.parse(line.from));
    expect(validateRecord(line)).toBe(true);
  },
);

test('a run that was over before the first reading of all has a record that ends not before it begins', () => {
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0 }, instantAt(20));
  applyHook(state, { hook: 'epilog', atS: 5 }, instantAt(20));
  advance(state, readingAt({ atS: 20, energyJ: 100, busyS: 5, scopeS: 5 }));
  const [line] = takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, lineWriter()) as [RunRecord];
  expect(line).toMatchObject({ ms: 0, measured_uj: {}, end: { by: 'epilog' } });
  expect(Date.parse(line.to)).toBeGreaterThanOrEqual(Date.parse(line.from));
});
