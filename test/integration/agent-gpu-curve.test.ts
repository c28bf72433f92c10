import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../src/generated/record';
import { until } from '../cluster/until';
import { curveFrom, fakeGpu } from '../fake-nvidia-smi/gpus';
import { type FakeNvidiaSmi, installFakeNvidiaSmi } from '../fake-nvidia-smi/install';
import { type PowerPiece, energyBetween } from '../fake-nvidia-smi/power-curve';
import { AgentHome } from './agent-home';

/** The whole way: a power curve of known integral, nvidia-smi, eit-gpu, the agent, a run's record. */
const GPU = 'gpu-1b:00.0';
/** Before and after it power is constant: there it does not matter which second a joule is of. */
const CALM_S = 3;
const BUSY_S = 8;

let folder: string;
let home: AgentHome;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'eit-curve-'))));
afterEach(async () => {
  await home.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function ended(): Promise<RunRecord[]> {
  return until(
    'the last record',
    20_000,
    () => (home.runs().at(-1)?.end === undefined ? undefined : home.runs()),
    () => home.agentLog(),
  );
}

/** CLOCK_MONOTONIC (ns) at a wall clock's time. */
function monoAt(utc: string): bigint {
  return process.hrtime.bigint() - BigInt(Date.now() - Date.parse(utc)) * 1_000_000n;
}

test.each<[string, ...PowerPiece[]]>([
  [
    'steps',
    { kind: 'constant', forS: BUSY_S / 2, powerW: 600 },
    { kind: 'constant', forS: BUSY_S / 2, powerW: 350 },
  ],
  [
    'ramps',
    { kind: 'ramp', forS: BUSY_S / 2, fromW: 200, toW: 700 },
    { kind: 'ramp', forS: BUSY_S / 2, fromW: 700, toW: 200 },
  ],
  ['spikes of 200 ms', { kind: 'spikes', forS: BUSY_S, baseW: 200, spikeW: 600, spikeS: 0.2, everyS: 1.7 }],
])('a run has what its GPU drew: %s', async (_, ...busy) => {
  const calm: PowerPiece = { kind: 'constant', forS: CALM_S, powerW: 200 };
  const curve = curveFrom(process.hrtime.bigint() + 4_000_000_000n, calm, ...busy, calm);
  const fake: FakeNvidiaSmi = installFakeNvidiaSmi(folder, {
    layout: '570',
    gpus: [fakeGpu(0, { power: curve })],
  });
  home = new AgentHome([`nvidia_smi: ${fake.path}`, 'gpu: { nvidia: nvidia-smi }']);
  await home.start();
  home.hook('prolog', 7, { SLURM_JOB_GPUS: '0' });
  home.setCpu(7, 0.1);
  await sleep(1000 * (4 + CALM_S + BUSY_S + CALM_S / 2));
  home.hook('epilog', 7);
  const records = await ended();

  const told = records.filter(({ gpu }) => gpu !== undefined);
  const observedMs = told.reduce((sum, { gpu }) => sum + gpu!.ms, 0);
  const toNs = monoAt(records.at(-1)!.to);
  const drawnJ = energyBetween(curve, toNs - BigInt(observedMs) * 1_000_000n, toNs);
  const joules = told.reduce((sum, { measured_uj: measured }) => sum + (measured[GPU]?.[0] ?? 0), 0) / 1e6;
  expect(observedMs).toBeGreaterThan(1000 * (CALM_S + BUSY_S));
  expect(Math.abs(joules / drawnJ - 1)).toBeLessThan(0.01);
  process.stdout.write(
    `a run's joules of ${drawnJ.toFixed(1)} J: ${(100 * (joules / drawnJ - 1)).toFixed(3)} %\n`,
  );
});
