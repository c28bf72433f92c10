import { IO_KEYS, type IoCounters } from './io-counters';
import { unexpected } from './kernel-file';
import type { Missing } from './source';

/** What one device counted, by its major number. */
export interface DeviceIo extends IoCounters {
  readonly major: number;
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
export function parseIoStat(text: string, path = 'io.stat'): DeviceIo[] | Missing {
  const found: DeviceIo[] = [];
  for (const line of text.split('\n')) {
    const words = line.split(' ').filter((word) => word !== '');
    const devices = words.filter((word) => !word.includes('='));
    if (devices.some((device) => !/^(?:\d+:\d+|\(unknown\))$/.test(device))) {
      return unexpected(path, line, 'a line `MAJOR:MINOR rbytes=N wbytes=N rios=N wios=N`');
    }
    const values = new Map(words.filter((word) => word.includes('=')).map(keyAndValue));
    const major = majorOf(devices.at(-1));
    if (values.size === 0 || major === null) continue;
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
    found.push({ major, readBytes, writtenBytes, readOps, writtenOps });
  }
  return found;
}

/**
 * The texts of blkio.throttle.io_service_bytes and io_serviced (version 1), recursive or not: lines `8:0 Read 1`, and
 * `Total N` at the end. Writes that go through the page cache are not told here: version 1 counts them in the root.
 * https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html
 */
export function parseBlkio(bytesText: string, opsText: string, path = 'blkio'): DeviceIo[] | Missing {
  const bytes = parseBlkioFile(bytesText);
  const ops = parseBlkioFile(opsText);
  if (bytes === null || ops === null) {
    return unexpected(path, bytes === null ? bytesText : opsText, 'lines `MAJOR:MINOR Read N`, `Total N`');
  }
  return [...new Set([...bytes.keys(), ...ops.keys()])].flatMap((device) => {
    const major = majorOf(device);
    if (major === null) return [];
    const [ofBytes, ofOps] = [bytes.get(device), ops.get(device)];
    return {
      major,
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
 * Adds up devices so that what passes through several counts once.
 *
 * The kernel counts a request at each device it passes: at the LVM volume and again at the disk below, unless the
 * volume's driver hands it on in another cgroup's name. So devices are added by kind (disks; device-mapper; md; loop;
 * ...), and of each number the kind that has most is taken. That is exact where each job's request ends at a disk that
 * tells it. It is too low where some are lost on the way down and others go to disks directly, and too high where one
 * device-mapper lies on another (LVM on LUKS) or a mirror writes twice.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#io
 * @param procDevices text of /proc/devices: which major number is what
 */
export function sumBlockIo(devices: readonly DeviceIo[], procDevices: string): IoCounters {
  const kinds = parseStackedMajors(procDevices);
  const sums = new Map<string, Record<keyof IoCounters, bigint>>();
  const most = { readBytes: 0n, writtenBytes: 0n, readOps: 0n, writtenOps: 0n };
  for (const device of devices) {
    const kind = kinds.get(device.major) ?? DISKS;
    const sum = sums.get(kind) ?? { readBytes: 0n, writtenBytes: 0n, readOps: 0n, writtenOps: 0n };
    sums.set(kind, sum);
    for (const key of IO_KEYS) {
      sum[key] += device[key];
      if (sum[key] > most[key]) most[key] = sum[key];
    }
  }
  return most;
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

/** null: no device, or `(unknown)`. */
function majorOf(device: string | undefined): number | null {
  const major = /^(\d+):\d+$/.exec(device ?? '')?.[1];
  return major === undefined ? null : Number(major);
}
