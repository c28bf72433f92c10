import fc from 'fast-check';
import { type Curve, RunCurves } from '../../../src/appendix/run-curves';
import { rowOfLine } from '../../../src/runs/slice-row';
import { later, runRecord } from '../report/records';

const T = '2026-03-02T10:00:00.000Z';
const T_MS = Date.parse(T);

/** What a curve comes to over time, value times seconds. */
function integral({ values }: Curve, { stepMs }: RunCurves): number {
  return values.reduce<number>((sum, value) => sum + ((value ?? 0) * stepMs) / 1000, 0);
}

test('power over time comes to the energy of the lines, wherever they begin and end', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(lengths, fc.infiniteStream(fc.integer({ min: 0, max: 1e9 })), (seconds, energies) => {
      const total = seconds.reduce((a, b) => a + b, 0);
      const curves = new RunCurves(T_MS, T_MS + total * 1000, 0);
      let [at, energyUj] = [0, 0];
      for (const length of seconds) {
        const { value: uj } = energies.next() as { value: number };
        curves.addRow(
          rowOfLine(
            runRecord({ from: later(T, at), seconds: length, measured_uj: { 'package-0': [uj, 0, 0] } }),
          ),
        );
        at += length;
        energyUj += uj;
      }
      const [cpu] = curves.power().curves;
      expect(integral(cpu!, curves)).toBeCloseTo(energyUj / 1e6, 3);
      expect(integral(curves.cpus()[0]!, curves)).toBeCloseTo(total, 3);
    }),
    { numRuns: 60 },
  );
});

test('nodes of a run are added up; a node that tells nothing for a while is not 0', () => {
  const curves = new RunCurves(T_MS, T_MS + 100_000, 0);
  const line = (node: string, from: number, seconds: number, memory: number) =>
    curves.addRow(rowOfLine(runRecord({ node, from: later(T, from), seconds, memory_bytes: memory })));
  line('n1', 0, 50, 1000);
  line('n2', 0, 50, 500);
  line('n1', 80, 20, 700);
  const [memory] = curves.memory();
  expect(new Set(memory?.values)).toEqual(new Set([1500, null, 700]));
  expect(memory?.values.filter((value) => value === null)).toHaveLength(
    Math.round((30 / 100) * curves.steps),
  );
});

test('series go before lines: power by domain, and what could not be read is a gap', () => {
  const curves = new RunCurves(T_MS, T_MS + 20_000, 0);
  curves.addRow(rowOfLine(runRecord({ seconds: 20 })));
  curves.addSeries(T_MS, {
    end_ms: [10_000, 15_000, 20_000],
    power_w: { 'package-0': [10, null, 30], 'dram-0': [1, 1, 1] },
    cpus_busy: [2, 2, null],
  });
  const { isBySeries, curves: power } = curves.power();
  expect(isBySeries).toBe(true);
  expect(power.map(({ name }) => name)).toEqual(['dram-0', 'package-0']);
  const level = (curve: Curve, second: number) => curve.values[Math.floor((second * 1000) / curves.stepMs)];
  expect([1, 9, 12, 16].map((second) => level(power[1]!, second))).toEqual([10, 10, null, 30]);
  expect([1, 12, 16].map((second) => level(curves.cpus()[0]!, second))).toEqual([2, 2, null]);
});

test('GPUs: what was busy, and parts of states that come to 1 wherever a line tells them', () => {
  const curves = new RunCurves(T_MS, T_MS + 600_000, 0);
  const gpu = (busy: number, states: Record<string, number>) =>
    ({ ms: 300_000, by: 'cgroup', busy_ms: busy, memory_bytes: 7, p_state_ms: states }) as const;
  curves.addRow(rowOfLine(runRecord({ gpu: gpu(150_000, { P0: 100_000, P8: 200_000 }) })));
  curves.addRow(rowOfLine(runRecord({ from: later(T, 300), gpu: gpu(300_000, { P0: 300_000 }) })));
  const states = curves.pStates();
  expect(states.map(({ name }) => name)).toEqual(['P0', 'P8']);
  for (let i = 0; i < curves.steps; i++)
    expect(states.reduce((sum, { values }) => sum + (values[i] ?? NaN), 0)).toBeCloseTo(1, 9);
  expect(states[1]?.values[0]).toBeCloseTo(2 / 3, 9);
  expect([curves.gpuUse()[0]?.values[0], curves.gpuUse()[0]?.values.at(-1)]).toEqual([0.5, 1]);
});

test('each GPU counts alike, on nodes with many and with one', () => {
  const curves = new RunCurves(T_MS, T_MS + 300_000, 0);
  const line = (node: string, gpus: number, busy: number, state: string) => {
    const ms = gpus * 300_000;
    const gpu = { ms, by: 'cgroup', busy_ms: busy * ms, p_state_ms: { [state]: ms } } as const;
    curves.addRow(rowOfLine(runRecord({ node, gpus, gpu })));
  };
  line('n1', 7, 1, 'P0');
  line('n2', 1, 0, 'P8');
  for (const value of curves.gpuUse()[0]!.values) expect(value).toBeCloseTo(7 / 8, 9);
  expect(curves.pStates().map(({ name, values }) => [name, values[0]])).toEqual([
    ['P0', expect.closeTo(7 / 8, 9) as number],
    ['P8', expect.closeTo(1 / 8, 9) as number],
  ]);
});

test('however long a run was, its pictures have few steps', () => {
  const curves = new RunCurves(T_MS, T_MS + 90 * 86_400_000, 0);
  expect(curves.steps).toBeLessThanOrEqual(200);
  expect(new RunCurves(T_MS, T_MS, 0).steps).toBe(1);
});
