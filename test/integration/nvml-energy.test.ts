import { GpuEnergy } from '../../src/sources/gpu-energy';
import type { GpuReading } from '../../src/sources/gpu';
import { openNvml } from '../../src/sources/nvml';
import { loadKoffi, openNvmlLibrary } from '../../src/sources/nvml-library';
import { NvmlReader } from '../../src/sources/nvml-reader';
import { type Instant, isMissing } from '../../src/sources/source';
import { curveFrom } from '../fake-nvidia-smi/gpus';
import { type PowerPiece, energyBetween } from '../fake-nvidia-smi/power-curve';
import { NvmlStub, StubBuilds, gpuLine, pointLines } from '../nvml-stub/nvml-stub';
import { scaled } from '../scale';

const constant = (forS: number, powerW: number): PowerPiece => ({ kind: 'constant', forS, powerW });
const LOAD: readonly PowerPiece[] = [
  constant(1.3, 400),
  { kind: 'ramp', forS: 1.1, fromW: 400, toW: 650 },
  constant(0.7, 150),
  { kind: 'ramp', forS: 1.4, fromW: 650, toW: 80 },
];
const TIMES = scaled(1, 5);

const now = (): Instant => ({ monoNs: process.hrtime.bigint(), wallMs: Date.now() });

const builds = new StubBuilds();
afterAll(() => builds.remove());

/** What was added up between two times (J). */
class Sum {
  readonly #energy = new GpuEnergy(2_000_000_000n);
  #firstUj: bigint | null = null;
  energyJ = 0;

  add(reading: GpuReading, monoNs: bigint): void {
    this.#energy.add(reading, monoNs);
    const energyUj = this.#energy.energyUjAt(monoNs);
    if (isMissing(energyUj)) throw new Error(energyUj.missing);
    this.#firstUj ??= energyUj;
    this.energyJ = Number(energyUj - this.#firstUj) / 1e6;
  }
}

test('over a load that rises and falls the driver’s counter, its power added up, and what was drawn agree within 0.5 %', async () => {
  const startNs = process.hrtime.bigint() + 500_000_000n;
  const busy = Array.from({ length: TIMES }, () => LOAD).flat();
  const curve = curveFrom(startNs, constant(1.5, 80), ...busy, constant(2.5, 80));
  const endNs = startNs + BigInt(Math.round(curve.pieces.reduce((sum, { forS }) => sum + forS, 0) * 1e9));
  const stub = new NvmlStub(builds, [gpuLine(0), ...pointLines(0, curve)]);
  const koffi = loadKoffi();
  if (isMissing(koffi)) throw new Error(koffi.missing);
  const library = openNvmlLibrary(koffi, stub.library);
  if (isMissing(library)) throw new Error(library.missing);
  const nvml = openNvml(library, () => undefined);
  if (isMissing(nvml)) throw new Error(nvml.missing);

  const [counter, power] = [new Sum(), new Sum()];
  const times: bigint[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const reader = new NvmlReader(
        nvml,
        100,
        {
          onSnapshot: ({ gpus, monoNs }) => {
            const { energyMillijoules, ...rest } = gpus[0]!;
            if (typeof energyMillijoules !== 'number') return reject(new Error('there is no counter'));
            times.push(monoNs);
            counter.add({ ...rest, energyMillijoules }, monoNs);
            power.add(rest, monoNs);
            if (monoNs > endNs) {
              reader.stop();
              resolve();
            }
          },
          onProblem: () => undefined,
          onWarning: () => undefined,
        },
        now,
      );
      reader.start();
    });
  } finally {
    stub.remove();
  }

  const drawnJ = energyBetween(curve, times[0]!, times.at(-1)!);
  expect(drawnJ).toBeGreaterThan(1500);
  console.log(
    `${times.length} readings, ${drawnJ.toFixed(1)} J drawn: counter ${counter.energyJ.toFixed(1)} J, power ${power.energyJ.toFixed(1)} J`,
  );
  expect(Math.abs(counter.energyJ / drawnJ - 1)).toBeLessThan(0.005);
  expect(Math.abs(power.energyJ / drawnJ - 1)).toBeLessThan(0.005);
});
