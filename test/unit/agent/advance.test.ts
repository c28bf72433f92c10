import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { type HostState, type RunState, emptyHostState } from '../../../src/agent/host-state';
import { type LineWriter, takeHostLine, takeRunLines } from '../../../src/agent/lines';
import { applyEvent } from '../../../src/agent/runs';
import type { RunRecord } from '../../../src/generated/record';
import { type ReadingSpec, instantAt, readingAt } from './reading-builder';

const writer = (): LineWriter => {
  let seq = 0;
  return { tool: '0.1.0', host: 'h', boot: '0123abcd', instance: '0123456789ab', nextSeq: () => seq++ };
};

function hook(state: HostState, kind: 'prolog' | 'epilog', jobId: number, atS: number, variables = {}) {
  const at = instantAt(atS);
  const event = {
    hook: kind,
    boot: '0123abcd',
    uptimeS: atS,
    jobId,
    node: 'n1',
    variables: { ...OWN, ...variables },
  };
  return applyEvent(state, { file: `${kind}.${jobId}.1.0`, atMs: at.wallMs, event }, at, 'lab', () => false);
}

const OWN = { SLURM_JOB_CPUS_PER_NODE: '1', SLURM_JOB_NODELIST: 'n1', SLURM_JOB_UID: '1000' };

function run(state: HostState, jobId: number): RunState {
  return Object.values(state.runs).find(({ identity }) => identity.job === jobId)!;
}

function read(state: HostState, spec: ReadingSpec): void {
  advance(state, readingAt(spec));
}

/** µJ of a run under the policy usage. */
function usedUj(state: HostState, jobId: number): number {
  return run(state, jobId).line.domains['package-0']?.uj[0] ?? 0;
}

