import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { KernelFile, readKernelFile, unexpected, unreadable } from './kernel-file';
import { groupMirrors } from './powercap-mirrors';
import { type PowercapZone, findZones } from './powercap-zones';
import {
  type CpuPlace,
  type EnergyDomain,
  type EnergyMeter,
  type EnergySource,
  type Missing,
  isMissing,
} from './source';

/**
 * RAPL energy counters of Intel and AMD processors, as the kernel's power capping framework shows them: packages and the
 * DRAM beside them, and psys as context. https://docs.kernel.org/power/powercap/powercap.html
 */
export const powercap = {
  name: 'powercap',
  description: 'RAPL counters of CPU packages and DRAM (powercap: energy_uj)',
  unit: 'µJ',
  open: (roots) => {
    const where = join(roots.sys, 'class/powercap');
    let zones: PowercapZone[];
    try {
      zones = findZones(roots.sys);
    } catch (error) {
      return unreadable(where, error);
    }
    if (zones.every((zone) => zone.class === 'whole')) return { missing: whyNone(where, zones) };

    const counters = zones.map((zone) => ({ zone, file: new KernelFile(join(zone.path, 'energy_uj')) }));
    const refusals = counters.map(({ file }) => refusal(file));
    // One counter that may be read is worth having; the others then say at each reading why they can't be.
    const counted = refusals.filter((_, i) => zones[i]?.class !== 'whole');
    const [first] = counted;
    if (first && counted.every((reason) => reason !== null)) {
      closeAll(counters);
      return first;
    }
    return meter(groupMirrors(counters, ({ file }) => readEnergyUj(file), waitForCounters));
  },
} satisfies EnergySource;

interface ZoneCounter {
  readonly zone: PowercapZone;
  readonly file: KernelFile;
}

function whyNone(where: string, zones: readonly PowercapZone[]): string {
  return zones.length === 0
    ? `no powercap zones below ${where} (no RAPL: virtual machine, or module intel_rapl_common not loaded)`
    : `only ${zones.map(({ domain }) => domain).join(', ')} below ${where}: the whole platform, and no package of it`;
}

