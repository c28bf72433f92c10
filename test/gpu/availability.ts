import { existsSync } from 'node:fs';
import { PROGRAM_FOLDERS, findProgram } from '../../src/sources/program-path';
import { isMissing } from '../../src/sources/source';

/** What the measurement is made on: a card of this machine, or what stands in for one (EIT_GPU_STAND_IN=1). */
export type GpuKind = 'card' | 'stand-in';

/** Why there is no card to measure on, in words for whoever runs the tests; null: there is one. */
export function gpuUnavailable(): string | null {
  if (!existsSync('/proc/driver/nvidia/version')) return "NVIDIA's driver is not loaded";
  const found = findProgram('nvidia-smi');
  if (found === null) return `there is no nvidia-smi in ${PROGRAM_FOLDERS.join(', ')}`;
  return isMissing(found) ? found.missing : null;
}

/**
 * Registers a suite that needs an NVIDIA GPU. Where there is none it is a single skipped test that says why; with
 * EIT_REQUIRE_GPU=1 a failing one.
 */
export function describeGpu(name: string, suite: (kind: GpuKind) => void): void {
  if (process.env.EIT_GPU_STAND_IN === '1') {
    describe(`${name} (a stand-in)`, () => suite('stand-in'));
    return;
  }
  const reason = gpuUnavailable();
  const title = `${name} (a real NVIDIA GPU)`;
  if (reason === null) {
    describe(title, () => suite('card'));
  } else if (process.env.EIT_REQUIRE_GPU === '1') {
    test(title, () => {
      throw new Error(`required here (EIT_REQUIRE_GPU=1), but ${reason}`);
    });
  } else {
    test.skip(`${title}: ${reason}`, () => undefined);
  }
}
