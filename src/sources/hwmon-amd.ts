import { join } from 'node:path';
import { isErrno } from '../errors';
import { parseCpuList } from './cpu-list';
import { readCpuTopology } from './cpu-topology';
import type { HwmonSensor, SensorDomain } from './hwmon-sensors';
import { readKernelFile } from './kernel-file';
import { maxPowerW } from './powercap';
import type { Roots } from './source';

/**
 * Sockets of AMD EPYC processors through the driver amd_energy (in Linux 5.8 to 5.12, since then AMD's own module): a
 * 64-bit counter of µJ each. Cores (`Ecore000`, ...) are within their socket and left out.
 *
 * What the driver calls Esocket<N> it reads on a CPU of NUMA *node* N. With several nodes a socket (BIOS setting NPS2,
 * NPS4) several of them show one socket's counter: counted once, by the package that the node's CPUs are of.
 *
 * The driver multiplies before it divides, which overflows at 2^64: with the usual unit of 2^-16 J the value begins
 * anew after 281 MJ (some two weeks), which is a reset of the counter and one tick that is missing.
 * https://docs.kernel.org/5.10/hwmon/amd_energy.html, https://github.com/amd/amd_energy
 */
export function amdParts(sensors: readonly HwmonSensor[], roots: Pick<Roots, 'sys'>): SensorDomain[] {
  const sockets = sensors.flatMap((sensor) => {
    const node = /^Esocket(\d{1,4})$/.exec(sensor.label ?? '')?.[1];
    if (sensor.chip !== 'amd_energy' || sensor.kind !== 'energy' || node === undefined) return [];
    return [{ sensor, node: Number(node) }];
  });
  if (sockets.length === 0) return [];

  const topology = readCpuTopology(roots);
  const placed = sockets.map(({ sensor, node }) => {
    const cpu = readCpusOfNode(roots.sys, node)?.[0];
    return { sensor, node, packageId: cpu === undefined ? undefined : topology.get(cpu)?.package };
  });
  // Nodes without CPUs show nothing. Where no node's CPUs are known, each is taken for a socket, as the driver does.
  const isTold = placed.some(({ packageId }) => packageId !== undefined);
  const byPackage = new Map<number, [HwmonSensor, ...HwmonSensor[]]>();
  for (const { sensor, node, packageId = isTold ? null : node } of placed) {
    if (packageId === null) continue;
    const same = byPackage.get(packageId);
    if (same === undefined) byPackage.set(packageId, [sensor]);
    else same.push(sensor);
  }
  return [...byPackage].map(([packageId, [sensor, ...mirrors]]) => ({
    sensor,
    domain: {
      name: `package-${packageId}`,
      class: 'cpu',
      quality: 'measured',
      source: 'hwmon: amd_energy',
      maxPowerW: maxPowerW('cpu', []),
      place: { package: packageId },
      ...(mirrors.length === 0 ? {} : { note: mirrorNote(mirrors) }),
    },
  }));
}

function mirrorNote(mirrors: readonly HwmonSensor[]): string {
  const labels = mirrors.slice(0, 20).map(({ label }) => label ?? '');
  return `${labels.join(', ')} ${mirrors.length === 1 ? 'shows' : 'show'} the same counter: counted once`;
}

/** CPUs of a NUMA node; null where nothing tells. https://docs.kernel.org/admin-guide/mm/numaperf.html */
function readCpusOfNode(sys: string, node: number): number[] | null {
  try {
    return parseCpuList(readKernelFile(join(sys, `devices/system/node/node${node}/cpulist`)));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENODEV', 'EACCES', 'EIO')) return null;
    throw error;
  }
}
