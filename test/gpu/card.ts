import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../src/sources/program-path';
import { curveFrom, fakeGpu } from '../fake-nvidia-smi/gpus';
import { installFakeNvidiaSmi } from '../fake-nvidia-smi/install';
import { NvmlStub, StubBuilds, gpuLine, pointLines } from '../nvml-stub/nvml-stub';
import type { GpuKind } from './availability';
import { type Load, type LoadStep, findLoad } from './load';

/** A GPU that can be read in both ways and loaded in known steps. */
export interface Card {
  /** Path of NVML; undefined: where the driver's packages put it. */
  readonly nvml: string | undefined;
  readonly nvidiaSmi: string;
  readonly load: Load;
  remove(): void;
}

const IDLE_W = 60;
const BUSY_W = 340;
/** By then all that reads the stand-in has begun, unless this machine is very slow. */
const LEAD_NS = 12_000_000_000n;

/** @param steps the load that will be asked for: the power of a stand-in is a function of time */
export function openCard(kind: GpuKind, steps: readonly LoadStep[]): Card {
  return kind === 'card' ? openRealCard() : openStandIn(steps);
}

function openRealCard(): Card {
  const found = findProgram('nvidia-smi');
  if (typeof found !== 'string') throw new Error('there is no nvidia-smi');
  const dir = mkdtempSync(join(tmpdir(), 'eit-gpu-load-'));
  return {
    nvml: undefined,
    nvidiaSmi: found,
    load: findLoad(dir),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function openStandIn(steps: readonly LoadStep[]): Card {
  const startNs = process.hrtime.bigint() + LEAD_NS;
  const power = curveFrom(
    startNs,
    { kind: 'constant', forS: 0.1, powerW: IDLE_W },
    ...steps.map(({ part, forS }) => {
      return { kind: 'constant', forS, powerW: IDLE_W + part * (BUSY_W - IDLE_W) } as const;
    }),
    { kind: 'constant', forS: 1, powerW: IDLE_W },
  );
  const dir = mkdtempSync(join(tmpdir(), 'eit-gpu-'));
  const builds = new StubBuilds();
  const stub = new NvmlStub(builds, [gpuLine(0), ...pointLines(0, power)]);
  const fake = installFakeNvidiaSmi(dir, { layout: 'new', gpus: [fakeGpu(0, { power })] });
  return {
    nvml: stub.library,
    nvidiaSmi: fake.path,
    load: {
      how: 'a stand-in, whose power is a function of time',
      run: async (asked) => {
        const endMs = Number(startNs - process.hrtime.bigint()) / 1e6 + lengthMs(asked);
        await sleep(Math.max(0, endMs));
      },
    },
    remove: () => {
      stub.remove();
      builds.remove();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function lengthMs(steps: readonly LoadStep[]): number {
  return 1000 * steps.reduce((sum, { forS }) => sum + forS, 0);
}
