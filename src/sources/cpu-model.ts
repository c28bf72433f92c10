import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuPower, findCpuPower, parseCpuinfo, readCpuPower } from './cpu-power';
import { unreadable } from './kernel-file';
import { openProcStat } from './proc-stat';
import { type EnergySource, type Missing, isMissing } from './source';

/** Ticks of /proc/stat can run a little ahead of the clock, so that a busy host seems to draw more than at full load. */
const MARGIN = 1.1;

/**
 * Energy worked out from a power model, for a host without counters: idle and full-load power of its CPU from a table
 * (data/cpu-power.csv), in between by the busy part of its CPUs' time.
 */
export const cpuModel = {
  name: 'cpu-model',
  description: 'Power model of the CPU: idle and full-load watts from a table, interpolated by the busy part',
  unit: 'W',
  open: (roots) => {
    const cpuinfoPath = join(roots.proc, 'cpuinfo');
    const power = readHostPower(cpuinfoPath);
    if (isMissing(power)) return power;
    const procStat = openProcStat(roots);
    const cpu = procStat.read();
    if (isMissing(cpu)) {
      procStat.close();
      return cpu;
    }

    // As they are now: a CPU that goes offline later must not change what has been counted since boot.
    const { cpus } = cpu;
    const model = { idleW: power.idleWPerThread * cpus, fullW: power.fullWPerThread * cpus, cpus };
    return {
      domains: [
        {
          name: 'package-0',
          class: 'cpu',
          quality: 'modelled',
          source: `cpu-model: ${power.microarchitecture}, ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`,
          maxPowerW: model.fullW * MARGIN,
          idlePowerW: model.idleW,
          // SPECpower's watts are of whole servers.
          holds: ['dram'],
        },
      ],
      read: ({ monoNs }) => {
        const now = procStat.read();
        return [isMissing(now) ? now : modelledEnergyUj(model, monoNs, now.busyNs)];
      },
      close: () => procStat.close(),
    };
  },
} satisfies EnergySource;

/** Power of a host (W): all CPUs idle, all CPUs busy. */
export interface PowerModel {
  readonly idleW: number;
  readonly fullW: number;
  readonly cpus: number;
}

/**
 * Energy since boot (µJ): idle power over all of the time, and what a busy CPU adds over its busy time. It follows from
 * what the kernel counts alone, so an agent that starts anew finds the same counter.
 * @param monoNs CLOCK_MONOTONIC (ns)
 * @param busyNs CPU time spent busy since boot, over all CPUs (ns)
 */
export function modelledEnergyUj({ idleW, fullW, cpus }: PowerModel, monoNs: bigint, busyNs: bigint): bigint {
  const idleUw = BigInt(Math.round(idleW * 1e6));
  const busyUwPerCpu = BigInt(Math.round(((fullW - idleW) / cpus) * 1e6));
  return (idleUw * monoNs + busyUwPerCpu * busyNs) / 1_000_000_000n;
}

/** The table's power for the CPU that a /proc/cpuinfo names. */
export function readHostPower(cpuinfoPath: string): CpuPower | Missing {
  let cpuinfo: string;
  try {
    cpuinfo = readFileSync(cpuinfoPath, 'utf8');
  } catch (error) {
    return unreadable(cpuinfoPath, error);
  }
  const power = findCpuPower(readCpuPower(), parseCpuinfo(cpuinfo));
  return power ?? { missing: `no row of data/cpu-power.csv fits the CPU of ${cpuinfoPath}` };
}
