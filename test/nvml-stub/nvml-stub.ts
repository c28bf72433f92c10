import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PowerCurve } from '../fake-nvidia-smi/power-curve';

/** The library as drivers of today have it, or as one of 2017. */
export type StubAge = 'new' | 'old';

/** What stands in for NVIDIA's library, compiled: in a folder of its own. */
export class StubBuilds {
  readonly #dir = mkdtempSync(join(tmpdir(), 'eit-nvml-build-'));

  /** @throws what the compiler says; it is needed to build EIT's optional packages too */
  path(age: StubAge): string {
    const path = join(this.#dir, `${age}.so`);
    if (existsSync(path)) return path;
    const flags = [
      '-O1',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-shared',
      '-fPIC',
      ...(age === 'old' ? ['-DOLD'] : []),
    ];
    execFileSync('cc', [...flags, '-o', path, join(__dirname, 'nvml.c')], { stdio: 'pipe' });
    return path;
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** The stub in a folder, with what its GPUs show. Its lines are described in nvml.c. */
export class NvmlStub {
  readonly dir = mkdtempSync(join(tmpdir(), 'eit-nvml-'));
  readonly library = join(this.dir, 'libnvidia-ml.so.1');

  constructor(builds: StubBuilds, lines: readonly string[], age: StubAge = 'new') {
    copyFileSync(builds.path(age), this.library);
    this.show(lines);
  }

  /** Shows this from now on. */
  show(lines: readonly string[]): void {
    const path = join(this.dir, 'nvml.conf');
    writeFileSync(`${path}.new`, ['driver 550.54.15', ...lines, ''].join('\n'));
    renameSync(`${path}.new`, path);
  }

  /** The processes that have initialised the library, in order. */
  get inits(): number[] {
    return this.#pids('inits');
  }

  /** The processes that have shut it down. */
  get shutdowns(): number[] {
    return this.#pids('shutdowns');
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #pids(name: string): number[] {
    const path = join(this.dir, name);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  }
}

/** The line of a GPU with a UUID of its own, and an address that is not in the order of its minor number. */
export function gpuLine(index: number, capability = '9.0', model = 'NVIDIA H100 80GB HBM3'): string {
  const bus = (0x1b + index).toString(16);
  return `gpu ${gpuUuid(index)} 0 ${bus} 0 ${7 - index} ${capability} ${model}`;
}

export function gpuUuid(index: number): string {
  return `GPU-0000000${index}-aaaa-bbbb-cccc-0123456789ab`;
}

/** The lines of a GPU whose power is this curve, one of constant parts and ramps; its counter is the area under it. */
export function pointLines(index: number, { startNs, pieces }: PowerCurve): string[] {
  let atNs = BigInt(startNs);
  return pieces.flatMap((piece) => {
    if (piece.kind === 'spikes') throw new Error('the stub has no spikes');
    const [fromW, toW] =
      piece.kind === 'ramp' ? [piece.fromW, piece.toW] : ([piece.powerW, piece.powerW] as const);
    const line = (ns: bigint, powerW: number): string => `point ${index} ${ns} ${Math.round(powerW * 1000)}`;
    const begin = atNs;
    atNs += BigInt(Math.round(piece.forS * 1e9));
    // A nanosecond is no time: the next part begins where this one ends.
    return [line(begin, fromW), line(atNs - 1n, toW)];
  });
}

/** What the counter of `energy GPU MILLIWATTS ORIGIN` shows at a time (mJ). */
export function energyMillijoulesAt(monoNs: bigint, milliwatts: number, originNs = 0n): number {
  return Number((BigInt(milliwatts) * (monoNs - originNs)) / 1_000_000_000n);
}
