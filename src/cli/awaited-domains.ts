import { join } from 'node:path';
import type { EnergyMeter, Missing, SourceSettings } from '../sources/source';

/** The driver wakes GPUs first where persistence mode is off. */
const LONGEST_MS = 30_000;
const POLL_MS = 100;

/** The config's part for sources, with where our own programs are: beside the bundle that this runs from. */
export function withPrograms(
  config: Omit<SourceSettings, 'gpuProgram' | 'warn'>,
  warn: (text: string) => void = () => undefined,
): SourceSettings {
  return { ...config, gpuProgram: join(__dirname, 'eit-gpu.js'), warn };
}

/**
 * Has the meters read that tell their domains later (GPUs), and waits until they have.
 * @param sleep waits so many ms
 * @returns why they told none, one for each such meter
 */
export async function awaitDomains(
  meters: readonly EnergyMeter[],
  sleep: (ms: number) => Promise<void>,
): Promise<Missing[]> {
  const silent = (): EnergyMeter[] =>
    meters.filter(({ classes, domains }) => classes && domains.length === 0);
  for (const meter of meters) meter.want?.(true);
  for (let waitedMs = 0; silent().length > 0 && waitedMs < LONGEST_MS; waitedMs += POLL_MS) {
    if (silent().every(({ trouble }) => (trouble ?? null) !== null)) break;
    await sleep(POLL_MS);
  }
  return silent().map(({ trouble }) => ({
    missing: trouble ?? `nothing was told of them in ${LONGEST_MS / 1000} s`,
  }));
}
