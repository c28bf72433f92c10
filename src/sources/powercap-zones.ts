import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile } from './kernel-file';
import type { CpuPlace } from './source';

/** A powercap zone whose counter is to be read. */
export interface PowercapZone {
  /** Name of its directory, `intel-rapl:0:1`: the same wherever in sysfs it is found. */
  readonly id: string;
  readonly path: string;
  /** What it is called in the records: `package-0`, `dram-0`. */
  readonly domain: string;
  /** `whole`: psys, which holds the packages. */
  readonly class: 'cpu' | 'dram' | 'whole';
  /** The package, or die of it, that the zone's name tells of, or its parent's. */
  readonly place?: CpuPlace;
}

interface NamedZone {
  readonly id: string;
  readonly path: string;
  readonly name: string;
}

const ZONE_ID = /^[a-z][a-z0-9-]*(?::[0-9a-z]+)+$/;
const PACKAGE = /^package-(\d+)(?:-die-(\d+))?$/;
/** With several packages, all but the first add their number. */
const PLATFORM = /^psys(?:-\d+)?$/;

/**
 * The zones below <sys>/class/powercap, else below <sys>/devices/virtual/powercap, that are to be read: packages and DRAM,
 * each once, and psys (the whole platform, as context: it contains the packages).
 *
 * Left out are core and uncore, which are inside the package, and what a second interface to the same counter shows:
 * `intel-rapl-mmio` beside `intel-rapl`, and a zone that lies flat in the class folder and once more in its parent's.
 * Every package's DRAM zone is called `dram`: it takes its package's number.
 * @throws the system's error where the folder may not be read
 */
export function findZones(sys: string): PowercapZone[] {
  let zones = namedZones(join(sys, 'class/powercap'));
  if (zones.length === 0) zones = namedZones(join(sys, 'devices/virtual/powercap'));
  return withoutTwins(zones.flatMap((zone) => countedZone(zone, zones)));
}

function countedZone({ id, path, name }: NamedZone, zones: readonly NamedZone[]): PowercapZone[] {
  if (PLATFORM.test(name)) return [{ id, path, domain: name, class: 'whole' }];
  const place = placeOf(name);
  if (place !== null) return [{ id, path, domain: name, class: 'cpu', place }];
  if (name !== 'dram') return [];
  const parentId = id.slice(0, id.lastIndexOf(':'));
  const parent = zones.find((zone) => zone.id === parentId);
  const parentPlace = parent === undefined ? null : placeOf(parent.name);
  if (parent === undefined || parentPlace === null)
    return [{ id, path, domain: `dram-${id}`, class: 'dram' }];
  return [{ id, path, domain: parent.name.replace('package', 'dram'), class: 'dram', place: parentPlace }];
}

/** The kernel names zones by physical_package_id and, where packages have several dies, die_id. */
function placeOf(name: string): CpuPlace | null {
  const [, packageId, die] = PACKAGE.exec(name) ?? [];
  if (packageId === undefined) return null;
  return { package: Number(packageId), ...(die === undefined ? {} : { die: Number(die) }) };
}

/** Of zones with one name: the first if they are of different interfaces, all (named by their id) if of one. */
function withoutTwins(zones: readonly PowercapZone[]): PowercapZone[] {
  const counted: PowercapZone[] = [];
  // `intel-rapl` comes before `intel-rapl-mmio`: the same counter, but read on more machines.
  const inOrder = zones.toSorted(
    (a, b) => compare(interfaceOf(a.id), interfaceOf(b.id)) || compare(a.id, b.id),
  );
  for (const zone of inOrder) {
    const twin = counted.find(({ domain }) => domain === zone.domain);
    if (twin === undefined) counted.push(zone);
    else if (interfaceOf(twin.id) === interfaceOf(zone.id))
      counted.push({ ...zone, domain: `${zone.domain}:${zone.id}` });
  }
  return counted.toSorted((a, b) => compare(a.class, b.class) || compare(a.domain, b.domain));
}

function interfaceOf(id: string): string {
  return id.slice(0, id.indexOf(':'));
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Every zone below a folder, wherever it lies, once. */
function namedZones(dir: string): NamedZone[] {
  const zones = new Map<string, NamedZone>();
  const visit = (parent: string): void => {
    const found = listNames(parent)
      .filter((name) => ZONE_ID.test(name) && !zones.has(name))
      .map((id) => ({ id, path: join(parent, id), name: readName(join(parent, id)) }))
      .filter((zone): zone is NamedZone => zone.name !== null);
    for (const zone of found) zones.set(zone.id, zone);
    for (const { path } of found) visit(path);
  };
  visit(dir);
  // The zones of a control type (intel-rapl, ...) are in its own folder too, in devices/virtual/powercap only there.
  for (const controlType of listNames(dir).filter((name) => !name.includes(':')))
    visit(join(dir, controlType));
  return [...zones.values()];
}

function readName(zonePath: string): string | null {
  try {
    return readKernelFile(join(zonePath, 'name')).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR')) return null;
    throw error;
  }
}

function listNames(dir: string): string[] {
  try {
    return readdirSync(dir).toSorted();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
