import type { FakeGpu } from './config';
import type { PowerCurve, PowerPiece } from './power-curve';

/** A GPU to be changed by tests: an H100 that draws 100 W. */
export function fakeGpu(position: number, changes: Partial<FakeGpu> = {}): FakeGpu {
  const digit = (position + 1).toString(16);
  return {
    uuid: `GPU-${digit.repeat(8)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(12)}`,
    pci: `00000000:${digit}B:00.0`,
    minor: position,
    name: 'NVIDIA H100 80GB HBM3',
    architecture: 'Hopper',
    power: curveFrom(0n, { kind: 'constant', forS: 1, powerW: 100 }),
    ...changes,
  };
}

/** @param startNs CLOCK_MONOTONIC */
export function curveFrom(startNs: bigint, ...pieces: readonly PowerPiece[]): PowerCurve {
  return { startNs: String(startNs), pieces };
}
