import { emptyHostState, emptyRunLine, type HostState, type RunState } from '../../../src/agent/host-state';
import { parseRequests } from '../../../src/agent/now-requests';
import { soFarOf, takeSample, todayOf } from '../../../src/agent/now-sample';
import { type NowFacts, nowSnapshot, snapshotFor, snapshotForAll } from '../../../src/agent/now-snapshot';
import { emptySeries } from '../../../src/agent/series';
import { addToSoFar, addToToday, startOfDay } from '../../../src/agent/so-far';
import validateNow from '../../../src/generated/now-validator';

const NOON = new Date(2026, 2, 4, 12).getTime();
const FACTS: NowFacts = {
  tool: '1.0.0',
  host: 'n1',
  cluster: 'lab',
  policy: 'allocation',
  cpus: 4,
  domains: new Map([['package-0', { class: 'cpu', quality: 'measured', source: 'powercap' }]]),
};

function at(ms: number): { wallMs: number; monoNs: bigint } {
  return { wallMs: NOON + ms, monoNs: BigInt(ms + 1_000_000) * 1_000_000n };
}

function stateAt(ms: number): HostState {
  const state = emptyHostState();
  state.at = at(ms);
  state.host.from = at(0);
  state.runs['a'] = runOf(12, 1000);
  state.runs['b'] = runOf(13, 1001);
  return state;
}

function runOf(job: number, uid: number): RunState {
  return {
    identity: { cluster: 'lab', node: 'n1', job, restart: 0, uid, user: `u${uid}`, cpus: 2 },
    start: { by: 'prolog' },
    startedMs: NOON,
    startedMonoNs: at(0).monoNs,
    eventFiles: [],
    lastSeenMs: NOON,
    limitMs: null,
    cpuFrom: null,
    begun: false,
    end: null,
    line: { ...emptyRunLine(at(0)), cpuRead: true },
    carry: {},
    holding: null,
    user: null,
    isEndSeen: false,
    life: { ms: 5000, missingMs: {}, wraps: 0, resets: 0, agentRestarts: 0 },
    series: emptySeries(),
  };
}

/** Lets run, idle and system of package-0 grow, under allocation; `usage` gets nothing. */
function grow(
  state: HostState,
  ms: number,
  [runUj, idleUj, systemUj]: readonly [number, number, number],
): void {
  state.at = at(ms);
  const host = (state.host.domains['package-0'] ??= {
    class: 'cpu',
    source: 'powercap',
    quality: 'measured',
    counterUj: 0,
    runsUj: [0, 0, 0],
    idleUj: [0, 0, 0],
    systemUj: [0, 0, 0],
    missingMs: 0,
    wraps: 0,
    resets: 0,
  });
  host.counterUj += runUj + idleUj + systemUj;
  host.runsUj[1] += runUj;
  host.idleUj[1] += idleUj;
  host.systemUj[1] += systemUj;
  const line = (state.runs['a']!.line.domains['package-0'] ??= {
    quality: 'measured',
    uj: [0, 0, 0],
    estimatedUj: [0, 0, 0],
    missingMs: 0,
  });
  line.uj[1] += runUj;
  state.runs['a']!.line.cpuNs += 1e9;
}

test('power is what grew between two samples, by the policy of the site, and adds up', () => {
  const state = stateAt(1000);
  grow(state, 1000, [9e6, 1e6, 0]);
  const before = takeSample(state);
  grow(state, 3000, [20e6, 10e6, 2e6]);
  const snapshot = nowSnapshot(state, { before, after: takeSample(state)! }, FACTS, []);
  expect(validateNow(snapshot)).toBe(true);
  expect(snapshot.totals.domains).toEqual([
    expect.objectContaining({ power_w: 16, runs_w: 10, idle_w: 5, system_w: 1, energy_j: 42 }),
  ]);
  expect(snapshot.runs[0]).toMatchObject({
    job: 12,
    cpus_busy: 0.5,
    domains: [{ name: 'package-0', class: 'cpu', power_w: 10, energy_j: 29 }],
  });
});

test('of the first sample no power is known, and energy is', () => {
  const state = stateAt(1000);
  grow(state, 1000, [9e6, 1e6, 0]);
  const snapshot = nowSnapshot(state, { before: null, after: takeSample(state)! }, FACTS, []);
  expect(snapshot.totals.domains[0]).toMatchObject({ power_w: null, energy_j: 10 });
  expect(snapshot.runs[0]).toMatchObject({ cpus_busy: null, domains: [{ power_w: null, energy_j: 9 }] });
});

test('what was missing between the samples has no power', () => {
  const state = stateAt(1000);
  grow(state, 1000, [9e6, 1e6, 0]);
  const before = takeSample(state);
  state.host.domains['package-0']!.missingMs += 2000;
  state.host.domains['package-0']!.missingReason = 'the counter was reset';
  state.runs['a']!.line.domains['package-0']!.missingMs += 2000;
  state.at = at(3000);
  const snapshot = nowSnapshot(state, { before, after: takeSample(state)! }, FACTS, []);
  expect(snapshot.totals.domains[0]).toMatchObject({ power_w: null, missing: 'the counter was reset' });
  expect(snapshot.runs[0]?.domains[0]).toMatchObject({ power_w: null, missing_s: 2 });
});

test('lines that are written stay in the sums', () => {
  const state = stateAt(1000);
  grow(state, 1000, [9e6, 1e6, 0]);
  const [run, today] = [soFarOf(state.runs['a']!), todayOf(state)];
  addToSoFar(state.runs['a']!);
  addToToday(state, NOON);
  state.runs['a']!.line = emptyRunLine(at(1000));
  state.host = { ...emptyHostState().host, from: at(1000) };
  expect(soFarOf(state.runs['a']!)).toEqual(run);
  expect(todayOf(state)).toEqual(today);
  grow(state, 2000, [1e6, 0, 0]);
  expect(soFarOf(state.runs['a']!).domains['package-0']?.uj[1]).toBe(10e6);
  expect(todayOf(state).domains['package-0']?.counterUj).toBe(11e6);
});

test('a day begins anew at midnight of the host', () => {
  const state = stateAt(1000);
  grow(state, 1000, [9e6, 0, 0]);
  addToToday(state, NOON);
  state.host = { ...emptyHostState().host, from: { wallMs: NOON + 86_400_000, monoNs: 1n } };
  expect(todayOf(state)).toMatchObject({ dayMs: startOfDay(NOON + 86_400_000), domains: {} });
});

test('a user is told the own runs, and others none', () => {
  const state = stateAt(1000);
  const all = nowSnapshot(state, { before: null, after: takeSample(state)! }, FACTS, []);
  expect(snapshotFor(all, 1001)).toMatchObject({ scope: 'own', totals: { runs: 2 }, runs: [{ job: 13 }] });
  expect(snapshotFor(all, 0)).toMatchObject({ runs: [] });
  expect(snapshotForAll(all)).toMatchObject({ scope: 'none', totals: { runs: 2 }, runs: [] });
});

test.each([
  ['1000\n0\n', [1000, 0]],
  ['', []],
  ['-1\n1e3\n 5\n99999999999\n4294967295\n../x\n7', [7]],
  ['x'.repeat(70_000), []],
])('of what is written into the pipe only uids count', (text, uids) => {
  expect([...parseRequests(text)]).toEqual(uids);
});
