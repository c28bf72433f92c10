import type { IoCounters } from './io-counters';
import { unexpected } from './kernel-file';
import type { Missing } from './source';

/** What one device counted. */
export interface DeviceCounters extends IoCounters {
  /** `MAJOR:MINOR`. */
  readonly device: string;
}

export interface DeviceIo extends DeviceCounters {
  /** `disks`, or of devices that lie on others what they are: `device-mapper`, `md`, `loop`, ... */
  readonly kind: string;
}

/** Names in /proc/devices of devices that pass on to others what they are asked. */
const STACKED: ReadonlyMap<string, string> = new Map([
  ['device-mapper', 'device-mapper'],
  ['md', 'md'],
  ['mdp', 'md'],
  ['bcache', 'bcache'],
  ['drbd', 'drbd'],
  ['loop', 'loop'],
]);
const DISKS = 'disks';

/**
 * The text of io.stat (version 2): lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...`. A device without numbers yet may
 * stand alone at the end, or before the next one on its line. `(unknown)` is a device that nobody can open, such as one
 * path of NVMe multipath; the device that can be opened counts the same.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#io-interface-files
 */
export function parseIoStat(text: string, path = 'io.stat'): DeviceCounters[] | Missing {
  const found: DeviceCounters[] = [];
  for (const line of text.split('\n')) {
    const words = line.split(' ').filter((word) => word !== '');
    const devices = words.filter((word) => !word.includes('='));
    if (devices.some((device) => !/^(?:\d+:\d+|\(unknown\))$/.test(device))) {
      return unexpected(path, line, 'a line `MAJOR:MINOR rbytes=N wbytes=N rios=N wios=N`');
    }
    const values = new Map(words.filter((word) => word.includes('=')).map(keyAndValue));
    const device = devices.at(-1);
    if (values.size === 0 || !isDevice(device)) continue;
    const [readBytes, writtenBytes, readOps, writtenOps] = ['rbytes', 'wbytes', 'rios', 'wios'].map((key) =>
      wholeNumber(values.get(key)),
    );
    if (
      readBytes === undefined ||
      writtenBytes === undefined ||
      readOps === undefined ||
      writtenOps === undefined
    ) {
      return unexpected(path, line, 'a line `MAJOR:MINOR rbytes=N wbytes=N rios=N wios=N`');
    }
    found.push({ device, readBytes, writtenBytes, readOps, writtenOps });
  }
  return found;
}

/**
 * The texts of blkio.throttle.io_service_bytes and io_serviced (version 1), recursive or not: lines `8:0 Read 1`, and
 * `Total N` at the end. Writes that go through the page cache are not told here: version 1 counts them in the root.
 * https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html
 */
export function parseBlkio(bytesText: string, opsText: string, path = 'blkio'): DeviceCounters[] | Missing {
  const bytes = parseBlkioFile(bytesText);
  const ops = parseBlkioFile(opsText);
  if (bytes === null || ops === null) {
    return unexpected(path, bytes === null ? bytesText : opsText, 'lines `MAJOR:MINOR Read N`, `Total N`');
  }
  return [...new Set([...bytes.keys(), ...ops.keys()])].flatMap((device) => {
    if (!isDevice(device)) return [];
    const [ofBytes, ofOps] = [bytes.get(device), ops.get(device)];
    return {
      device,
      readBytes: ofBytes?.get('Read') ?? 0n,
      writtenBytes: ofBytes?.get('Write') ?? 0n,
      readOps: ofOps?.get('Read') ?? 0n,
      writtenOps: ofOps?.get('Write') ?? 0n,
    };
  });
}

/** Device, operation, number; null where it is of another form or its end is missing. */
function parseBlkioFile(text: string): Map<string, Map<string, bigint>> | null {
  const devices = new Map<string, Map<string, bigint>>();
  const lines = text.split('\n');
  if (!/^Total \d+$/.test(lines.at(-2) ?? '')) return null;
  for (const line of lines.slice(0, -2)) {
    const [, device, operation, value] = /^(\d+:\d+|\(unknown\)) ([A-Za-z]+) (\d+)$/.exec(line) ?? [];
    if (device === undefined || operation === undefined || value === undefined) return null;
    const operations = devices.get(device) ?? new Map<string, bigint>();
    devices.set(device, operations.set(operation, BigInt(value)));
  }
  return devices;
}

/**
 * The devices with their kinds.
 * @param procDevices text of /proc/devices: which major number is what
 */
export function withKinds(devices: readonly DeviceCounters[], procDevices: string): DeviceIo[] {
  const kinds = parseStackedMajors(procDevices);
  return devices.map((each) => ({ ...each, kind: kinds.get(Number(each.device.split(':')[0])) ?? DISKS }));
}

/** Of /proc/devices, below `Block devices:`, the major numbers of devices on devices, with their kind. */
function parseStackedMajors(text: string): Map<number, string> {
  const [, blockDevices = ''] = text.split('Block devices:\n');
  return new Map(
    blockDevices.split('\n').flatMap((line): [number, string][] => {
      const [, major, name = ''] = /^ *(\d+) (\S+)$/.exec(line) ?? [];
      const kind = STACKED.get(name);
      return kind === undefined ? [] : [[Number(major), kind]];
    }),
  );
}

function keyAndValue(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

function wholeNumber(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Not where there is none, or `(unknown)`. */
function isDevice(word: string | undefined): word is string {
  return word !== undefined && /^\d+:\d+$/.test(word);
}
