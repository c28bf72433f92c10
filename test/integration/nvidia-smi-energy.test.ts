import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GpuSnapshot } from '../../src/sources/gpu';
import { PowerIntegral } from '../../src/sources/power-integral';
import { isMissing } from '../../src/sources/source';
import { describeTerminal } from '../fake-nvidia-smi/describe-terminal';
import { curveFrom, fakeGpu } from '../fake-nvidia-smi/gpus';
import { installFakeNvidiaSmi } from '../fake-nvidia-smi/install';
import {
  type PowerCurve,
  type PowerPiece,
  averagePowerAt,
  energyBetween,
} from '../fake-nvidia-smi/power-curve';
import { isAlive, startReading, until } from '../fake-nvidia-smi/reading';
import { scaled } from '../scale';

/** The default of eit.yaml: no multiple of a second, and less than what the driver averages over. */
const INTERVAL_MS = 970;
const LONGEST_GAP_NS = 10_000_000_000n;
/** A mean over a second is a reading of the middle of that second. */
const MIDDLE_NS = 500_000_000n;

/** Length of the part in which power changes (s). Before and after it, for longer than the mean reaches, it does not. */
const BUSY_S = scaled(6, 20);

const constant = (forS: number, powerW: number): PowerPiece => ({ kind: 'constant', forS, powerW });
const repeated = (pieces: readonly PowerPiece[]): PowerPiece[] => {
  const lengthS = pieces.reduce((sum, { forS }) => sum + forS, 0);
  return Array.from({ length: Math.max(1, Math.floor(BUSY_S / lengthS)) }, () => pieces).flat();
};
const CURVES: readonly (readonly [string, readonly PowerPiece[]])[] = [
  ['steps', repeated([constant(1.7, 400), constant(0.9, 150), constant(2.1, 650), constant(1.3, 80)])],
  [
    'ramps',
    repeated([
      { kind: 'ramp', forS: 2.3, fromW: 80, toW: 650 },
      { kind: 'ramp', forS: 1.4, fromW: 650, toW: 200 },
      { kind: 'ramp', forS: 2.3, fromW: 200, toW: 80 },
    ]),
  ],
  ['spikes of 200 ms', [{ kind: 'spikes', forS: BUSY_S, baseW: 150, spikeW: 450, spikeS: 0.2, everyS: 1.7 }]],
  ['one spell shorter than the interval', [constant(2, 80), constant(0.3, 300), constant(BUSY_S - 2.3, 80)]],
];

function curve([, pieces]: (typeof CURVES)[number], startNs: bigint): PowerCurve {
  return curveFrom(startNs, constant(0.1, 80), ...pieces, constant(1, 80));
}

/** Power, and the time for which it holds (CLOCK_MONOTONIC, ns). */
interface Read {
  readonly powerW: number;
  readonly monoNs: bigint;
}

/** Power of one GPU as it was told, at the times for which it holds. */
function readingsOf(snapshots: readonly GpuSnapshot[], gpu: number): Read[] {
  return snapshots.map(({ gpus, monoNs }) => {
    const { power } = gpus[gpu]!;
    if (isMissing(power)) throw new Error(power.missing);
    return { powerW: power.powerW, monoNs: monoNs - MIDDLE_NS };
  });
}

/** What is measured between the first reading and the last (J), and what was drawn. */
function measure(readings: readonly Read[], drawn: PowerCurve): { energyJ: number; drawnJ: number } {
  const integral = new PowerIntegral(LONGEST_GAP_NS);
  for (const { powerW, monoNs } of readings) integral.add(powerW, monoNs);
  const [first, last] = [readings[0]!.monoNs, readings.at(-1)!.monoNs];
  const energyUj = integral.energyUjAt(last);
  if (isMissing(energyUj)) throw new Error(energyUj.missing);
  const energyJ = Number(energyUj) / 1e6;
  return { energyJ, drawnJ: energyBetween(drawn, first, last) };
}

