import { readCpuTopology } from './cpu-topology';
import type { HwmonSensor, SensorDomain } from './hwmon-sensors';
import type { CpuPlace, EnergyDomain, Roots } from './source';

/** The most that may be read (W): well above what the parts are sold with, since nothing but a broken sensor is told by it. */
const MAX_POWER_W = { module: 5000, grace: 2000, cpu: 1500, sysio: 1000 };

type SensorKind = keyof typeof MAX_POWER_W;

/**
 * NVIDIA Grace, GH200 and their like: ACPI power meters (driver acpi_power_meter, chip `power_meter`) that firmware names
 * `Module Power Socket 0`, `Grace Power Socket 0`, `CPU Power Socket 0`, `SysIO Power Socket 0`. Each is the mean over 50 ms
 * or 1 s. What they hold:
 *
 *     Module  (GH200)  the whole superchip: Grace, GPU with its HBM, losses of the regulators
 *     └ Grace          all of the CPU's side: CPU, SysIO, its LPDDR5X memory, their regulators' losses
 *       ├ CPU          the rail of cores and caches
 *       └ SysIO        the rail of the rest of the chip: fabric, memory controllers, I/O
 *
 * So that nothing counts twice and nothing is lost, Grace is counted in three parts: CPU as `package-N`, SysIO as `sysio-N`
 * of class cpu too (in other makers' package counters it is included), and Grace less both as `dram-N`: memory, with what
 * regulators lose. The module is context, since it holds the GPU that nvidia-smi reads. Where the CPU's rail has no sensor,
 * Grace as a whole is `package-N`, and says that it holds the memory.
 * https://docs.nvidia.com/grace-perf-tuning-guide/power-thermals.html#power-telemetry;
 * labels: https://github.com/NVIDIA/edk2-nvidia, Silicon/NVIDIA, BpmpSsdtSocket*_TH500.asl
 */
export function graceParts(sensors: readonly HwmonSensor[], roots: Pick<Roots, 'sys'>): SensorDomain[] {
  const sockets = new Map<number, Partial<Record<SensorKind, HwmonSensor>>>();
  for (const sensor of sensors) {
    const label = sensor.chip === 'power_meter' && sensor.kind === 'power' ? parseLabel(sensor.label) : null;
    if (label === null) continue;
    const socket = sockets.get(label.socket) ?? {};
    socket[label.kind] ??= sensor;
    sockets.set(label.socket, socket);
  }
  if (sockets.size === 0) return [];
  const numbers = [...sockets.keys()].sort((a, b) => a - b);
  const places = placesOf(numbers, roots);
  return numbers.flatMap((number) => socketParts(number, sockets.get(number) ?? {}, places.get(number)));
}

/** A power meter's powerN_oem_info: what it measures and of which socket; null: none of Grace's. */
export function parseLabel(label: string | null): { kind: SensorKind; socket: number } | null {
  const [, kind, socket] = /^(module|grace|cpu|sysio) power socket (\d{1,3})$/i.exec(label ?? '') ?? [];
  return kind === undefined ? null : { kind: kind.toLowerCase() as SensorKind, socket: Number(socket) };
}

function socketParts(
  number: number,
  { module, grace, cpu, sysio }: Partial<Record<SensorKind, HwmonSensor>>,
  place: CpuPlace | undefined,
): SensorDomain[] {
  const parts: SensorDomain[] = [];
  const at = place === undefined ? {} : { place };
  if (cpu !== undefined) {
    parts.push({ sensor: cpu, domain: { ...domain(`package-${number}`, 'cpu', 'cpu', cpu), ...at } });
    if (sysio !== undefined) {
      parts.push({ sensor: sysio, domain: { ...domain(`sysio-${number}`, 'cpu', 'sysio', sysio), ...at } });
    }
  }
  if (grace !== undefined) {
    const inside = [cpu, sysio].filter((sensor) => sensor !== undefined);
    const asMemory = domain(
      `dram-${number}`,
      'dram',
      'grace',
      grace,
      `Grace less ${cpu && sysio ? 'CPU and SysIO' : 'CPU'}: memory and losses`,
    );
    const asPackage = domain(`package-${number}`, 'cpu', 'grace', grace, 'all of Grace, with its memory');
    parts.push(
      cpu === undefined
        ? { sensor: grace, domain: { ...asPackage, ...at, holds: ['dram'] } }
        : { sensor: grace, less: inside, domain: asMemory },
    );
  }
  if (module !== undefined) {
    parts.push({
      sensor: module,
      domain: domain(`module-${number}`, 'whole', 'module', module, 'holds Grace and the GPU'),
    });
  }
  return parts;
}

function domain(
  name: string,
  domainClass: EnergyDomain['class'],
  kind: SensorKind,
  { averageMs }: HwmonSensor,
  what?: string,
): EnergyDomain {
  const note = [what, averageMs === undefined ? undefined : `means over ${averageMs} ms`]
    .filter((part) => part !== undefined)
    .join('; ');
  return {
    name,
    class: domainClass,
    quality: 'measured',
    source: 'hwmon: power_meter',
    maxPowerW: MAX_POWER_W[kind],
    isIntegrated: true,
    ...(note === '' ? {} : { note }),
  };
}

/**
 * The package of each socket. Arm firmware may give packages numbers of its own: then they are taken in their order, if
 * there are as many.
 */
function placesOf(sockets: readonly number[], roots: Pick<Roots, 'sys'>): ReadonlyMap<number, CpuPlace> {
  const packages = [...new Set([...readCpuTopology(roots).values()].map((place) => place.package))];
  packages.sort((a, b) => a - b);
  const isNumberedAlike = packages.length === 0 || sockets.every((socket) => packages.includes(socket));
  if (isNumberedAlike) return new Map(sockets.map((socket) => [socket, { package: socket }]));
  if (packages.length !== sockets.length) return new Map();
  return new Map(packages.map((id, i) => [sockets[i] ?? 0, { package: id }]));
}
