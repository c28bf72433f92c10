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
/** Longer than a machine keeps anyone waiting: gaps are not what is tested here. */
const LONGEST_GAP_NS = 600_000_000_000n;
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

/** When a document was told of, when the fake read one of its GPUs, and when it had begun to print it (CLOCK_MONOTONIC, ns). */
interface Times {
  readonly toldNs: bigint;
  readonly readNs: bigint;
  readonly begunNs: bigint;
  readonly takenNs: bigint;
}

const trapezoidsJ = (readings: readonly Read[]): number =>
  readings.slice(1).reduce((sum, { powerW, monoNs }, index) => {
    const before = readings[index]!;
    return sum + ((before.powerW + powerW) / 2) * (Number(monoNs - before.monoNs) / 1e9);
  }, 0);

/**
 * By how much the area may differ if each reading has the time at which it was told of in place of that at which it was taken: each
 * moves the two straight lines that it is an end of. All being late alike changes nothing.
 */
function latenessJ(readings: readonly Read[], times: readonly Times[]): number {
  const lateS = times.map(({ toldNs, readNs }) => Number(toldNs - readNs) / 1e9);
  const usualS = lateS.toSorted((a, b) => a - b)[Math.floor(lateS.length / 2)]!;
  const at = (index: number): number => readings[index]?.powerW ?? 0;
  return lateS.reduce((sum, late, index) => {
    const isEnd = index === 0 || index === readings.length - 1;
    const neighbours = index === 0 ? at(0) + at(1) : at(index) + at(index - 1);
    const slopeW = isEnd ? neighbours : Math.abs(at(index + 1) - at(index - 1));
    return sum + (slopeW / 2) * Math.abs(late - usualS);
  }, 0);
}

describeTerminal('energy through nvidia-smi', (pty) => {
  /** Runs the fake with one GPU for each curve until all is over; checks the energy of each, and tells how far off it is. */
  async function measureAll(how: string, options: Parameters<typeof startReading>[1]): Promise<string[]> {
    const dir = mkdtempSync(join(tmpdir(), 'eit-smi-'));
    // Unless this machine is very slow, the first document comes before anything changes.
    const startNs = process.hrtime.bigint() + 3_000_000_000n;
    const drawn = CURVES.map((one) => curve(one, startNs));
    const gpus = drawn.map((power, position) => fakeGpu(position, { power }));
    const fake = installFakeNvidiaSmi(dir, { layout: 'new', gpus });
    const takenNs: bigint[] = [];
    const snapshots: GpuSnapshot[] = [];
    const { reader, problems } = startReading(fake.path, {
      ...options,
      onSnapshot: (snapshot) => {
        takenNs.push(process.hrtime.bigint());
        snapshots.push(snapshot);
      },
    });
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
      const times = documents.map(({ readNs, begunNs }, index) => ({
        toldNs: snapshots[index]!.monoNs,
        takenNs: takenNs[index]!,
        readNs: readNs[gpu]!,
        begunNs,
      }));
      const [name] = CURVES[gpu]!;
      return `${how}, ${name}: ${check(readings, times, power)}`;
    });
  }

  function check(readings: readonly Read[], times: readonly Times[], power: PowerCurve): string {
    // No document is left out, taken twice or taken for another: each has the power of when its GPU was read.
    readings.forEach(({ powerW }, index) => {
      expect(Math.abs(powerW - averagePowerAt(power, times[index]!.readNs))).toBeLessThan(0.0051);
    });
    // A document's time is after it was begun and before it was taken.
    for (const { toldNs, takenNs, begunNs } of times) {
      expect(toldNs).toBeGreaterThanOrEqual(begunNs);
      expect(toldNs).toBeLessThanOrEqual(takenNs);
    }
    // With the times at which the fake was read, the energy is that of the means at these times.
    const onTime = readings.map((one, index) => ({ ...one, monoNs: times[index]!.readNs - MIDDLE_NS }));
    const ideal = onTime.map(({ monoNs }) => ({
      powerW: averagePowerAt(power, monoNs + MIDDLE_NS),
      monoNs,
    }));
    const idealJ = trapezoidsJ(ideal);
    expect(Math.abs(measure(onTime, power).energyJ / idealJ - 1)).toBeLessThan(0.0005);
    // With its own times it differs from that by what late reads explain.
    const { energyJ, drawnJ } = measure(readings, power);
    const lateJ = latenessJ(readings, times);
    expect(Math.abs(energyJ - idealJ)).toBeLessThan(lateJ + 0.0005 * idealJ);
    const percent = (joules: number): string => `${((100 * joules) / drawnJ).toFixed(3)} %`;
    const sampling = idealJ - measure(onTime, power).drawnJ;
    return `${drawnJ.toFixed(1)} J, off by ${percent(energyJ - drawnJ)} (of the times of reading ${percent(sampling)}, late reads at most ${percent(lateJ)})`;
  }

  test(`${CURVES.map(([name]) => name).join(', ')}: exact with the times of reading, and off from that only by what late reads explain`, async () => {
    const lines = await Promise.all([
      measureAll('terminal', { pty, intervalMs: INTERVAL_MS }),
      // Printing adds nothing to the time between two calls.
      measureAll('pipes', { pty: { missing: 'left out' }, intervalMs: INTERVAL_MS + 15 }),
    ]);
    console.log(lines.flat().join('\n'));
  });
});
