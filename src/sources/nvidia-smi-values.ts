import { MOST_GPU_W } from './gpu-limits';
import type { Missing } from './source';

/** The most memory that a GPU or an instance may have (MiB): 16 TiB. */
const MOST_MEMORY_MIB = 16 * 1024 * 1024;

/**
 * The values of nvidia-smi's XML: a number, a space and a unit. What it cannot tell it says in words, in place of the value: `N/A`,
 * `[N/A]`, `ERR!`, `[Unknown Error]`, `GPU is lost`, `Insufficient Permissions`, `Requested functionality has been deprecated`. So
 * whatever is no number with its unit is a reason.
 */

/**
 * Power such as `629.45 W`.
 * @param tag its name, for the reason
 * @returns W, up to {@link MOST_GPU_W}; Missing of 0 too: no board that runs its driver draws none
 */
export function parseGpuPowerW(text: string, tag: string): number | Missing {
  const watts = /^(\d{1,9}(?:\.\d{1,9})?) ?W$/.exec(text)?.[1];
  if (watts === undefined)
    return { missing: text === '' ? `${tag} is empty` : `${tag} says ${quoted(text)}` };
  const powerW = Number(watts);
  if (powerW === 0) return { missing: `${tag} says 0 W: it does not measure` };
  return powerW <= MOST_GPU_W ? powerW : { missing: `${tag} says ${powerW} W, which no GPU draws` };
}

/** A percentage such as `37 %`, as a part from 0 to 1; null for anything else. */
export function parsePart(text: string | null): number | null {
  const percent = Number(/^(\d{1,3}(?:\.\d{1,6})?) ?%$/.exec(text ?? '')?.[1] ?? NaN);
  return percent <= 100 ? percent / 100 : null;
}

/** Memory such as `20475 MiB`, in bytes; null for anything else. */
export function parseMemoryBytes(text: string | null): number | null {
  const mebibytes = Number(/^(\d{1,9}) ?MiB$/.exec(text ?? '')?.[1] ?? NaN);
  return mebibytes <= MOST_MEMORY_MIB ? mebibytes * 1024 * 1024 : null;
}

/** A whole number up to `most`; null for anything else. */
export function parseWhole(text: string | null, most: number): number | null {
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : NaN;
  return value <= most ? value : null;
}

/**
 * A PCI bus id as the kernel writes it: `00000000:3B:00.0` is `0000:3b:00.0`. The domain may be left out, and may have more than
 * four digits (bridges that make domains of their own).
 * @returns null for anything else
 */
export function parsePciBusId(text: string | null): string | null {
  const found = /^(?:([\da-f]{1,8}):)?([\da-f]{2}):([01][\da-f])\.([0-7])$/i.exec(text ?? '');
  if (found === null) return null;
  const [, domain = '', bus, device, fn] = found;
  return `${domain.replace(/^0+/, '').padStart(4, '0')}:${bus}:${device}.${fn}`.toLowerCase();
}

/** N of P-state `PN`, 0 to 15; null for anything else. */
export function parsePerformanceState(text: string | null): number | null {
  return parseWhole(/^P(\d{1,2})$/.exec(text ?? '')?.[1] ?? null, 15);
}

/** `GPU-…` or `MIG-…` as the driver has it; null for anything else. */
export function parseUuid(text: string | null, kind: 'GPU' | 'MIG'): string | null {
  const isOne = text !== null && text.startsWith(`${kind}-`) && /^[\w/-]{5,100}$/.test(text);
  return isOne ? text : null;
}

/** Text of the driver, fit to be shown: one short line with nothing in it that a terminal acts on. */
export function printable(text: string, most = 80): string {
  const shown = text.replace(/[^\x20-\x7e]/g, '?');
  return shown.length > most ? `${shown.slice(0, most - 3)}...` : shown;
}

/** The same in quotes. */
export function quoted(text: string): string {
  return `"${printable(text)}"`;
}
