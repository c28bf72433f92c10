import { readFileSync } from 'node:fs';
import { dataPath } from '../data-path';
import { EitError } from '../errors';

/** Which CPU a host has, in the words of its /proc/cpuinfo. */
export interface CpuIdentity {
  readonly vendor: string;
  readonly family: string;
  readonly model: string;
  readonly stepping: string;
}

/** A row of data/cpu-power.csv: patterns of an identity, and the power of one hardware thread. */
export interface CpuPower {
  readonly pattern: CpuIdentity;
  readonly microarchitecture: string;
  readonly idleWPerThread: number;
  readonly fullWPerThread: number;
}

/** data/cpu-power.csv, explained in data/cpu-power.md. @throws EitError EIT_DATA_FILE */
export function readCpuPower(path = dataPath('cpu-power.csv')): CpuPower[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new EitError('EIT_DATA_FILE', `cannot read ${path}: install this package again`, { cause: error });
  }
  return parseCpuPower(text, path);
}

/**
 * Lines of nine fields after a heading line; no quoting.
 * @throws EitError EIT_DATA_FILE, with the line, where one is not of this form
 */
export function parseCpuPower(text: string, path = 'cpu-power.csv'): CpuPower[] {
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line, index) => {
      const fields = line.split(',');
      const [vendor = '', family = '', model = '', stepping = '', microarchitecture = '', idle, full] =
        fields;
      const [idleWPerThread, fullWPerThread] = [Number(idle), Number(full)];
      if (fields.length !== 9 || !(idleWPerThread > 0) || !(fullWPerThread > idleWPerThread)) {
        const expected = 'nine fields, the sixth and seventh watts, 0 < idle < full';
        throw new EitError(
          'EIT_DATA_FILE',
          `${path}, line ${index + 2}: expected ${expected}, got ${JSON.stringify(line)}`,
        );
      }
      return {
        pattern: { vendor, family, model, stepping },
        microarchitecture,
        idleWPerThread,
        fullWPerThread,
      };
    });
}

/** The first row that fits; `cpu` is null where /proc/cpuinfo names no CPU (POWER, s390, RISC-V). */
export function findCpuPower(table: readonly CpuPower[], cpu: CpuIdentity | null): CpuPower | undefined {
  return table.find(({ pattern }) =>
    (['vendor', 'family', 'model', 'stepping'] as const).every((key) => fits(pattern[key], cpu?.[key])),
  );
}

function fits(pattern: string, value: string | undefined): boolean {
  if (pattern === '*') return true;
  return pattern.split(' ').some((part) => {
    const [, low, high] = /^(\d+)-(\d+)$/.exec(part) ?? [];
    if (low === undefined || high === undefined) return part === value;
    const number = Number(value);
    return number >= Number(low) && number <= Number(high);
  });
}

/**
 * The first processor of /proc/cpuinfo, on x86 and Arm; null where none is described in their way.
 * https://docs.kernel.org/filesystems/proc.html#kernel-data
 */
export function parseCpuinfo(text: string): CpuIdentity | null {
  const x86 = ['vendor_id', 'cpu family', 'model', 'stepping'];
  const arm = ['CPU implementer', 'CPU architecture', 'CPU part', 'CPU revision'];
  return identity(text, x86) ?? identity(text, arm);
}

function identity(text: string, keys: readonly string[]): CpuIdentity | null {
  const [vendor, family, model, stepping] = keys.map(
    (key) => new RegExp(`^${key}[ \\t]*: (\\S+)`, 'm').exec(text)?.[1],
  );
  return vendor === undefined || family === undefined || model === undefined
    ? null
    : { vendor, family, model, stepping: stepping ?? '' };
}