/** Blocks for 1 ms, about as long as RAPL counters take to move; opening a source is synchronous. */
function waitForCounters(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** A meter of the first counter of each group; the others are closed. */
function meter(groups: readonly [ZoneCounter, ...ZoneCounter[]][]): EnergyMeter {
  const kept = groups.map(([first]) => first);
  closeAll(groups.flatMap(([, ...others]) => others));
  return {
    domains: groups.map(([first, ...others]) =>
      describe(
        first.zone,
        others.map(({ zone }) => zone),
      ),
    ),
    read: () => kept.map(readCounter),
    close: () => closeAll(kept),
  };
}

function readCounter({ file }: ZoneCounter): bigint | Missing {
  return readEnergyUj(file);
}

function closeAll(counters: readonly ZoneCounter[]): void {
  for (const { file } of counters) file.close();
}

/** Why a counter may not be opened, or null: one that fails in another way may yet be read later. */
function refusal(file: KernelFile): Missing | null {
  try {
    file.open();
    return null;
  } catch (error) {
    return isErrno(error, 'EACCES', 'EPERM') ? forbidden(file.path, error) : null;
  }
}

/** A counter (µJ), or why it cannot be read now: EACCES, EPERM, EINVAL, EIO, ENODATA, ... are never 0. */
export function readEnergyUj(file: Pick<KernelFile, 'path' | 'read'>): bigint | Missing {
  try {
    return parseEnergyUj(file.read(), file.path);
  } catch (error) {
    return isErrno(error, 'EACCES', 'EPERM') ? forbidden(file.path, error) : unreadable(file.path, error);
  }
}

/** The text of energy_uj, and of max_energy_range_uj: one number, microjoules. */
export function parseEnergyUj(text: string, path = 'energy_uj'): bigint | Missing {
  return /^\s*\d+\s*$/.test(text) ? BigInt(text.trim()) : unexpected(path, text, 'a number of microjoules');
}

/** Since CVE-2020-8694 the kernel gives energy_uj mode 0400: at this rate, power tells what a CPU computes. */
function forbidden(path: string, error: NodeJS.ErrnoException): Missing {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  const shown = mode === undefined ? '' : `, mode 0${(mode & 0o7777).toString(8)}`;
  return {
    missing: `may not read ${path} (${error.code}${shown}): run the agent as root or give it CAP_DAC_READ_SEARCH`,
  };
}

/** @param mirrors zones that show the same counter */
function describe(zone: PowercapZone, mirrors: readonly PowercapZone[]): EnergyDomain {
  const maxEnergyUj = readMaxEnergyUj(zone.path);
  const place = sharedPlace(zone, mirrors);
  return {
    name: zone.domain,
    class: zone.class,
    quality: 'measured',
    source: 'powercap',
    ...(maxEnergyUj === undefined ? {} : { maxEnergyUj }),
    maxPowerW: maxPowerW(zone.class, readLimitsW(zone.path)),
    ...(place === undefined ? {} : { place }),
    ...(mirrors.length === 0 ? {} : { note: mirrorNote(mirrors.map(({ domain }) => domain)) }),
  };
}

/** Where all of these zones are: of one the die, of several dies the package, of several packages nowhere. */
function sharedPlace({ place }: PowercapZone, mirrors: readonly PowercapZone[]): CpuPlace | undefined {
  if (mirrors.length === 0 || place === undefined) return place;
  return mirrors.every((mirror) => mirror.place?.package === place.package)
    ? { package: place.package }
    : undefined;
}

/** Of many zones the first few by name: a note has 512 characters. */
function mirrorNote(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  const more = names.length > 8 ? ` and ${names.length - 8} more` : '';
  return names.length === 1
    ? `${shown} shows the same counter and is left out`
    : `${shown}${more} show the same counter and are left out`;
}

/** Absent where the range is not told: a counter that goes back is then a reset, and no energy is made up for it. */
function readMaxEnergyUj(dir: string): bigint | undefined {
  const range = readNumber(join(dir, 'max_energy_range_uj'));
  return range === undefined || range === 0n ? undefined : range;
}

/** What the zone's power constraints say (W): constraint_N_max_power_uw and constraint_N_power_limit_uw. */
function readLimitsW(dir: string): number[] {
  return listNames(dir)
    .filter((name) => /^constraint_\d+_(?:max_power|power_limit)_uw$/.test(name))
    .map((name) => readNumber(join(dir, name)))
    .filter((limitUw) => limitUw !== undefined)
    .map((limitUw) => Number(limitUw) / 1e6);
}

/** None where the zone has gone since it was found. */
function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    unreadable(dir, error); // throws on anything but a system error
    return [];
  }
}

/** A number that may be missing: not every zone has constraints, and firmware answers some with ENODATA. */
function readNumber(path: string): bigint | undefined {
  try {
    const value = parseEnergyUj(readKernelFile(path), path);
    return isMissing(value) ? undefined : value;
  } catch (error) {
    unreadable(path, error); // throws on anything but a system error
    return undefined;
  }
}

const BOUNDS = {
  cpu: { unknownW: 1000, leastW: 500, plausibleW: 2000 },
  dram: { unknownW: 250, leastW: 125, plausibleW: 500 },
  whole: { unknownW: 5000, leastW: 2500, plausibleW: 10_000 },
};

/**
 * The most that a package, its DRAM or a platform (psys) can draw. An upper bound and no estimate: too low a figure makes true energy look
 * like a reset and loses it, too high a one only shortens the gap over which a second wrap cannot hide.
 *
 * Twice the highest of the zone's limits, since firmware lets power go above them for a while and an administrator may
 * raise a limit that is low now; therefore also never below a floor. Limits that no hardware has (0 is "not set", 4090 W
 * "none") are not looked at. Without any: 1,000 W a package (the largest server processors of 2025 are sold with 500 W)
 * and 250 W a package's DRAM (12 channels with two modules each at some 10 W); 5,000 W a platform.
 * @param limitsW what the constraints say
 */
export function maxPowerW(domainClass: PowercapZone['class'], limitsW: readonly number[]): number {
  const { unknownW, leastW, plausibleW } = BOUNDS[domainClass];
  const plausible = limitsW.filter((limitW) => limitW >= 1 && limitW <= plausibleW);
  return plausible.length === 0 ? unknownW : Math.max(leastW, 2 * Math.max(...plausible));
}
