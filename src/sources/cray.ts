import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { countAmdGpus } from './amd-gpus';
import { KernelFile, unexpected, unreadable } from './kernel-file';
import {
  type EnergyDomain,
  type EnergyMeter,
  type EnergySource,
  type Instant,
  type Missing,
  isMissing,
} from './source';

/**
 * Counters that the blade controller of an HPE Cray EX (and Cray XC) node keeps and shows in <sys>/cray/pm_counters, ten
 * times a second: the node, which holds the rest, all CPU sockets together, memory, and each accelerator.
 *
 * A file holds `<joules> J <microseconds> us`. What it says belongs to its own time stamp, up to 100 ms before it is read
 * (the clock of the stamps is the controller's: on some systems since its start, so it is compared with nothing). Whole
 * joules: a short tick's growth comes in steps.
 *
 * `freshness` counts the controller's scans: values between two equal readings of it are of one scan, and if it no longer
 * changes the controller hangs and every counter stands still, which must not look like no power. `startup` tells when the
 * controller's counters began: when it changes they are others. `generation` says nothing of the kind, it counts changes of
 * the power cap.
 *
 * An accelerator is a module: on MI250X that is two of what Slurm and the driver count as GPUs.
 * https://cray-hpe.github.io/docs-csm/en-15/operations/power_management/user_access_to_compute_node_power_data/
 */
export const cray = {
  name: 'cray',
  description: 'Counters of HPE Cray EX nodes (pm_counters: node, CPUs, memory, accelerators)',
  unit: 'J',
  open: (roots) => {
    const dir = join(roots.sys, 'cray/pm_counters');
    let names: string[];
    try {
      names = readdirSync(dir);
    } catch (error) {
      return isErrno(error, 'ENOENT') ? { missing: `no ${dir}: not a Cray node` } : unreadable(dir, error);
    }
    const found = findCounters(names).map(({ name, domain }) => ({
      name,
      file: new KernelFile(join(dir, name)),
      domain,
    }));
    const counters = found.filter(({ file }) => !isAtZero(file));
    if (counters.length === 0) {
      const zeros = found.map(({ name }) => name).join(', ');
      return { missing: `no counter of energy in ${dir}${zeros === '' ? '' : ` (0 J in ${zeros})`}` };
    }
    const modules = counters.filter(({ domain }) => domain.class === 'gpu').length;
    const accelerators = gpusOfModule(modules, countAmdGpus(roots.sys));
    const counted = counters.map(({ file, domain }) => ({
      file,
      domain: domain.class === 'gpu' ? { ...domain, accelerators } : domain,
    }));
    return new PmCounters(dir, counted, names.includes('startup'));
  },
} satisfies EnergySource;

/** How many GPUs a module holds; one where the driver's do not go evenly into them, as where it shows none. */
function gpusOfModule(modules: number, gpus: number): number {
  return gpus > 0 && modules > 0 && gpus % modules === 0 ? gpus / modules : 1;
}

interface PmCounter {
  readonly file: KernelFile;
  readonly domain: EnergyDomain;
}

/** Bounds that no node's hardware reaches (W): the counters don't wrap, so too high ones cost nothing. */
const MAX_POWER_W = { whole: 20_000, cpu: 5_000, dram: 2_000, gpu: 5_000, other: 20_000 };

/** The domains that have a file of energy, by the names of all files: nodes without accelerators have none for them. */
export function findCounters(names: readonly string[]): { name: string; domain: EnergyDomain }[] {
  const counter = (name: string, domain: Pick<EnergyDomain, 'name' | 'class' | 'isNode'>) => ({
    name,
    domain: {
      quality: 'measured' as const,
      source: 'cray: pm_counters',
      maxPowerW: MAX_POWER_W[domain.class],
      ...domain,
    },
  });
  const numbered = names
    .flatMap((name) => /^accel(\d{1,3})_energy$/.exec(name)?.[1] ?? [])
    .sort((a, b) => Number(a) - Number(b));
  return [
    counter('energy', { name: 'node', class: 'whole', isNode: true }),
    counter('cpu_energy', { name: 'package-0', class: 'cpu' }),
    counter('memory_energy', { name: 'dram-0', class: 'dram' }),
    ...numbered.map((n) => counter(`accel${n}_energy`, { name: `gpu-${Number(n)}`, class: 'gpu' })),
    // Of Cray XC, and of nodes with one accelerator.
    ...(numbered.length === 0 ? [counter('accel_energy', { name: 'gpu-0', class: 'gpu' })] : []),
  ].filter(({ name }) => names.includes(name));
}

/**
 * Holds 0: a file that is there though nothing is measured. Those of accelerators are on nodes without one too, those of
 * CPUs and memory on boards without their sensors. Another source may then serve the class.
 */
