import fc from 'fast-check';
import type { HostRecord, RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { energyJ, type ImportedRun, observedMs, type PowerPiece } from '../../../src/imports/imported-run';
import { agentLines, hostOf, LINE_MS } from '../../../src/imports/agent-lines';

const OWNER = { job: 7, uid: 1000, user: 'alice', tool: '1.0.0' };

/** Pieces without overlap, with holes between some. */
const pieces = (fromMs: number) =>
  fc
    .array(
      fc.record({
        gapMs: fc.constantFrom(0, 0, 0, 60_000),
        lengthMs: fc.integer({ min: 1, max: 3 * LINE_MS }),
        powerW: fc.double({ min: 0, max: 3000, noNaN: true }),
        isMeasured: fc.boolean(),
        isObserved: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((given) => {
      let atMs = fromMs;
      return given.map(({ gapMs, lengthMs, ...rest }): PowerPiece => {
        const begin = atMs + gapMs;
        atMs = begin + lengthMs;
        return { ...rest, fromMs: begin, toMs: atMs };
      });
    });

const runs = fc
  .integer({ min: 1_500_000_000_000, max: 1_500_100_000_000 })
  .chain((fromMs) => fc.tuple(fc.constant(fromMs), pieces(fromMs), pieces(fromMs)))
  .map(([fromMs, cpu, gpu]): ImportedRun => {
    const toMs = Math.max(cpu.at(-1)!.toMs, gpu.at(-1)!.toMs);
    return {
      ...{ source: 'tool 1', cluster: 'imported-eit', identity: 'ab'.repeat(32), place: 'here' },
      ...{
        fromMs,
        toMs,
        cpus: 8,
        cpuModel: 'CPU',
        gpus: 1,
        gpuModel: 'GPU',
        toolPue: null,
        tags: {},
        notes: [],
      },
      domains: [
        { name: 'package', isEstimated: true, pieces: cpu },
        { name: 'gpu', isEstimated: false, pieces: gpu },
      ],
      cpuSeconds: [
        { atMs: fromMs, seconds: 0 },
        { atMs: toMs, seconds: 100 },
      ],
    };
  });

test('lines are records, follow one another, and have the joules, seconds and CPU time of the run', () => {
  fc.assert(
    fc.property(runs, (run) => {
      const lines = agentLines(run, OWNER).flatMap(({ day, lines: ofDay }) => {
        for (const { to } of ofDay) expect(to.slice(0, 10)).toBe(day);
        return ofDay;
      });
      for (const line of lines) expect(validateRecord(line)).toBe(true);
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i));
      const own = lines.filter((line): line is RunRecord => line.kind === 'run');
      const hosts = lines.filter((line): line is HostRecord => line.kind === 'host');
      expect(own.reduce((sum, { ms }) => sum + ms, 0)).toBe(run.toMs - run.fromMs);
      own.slice(1).forEach(({ from }, i) => expect(from).toBe(own[i]!.to));
      for (const domain of run.domains) {
        const sum = (of: (line: RunRecord) => number | undefined): number =>
          own.reduce((all, line) => all + (of(line) ?? 0), 0);
        const measured = sum(({ measured_uj: uj }) => uj[domain.name]?.[0]);
        const modelled = sum(({ modelled_uj: uj }) => uj?.[domain.name]?.[0]);
        expect(measured).toBe(Math.round(energyJ(domain, true) * 1e6));
        expect(modelled).toBe(Math.round(energyJ(domain, false) * 1e6));
        expect(sum(({ missing_ms: ms }) => ms?.[domain.name])).toBe(
          run.toMs - run.fromMs - observedMs(domain),
        );
        const counted = hosts.reduce((all, { domains }) => all + domains[domain.name]!.counter_uj, 0);
        expect(counted).toBe(measured + modelled);
        expect(sum(({ estimated_uj: uj }) => uj?.[domain.name]?.[0])).toBe(
          domain.isEstimated ? measured + modelled : 0,
        );
      }
      expect(own.reduce((sum, { cpu_us: us = 0 }) => sum + us, 0)).toBe(100e6);
    }),
    { numRuns: 40 },
  );
});

test('lines end at quarters of an hour', () => {
  const fromMs = Date.UTC(2024, 1, 29, 23, 40);
  const run: ImportedRun = {
    ...{ source: 'tool', cluster: 'imported-codecarbon', identity: '0'.repeat(64), place: '' },
    ...{ fromMs, toMs: fromMs + 1_800_000, cpus: null, cpuModel: null, gpus: 0, gpuModel: null },
    ...{ toolPue: 1, tags: {}, notes: [], cpuSeconds: [] },
    domains: [
      {
        name: 'cpu',
        isEstimated: false,
        pieces: [{ fromMs, toMs: fromMs + 1_800_000, powerW: 10, isMeasured: true, isObserved: true }],
      },
    ],
  };
  const days = agentLines(run, OWNER);
  expect(days.map(({ day, lines }) => [day, lines.map(({ from }) => from.slice(11, 16))])).toEqual([
    ['2024-02-29', ['23:40', '23:40']],
    ['2024-03-01', ['23:45', '23:45', '00:00', '00:00']],
  ]);
});

test('logs of which the identities begin alike are hosts apart', () => {
  const cluster = 'imported-codecarbon';
  // Of some ten thousand logs two are alike in 32 bits.
  const hosts = ['0000', '0001'].map((end) =>
    hostOf({ cluster, identity: `01234567${end}`.padEnd(64, 'a') }),
  );
  expect(hosts).toEqual(['codecarbon-012345670000', 'codecarbon-012345670001']);
});