describe('advance', () => {
  test('the first reading is a baseline: nobody pays for what the counter stood at', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 1, 10);
    read(state, { atS: 10, energyJ: 1000, busyS: 50, jobsS: { 1: 7 } });
    expect(usedUj(state, 1)).toBe(0);
    expect(state.host.domains['package-0']!.counterUj).toBe(0);
    expect(run(state, 1).line.cpuNs).toBe(0);
  });

  test('two jobs and the system share by CPU time; the host record adds up', () => {
    const state = emptyHostState();
    read(state, { atS: 0, energyJ: 0, busyS: 0 });
    hook(state, 'prolog', 1, 0);
    hook(state, 'prolog', 2, 0);
    read(state, { atS: 10, energyJ: 100, busyS: 10, jobsS: { 1: 6, 2: 3 } });
    expect([usedUj(state, 1), usedUj(state, 2)]).toEqual([60e6, 30e6]);
    const host = takeHostLine(
      state,
      { cluster: 'lab', cpus: 2, absentSources: {}, agent: { cpu_us: 0, rss_bytes: 0 } },
      writer(),
    )!;
    expect(host.domains['package-0']).toMatchObject({
      counter_uj: 100e6,
      runs_uj: [90e6, 100e6, 90e6],
      idle_uj: [0, 0, 0],
      system_uj: [10e6, 0, 10e6],
    });
    expect(host.nodes).toEqual(['n1']);
  });

  test('a job that comes and goes between two readings is found in its parent cgroup', () => {
    const state = emptyHostState();
    read(state, { atS: 0 });
    hook(state, 'prolog', 1, 4);
    hook(state, 'epilog', 1, 4.2);
    read(state, { atS: 4.21, energyJ: 10, busyS: 0.2, scopeS: 0.15 });
    expect(run(state, 1).line.cpuNs).toBe(0.15e9);
    expect(usedUj(state, 1)).toBe(7.5e6);
    const [line] = takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, writer()) as [RunRecord];
    expect(line).toMatchObject({ ms: 200, cpu_us: 150_000, start: { by: 'prolog' }, end: { by: 'epilog' } });
    expect(line.cpu_estimated_us).toBeUndefined();
    expect(state.runs).toEqual({});
  });

  test('two that died in one tick are told apart by allocation, and that is said', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 1, 0);
    hook(state, 'prolog', 2, 0, { SLURM_JOB_CPUS_PER_NODE: '3' });
    read(state, { atS: 0, jobsS: { 1: 0, 2: 0 } });
    hook(state, 'epilog', 1, 10);
    hook(state, 'epilog', 2, 10);
    read(state, { atS: 10, energyJ: 80, busyS: 8, scopeS: 8 });
    expect([run(state, 1).line.cpuNs, run(state, 2).line.cpuNs]).toEqual([2e9, 6e9]);
    expect(run(state, 1).line.cpuEstimatedNs).toBe(2e9);
    expect(run(state, 1).line.domains['package-0']!.estimatedUj).toEqual([20e6, 0, 20e6]);
  });

  test('a job whose cgroup is made anew for each step keeps adding up', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 1, 0);
    read(state, { atS: 0 });
    read(state, { atS: 10, busyS: 4, jobsS: { 1: 4 }, scopeS: 4 });
    // The step ends after one more second and another begins, of the same name: it has used 2 s by now.
    read(state, { atS: 20, busyS: 7, jobsS: { 1: 2 }, renewed: [1], scopeS: 7 });
    expect(run(state, 1).line.cpuNs).toBe(7e9);
  });

  test('a job of which no hook told is the system', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 1, 0);
    read(state, { atS: 0, jobsS: { 1: 0, 99: 0 } });
    read(state, { atS: 10, energyJ: 100, busyS: 10, jobsS: { 1: 5, 99: 5 } });
    expect(usedUj(state, 1)).toBe(50e6);
    expect(state.host.domains['package-0']!.systemUj[0]).toBe(50e6);
  });

  test('the lead of exact job counters over the host’s 10 ms ticks is carried, not clamped', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 1, 0);
    read(state, { atS: 0, jobsS: { 1: 0 } });
    read(state, { atS: 1, energyJ: 10, busyS: 0.99, jobsS: { 1: 1 } });
    read(state, { atS: 2, energyJ: 20, busyS: 2.01, jobsS: { 1: 2 } });
    expect(state.host.domains['package-0']!.systemUj[0]).toBeLessThan(0.1e6 + 1);
    expect(state.host.domains['package-0']!.systemUj[0]).toBeGreaterThan(0.09e6);
  });

  test('a failed read is missing time, not no energy; the counter begins anew after it', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 1, 0);
    read(state, { atS: 0, jobsS: { 1: 0 } });
    read(state, { atS: 10, energyJ: { missing: 'EIO' }, busyS: 10, jobsS: { 1: 10 } });
    read(state, { atS: 20, energyJ: 500, busyS: 20, jobsS: { 1: 20 } });
    read(state, { atS: 30, energyJ: 600, busyS: 30, jobsS: { 1: 30 } });
    hook(state, 'epilog', 1, 30);
    const [line] = takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, writer()) as [RunRecord];
    expect(line.measured_uj).toEqual({ 'package-0': [100e6, 50e6, 100e6] });
    expect(line.missing_ms).toEqual({ 'package-0': 20_000 });
    expect(line.end!.coverage).toEqual({ cpu: 0.3333 });
  });

  test('a run that the agent sees late is covered from then on only', () => {
    const state = emptyHostState();
    hook(state, 'prolog', 1, 0);
    read(state, { atS: 5, jobsS: { 1: 3 } });
    hook(state, 'epilog', 1, 10);
    read(state, { atS: 10, energyJ: 10, busyS: 5, jobsS: {}, scopeS: 8 });
    const [line] = takeRunLines(state, Object.keys(state.runs)[0]!, state.at!, writer()) as [RunRecord];
    expect(line).toMatchObject({ ms: 5000, cpu_us: 5_000_000, end: { coverage: { cpu: 0.5 } } });
  });

  test('whatever happens, runs + idle + system equals the counter under each policy', () => {
    const step = fc.record({
      energyJ: fc.oneof(
        { weight: 9, arbitrary: fc.double({ min: 0, max: 2000, noNaN: true }) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      cpuS: fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 }),
      otherS: fc.double({ min: 0, max: 10, noNaN: true }),
      hooks: fc.array(
        fc.record({ kind: fc.constantFrom('prolog', 'epilog'), job: fc.integer({ min: 1, max: 3 }) }),
        { maxLength: 3 },
      ),
      there: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 25 }), (steps) => {
        const state = emptyHostState();
        const cpuS = [0, 0, 0];
        let [energyJ, busyS, scopeS] = [0, 0, 0];
        const given: RunRecord[] = [];
        const lines = writer();
        // What the counter's readings themselves say: growth between two readings in succession, in µJ.
        let [grownUj, lastUj] = [0, null as number | null];
        steps.forEach((spec, i) => {
          for (const { kind, job } of spec.hooks) hook(state, kind, job, i * 10);
          spec.cpuS.forEach((s, job) => {
            cpuS[job]! += s;
            scopeS += s;
          });
          busyS += spec.cpuS.reduce((a, b) => a + b, 0) + spec.otherS;
          energyJ += spec.energyJ ?? 0;
          const nowUj = spec.energyJ === null ? null : Math.round(energyJ * 1e6);
          if (nowUj !== null && lastUj !== null) grownUj += nowUj - lastUj;
          lastUj = nowUj;
          const jobsS = Object.fromEntries(cpuS.flatMap((s, job) => (spec.there[job] ? [[job + 1, s]] : [])));
          read(state, {
            atS: i * 10,
            energyJ: spec.energyJ === null ? { missing: 'EIO' } : energyJ,
            busyS,
            jobsS,
            scopeS,
          });
          for (const [key, { end }] of Object.entries(state.runs)) {
            if (end !== null || i % 5 === 4)
              given.push(...(takeRunLines(state, key, state.at!, lines) as RunRecord[]));
          }
        });
        for (const key of Object.keys(state.runs))
          given.push(...(takeRunLines(state, key, state.at!, lines) as RunRecord[]));
        const host = state.host.domains['package-0']!;
        expect(host.counterUj).toBe(grownUj);
        for (const policy of [0, 1, 2] as const) {
          const runs = given
            .filter(({ kind }) => kind === 'run')
            .reduce((sum, line) => sum + (line.measured_uj['package-0']?.[policy] ?? 0), 0);
          expect(runs).toBe(host.runsUj[policy]);
          expect(runs + host.idleUj[policy] + host.systemUj[policy]).toBe(host.counterUj);
        }
      }),
    );
  });
});
