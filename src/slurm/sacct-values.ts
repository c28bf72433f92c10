/** The forms of sacct's values, one function each: pure, and null for what says nothing. */

const BYTES_OF_UNIT: Readonly<Record<string, number>> = {
  '': 1024 ** 2,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  P: 1024 ** 5,
  E: 1024 ** 6,
};

/** What Slurm's programs write for "no value" (slurm.h: NO_VAL, INFINITE and their 64-bit forms). */
const NO_VALUES = new Set([
  '4294967294',
  '4294967295',
  '4294967293',
  '18446744073709551613',
  '18446744073709551614',
  '18446744073709551615',
]);

/** No node draws as much (W): what would take more is no reading. */
const MOST_NODE_W = 100_000;

/** A text as it is; null for what Slurm writes where there is none. */
export function sacctText(text: string): string | null {
  return text === '' || /^(\(null\)|Unknown|None|None assigned|N\/A)$/i.test(text) ? null : text;
}

/** A whole number of 0 or more. */
export function sacctCount(text: string): number | null {
  if (!/^\d{1,16}$/.test(text) || NO_VALUES.has(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** A time as Unix seconds (SLURM_TIME_FORMAT=%s); `Unknown`, `None` and 0 are none. */
export function sacctTimeS(text: string): number | null {
  return sacctCount(text) || null;
}

/** `[D-]HH:MM:SS` or `MM:SS[.mmm]`, in whole seconds. */
export function sacctDurationS(text: string): number | null {
  const match = /^(?:(\d{1,6})-)?(?:(\d{1,6}):)?(\d\d):(\d\d)(?:\.\d+)?$/.exec(text);
  if (match === null) return null;
  const [, days = '0', hours = '0', minutes, seconds] = match;
  return Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** TimelimitRaw, minutes, as seconds; `UNLIMITED` and `Partition_Limit` are no number. */
export function sacctLimitS(text: string): number | null {
  const minutes = sacctCount(text);
  return minutes === null ? null : minutes * 60;
}

/**
 * Memory asked for by the whole job, in bytes. ReqTRES tells it since 20.11; ReqMem is of a CPU (`4Gc`) or a node (`16Gn`) before 21.08,
 * and of the job after that. 0 stands for all memory of the nodes: not known here.
 */
export function sacctMemoryBytes(
  tres: string,
  reqMem: string,
  { cpus, nodes }: { readonly cpus: number | null; readonly nodes: number | null },
): number | null {
  const told = tres.split(',').find((part) => part.startsWith('mem='));
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([KMGTPE]?)([cn]?)$/.exec(told?.slice('mem='.length) ?? reqMem);
  if (match === null) return null;
  const [, amount, unit = '', per] = match;
  const times = per === 'c' ? cpus : per === 'n' ? nodes : 1;
  const bytes = Math.round(Number(amount) * (BYTES_OF_UNIT[unit] ?? 0) * (times ?? 0));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : null;
}

/**
 * ConsumedEnergyRaw, joules. 0 is what Slurm tells where it measures none; more than nodes can draw is one of its
 * known faults.
 */
export function sacctEnergyJ(text: string, elapsedS: number | null, nodes: number | null): number | null {
  const joules = sacctCount(text);
  const most = MOST_NODE_W * Math.max(1, nodes ?? 1) * ((elapsedS ?? 0) + 60);
  return joules === null || joules === 0 || joules > most ? null : joules;
}

/** `CANCELLED by 1000` in two. */
export function sacctState(text: string): { readonly state: string; readonly cancelledByUid: number | null } {
  const match = /^([^\s+]+)\+?(?: by (\d+))?/.exec(text);
  return {
    state: match?.[1]?.slice(0, 64).toUpperCase() ?? 'UNKNOWN',
    cancelledByUid: sacctCount(match?.[2] ?? ''),
  };
}

/** What JobID tells beside the plain number: `12_3` a task of array 12, `12+1` a part of the heterogeneous job 12. */
export function sacctJobId(text: string): {
  readonly arrayJobId: number | null;
  readonly arrayTaskId: number | null;
  readonly hetJobId: number | null;
  readonly hetOffset: number | null;
} {
  const [, id = '', , task, , offset] = /^(\d+)(_(\d+))?(\+(\d+))?$/.exec(text) ?? [];
  const ofArray = task === undefined ? null : sacctCount(id);
  const ofHet = offset === undefined ? null : sacctCount(id);
  return {
    arrayJobId: ofArray,
    arrayTaskId: sacctCount(task ?? ''),
    hetJobId: ofHet,
    hetOffset: sacctCount(offset ?? ''),
  };
}