describe('energy from means over a second', () => {
  const seconds = (s: number): bigint => BigInt(Math.round(s * 1e9));

  /** How far off it is, for readings that begin at any time and are never late. */
  function offs(of: (typeof CURVES)[number], periodMs: number): number[] {
    const drawn = curve(of, seconds(1000));
    const count = Math.ceil((1000 * (BUSY_S + 4)) / periodMs);
    return Array.from({ length: 97 }, (_, phase) => {
      const readings = Array.from({ length: count }, (_nothing, index) => {
        const atNs = seconds(999 + (phase / 97 + index) * (periodMs / 1000));
        return { powerW: averagePowerAt(drawn, atNs), monoNs: atNs - MIDDLE_NS };
      });
      const { energyJ, drawnJ } = measure(readings, drawn);
      return Math.abs(energyJ / drawnJ - 1);
    });
  }

  test.each(CURVES)('%s: within 0.5 %%, whenever the readings fall', (...of) => {
    for (const printMs of [5, 10, 20, 40]) {
      expect(Math.max(...offs(of, INTERVAL_MS + printMs))).toBeLessThan(0.005);
    }
  });

  test.each(CURVES)('%s: exact where the readings are a second apart', (...of) => {
    expect(Math.max(...offs(of, 1000))).toBeLessThan(1e-6);
  });
});

/**
 * What real readings may be off by (J): half a percent; more where the fake was kept from reading in time, as its own notes
 * tell, or this process from reading the fake.
 */
function allowedJ(readings: readonly Read[], readNs: readonly bigint[], drawn: PowerCurve): number {
  const ideal = measure(
    readNs.map((atNs) => ({ powerW: averagePowerAt(drawn, atNs), monoNs: atNs - MIDDLE_NS })),
    drawn,
  );
  const lateS = readings.map(({ monoNs }, index) => Number(monoNs + MIDDLE_NS - readNs[index]!) / 1e9);
  const usualS = lateS.toSorted((a, b) => a - b)[Math.floor(lateS.length / 2)]!;
  const latenessJ = readings.reduce((sum, { powerW }, index) => {
    const before = readings[index - 1]?.powerW ?? powerW;
    const after = readings[index + 1]?.powerW ?? powerW;
    return sum + (Math.abs(after - before) / 2) * Math.abs(lateS[index]! - usualS);
  }, 0);
  const timesJ = Math.abs(ideal.energyJ - ideal.drawnJ) + 0.001 * ideal.drawnJ;
  return Math.max(0.005 * ideal.drawnJ, timesJ) + latenessJ;
}

describeTerminal('energy through nvidia-smi', (pty) => {
  /** Runs the fake with one GPU for each curve until all is over, and tells how far off the energy of each is. */
  async function measureAll(how: string, options: Parameters<typeof startReading>[1]): Promise<string[]> {
    const dir = mkdtempSync(join(tmpdir(), 'eit-smi-'));
    // Unless this machine is very slow, the first document comes before anything changes.
    const startNs = process.hrtime.bigint() + 3_000_000_000n;
    const drawn = CURVES.map((one) => curve(one, startNs));
    const gpus = drawn.map((power, position) => fakeGpu(position, { power }));
    const fake = installFakeNvidiaSmi(dir, { layout: 'new', gpus });
    const { reader, snapshots, problems } = startReading(fake.path, options);
    const endNs = startNs + BigInt(BUSY_S + 2) * 1_000_000_000n;
    await until(() => (snapshots.at(-1)?.monoNs ?? 0n) > endNs);
    reader.stop();
    const { length } = snapshots;
    const documents = fake.documents().slice(0, length);
    await until(() => fake.starts().every(({ pid }) => !isAlive(pid)));
    rmSync(dir, { recursive: true, force: true });

    expect(problems).toEqual([]);
    return drawn.map((power, gpu) => {
      const readings = readingsOf(snapshots, gpu);
      const { energyJ, drawnJ } = measure(readings, power);
      const mostJ = allowedJ(
        readings,
        documents.map(({ readNs }) => readNs[gpu]!),
        power,
      );
      expect(Math.abs(energyJ - drawnJ)).toBeLessThan(mostJ);
      const [name] = CURVES[gpu]!;
      const percent = (joules: number): string => `${((100 * joules) / drawnJ).toFixed(3)} %`;
      return `${how}, ${name}: ${drawnJ.toFixed(1)} J, off by ${percent(energyJ - drawnJ)} (allowed ${percent(mostJ)})`;
    });
  }

  test(`${CURVES.map(([name]) => name).join(', ')}: within 0.5 %, or what late reads explain`, async () => {
    const lines = await Promise.all([
      measureAll('terminal', { pty, intervalMs: INTERVAL_MS }),
      // Printing adds nothing to the time between two calls.
      measureAll('pipes', { pty: { missing: 'left out' }, intervalMs: INTERVAL_MS + 15 }),
    ]);
    console.log(lines.flat().join('\n'));
  });
});
