import { dramPowerUw } from '../hardware/dram-power';
import { type InstalledMemory, readInstalledMemory } from './installed-memory';
import { type EnergySource, isMissing } from './source';

/** The counter follows the clock exactly; this is for what a reader's clock and ours may differ by. */
const MARGIN = 1.1;

/**
 * Energy of the installed memory from a power model, for a host whose memory no counter measures. Not beside a model of
 * the whole server, which holds its memory.
 */
export const dramModel = {
  name: 'dram-model',
  description: 'Power model of memory: 0.3725 W per GB installed, in use or not',
  unit: 'W',
  open: (roots) => {
    const memory = readInstalledMemory(roots);
    if (isMissing(memory)) return memory;

    // As it is now: memory that is added or goes offline later must not change what has been counted since boot.
    const powerUw = dramPowerUw(memory.bytes);
    const powerW = Number(powerUw) / 1e6;
    return {
      domains: [
        {
          name: 'dram-0',
          class: 'dram',
          quality: 'modelled',
          source: describe(memory),
          maxPowerW: powerW * MARGIN,
          idlePowerW: powerW,
        },
      ],
      read: ({ monoNs }) => [(powerUw * monoNs) / 1_000_000_000n],
      close: () => {},
    };
  },
} satisfies EnergySource;

const KNOWN_FROM = { dmi: 'installed', blocks: 'online', meminfo: 'MemTotal' } as const;

function describe({ bytes, from }: InstalledMemory): string {
  const gib = bytes / 2 ** 30;
  return `dram-model: ${gib >= 100 ? Math.round(gib) : Number(gib.toFixed(1))} GiB ${KNOWN_FROM[from]}`;
}