function isAtZero(file: KernelFile): boolean {
  const energyUj = readEnergy(file);
  file.close();
  return energyUj === 0n;
}

/** The text of a file of energy: whole joules, and since version 3 of the counters their time. @returns µJ */
export function parseEnergy(text: string, path = 'energy'): bigint | Missing {
  const joules = /^\s*(\d{1,19}) J(?: \d{1,20} us)?\s*$/.exec(text)?.[1];
  return joules === undefined ? unexpected(path, text, 'joules and their time') : BigInt(joules) * 1_000_000n;
}

/** 0 J since the controller began is no measurement. */
function readCounter(file: KernelFile): bigint | Missing {
  const energyUj = readEnergy(file);
  return energyUj === 0n ? { missing: `${file.path} holds 0 J: it does not measure` } : energyUj;
}

function readEnergy(file: KernelFile): bigint | Missing {
  try {
    return parseEnergy(file.read(), file.path);
  } catch (error) {
    return unreadable(file.path, error);
  }
}

/** How often values are read again that a scan of the controller came between: a scan takes 100 ms, reading less than 1. */
const MOST_TRIES = 3;
/** After this long without a scan the controller hangs (ns): 30 scans and more are missing. */
const LONGEST_STILL_NS = 3_000_000_000n;

/**
 * Reads values that are of one scan of the controller: again, a bounded number of times, where one came between.
 * @param readScan the scan's number
 */
export function readOneScan<T extends object>(
  readScan: () => bigint | Missing,
  readValues: () => T,
): (T & { readonly scan: bigint }) | Missing {
  let before = readScan();
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (isMissing(before)) return before;
    const values = readValues();
    const after = readScan();
    if (after === before) return { ...values, scan: before };
    before = after;
  }
  return isMissing(before)
    ? before
    : { missing: `the counters changed during each of ${MOST_TRIES} readings` };
}

class PmCounters implements EnergyMeter {
  readonly domains: readonly EnergyDomain[];
  readonly #files: readonly KernelFile[];
  readonly #freshness: KernelFile;
  readonly #startup: KernelFile | null;
  /** The controller's last scan that was seen, and when it was seen first. */
  #scan: { readonly number: bigint; readonly seenNs: bigint } | null = null;
  #startedAt: bigint | null = null;

  constructor(dir: string, counters: readonly PmCounter[], hasStartup: boolean) {
    this.domains = counters.map(({ domain }) => domain);
    this.#files = counters.map(({ file }) => file);
    this.#freshness = new KernelFile(join(dir, 'freshness'));
    this.#startup = hasStartup ? new KernelFile(join(dir, 'startup')) : null;
  }

  read(at: Instant): readonly (bigint | Missing)[] {
    const reading = readOneScan(
      () => readNumber(this.#freshness),
      () => ({
        startedAt: this.#startup === null ? null : readNumber(this.#startup),
        values: this.#files.map(readCounter),
      }),
    );
    const reason = isMissing(reading) ? reading : this.#whyNotCounted(reading, at.monoNs);
    if (reason !== null) return this.#files.map(() => reason);
    return isMissing(reading) ? [] : reading.values;
  }

  close(): void {
    for (const file of [...this.#files, this.#freshness, this.#startup]) file?.close();
  }

  /** Why a reading is not to be counted, or null. Takes it for the last one either way. */
  #whyNotCounted(
    { scan, startedAt }: ScanReading & { readonly scan: bigint },
    monoNs: bigint,
  ): Missing | null {
    if (isMissing(startedAt)) return startedAt;
    const wasRestarted = this.#startedAt !== null && startedAt !== this.#startedAt;
    this.#startedAt = startedAt;
    if (this.#scan?.number !== scan) this.#scan = { number: scan, seenNs: monoNs };
    if (wasRestarted) return { missing: 'the counters began anew (pm_counters/startup changed)' };
    const stillNs = monoNs - this.#scan.seenNs;
    if (stillNs <= LONGEST_STILL_NS) return null;
    return {
      missing: `the counters have not changed for ${stillNs / 1_000_000_000n} s (pm_counters/freshness): the controller hangs`,
    };
  }
}

interface ScanReading {
  /** null where the node has no such file. */
  readonly startedAt: bigint | Missing | null;
  readonly values: readonly (bigint | Missing)[];
}

/** `freshness` and `startup`: one number, which some versions follow with its time. */
function readNumber(file: KernelFile): bigint | Missing {
  try {
    const text = file.read();
    const number = /^\s*(\d{1,20})(?: \d{1,20} us)?\s*$/.exec(text)?.[1];
    return number === undefined ? unexpected(file.path, text, 'a number') : BigInt(number);
  } catch (error) {
    return unreadable(file.path, error);
  }
}
