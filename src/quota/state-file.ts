import type { QuotaPer } from './usage';

/** Folders of the state: one a kind of subject. */
export const KINDS: readonly QuotaPer[] = ['user', 'account', 'partition', 'qos'];

/** The file that holds for everyone who has none of his own; no encoded name begins with @. */
export const OTHERS = '@others';

/** The file that tells users' uids by name. */
export const USER_NAMES = 'users';

const MAGIC = 'eit-quota 1';
const NAMES_MAGIC = 'eit-quota-users 1';
const END = 'end';

/** A file system takes names of 255 bytes; the files' temporary names are longer than they. */
const LONGEST_NAME = 200;

/** A quota as a file of the state tells it. */
export interface QuotaLine {
  /** In `unit`. */
  readonly used: number;
  readonly limit: number;
  /** kWh, kgCO2e or a currency. */
  readonly unit: string;
  /** As in the config: `month`, `30 days`. */
  readonly period: string;
  /** End of the period, Unix seconds; null: it has none. */
  readonly untilS: number | null;
}

/** What a file of the state tells of one subject. */
export interface StateFile {
  /** End of the newest record, Unix seconds; null: there were none. */
  readonly dataUntilS: number | null;
  readonly quotas: readonly QuotaLine[];
}

/**
 * The name of a subject's file in the folder of its kind: of a user his uid; else the name with each byte (UTF-8) that is no
 * letter, digit, dash or underscore as % and two hexadecimal capitals, so that it is no path and no hidden file.
 * @returns null where it would be too long for a file's name
 */
export function stateFileName(name: string): string | null {
  const encoded = encodeName(name);
  return encoded === '' || encoded.length > LONGEST_NAME ? null : encoded;
}

/** A name as one word without blanks: see {@link stateFileName}. */
export function encodeName(name: string): string {
  return [...Buffer.from(name, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** Whether a quota's period has ended by now: what was used in it counts no more. */
export function hasEnded({ untilS }: QuotaLine, nowS: number): boolean {
  return untilS !== null && untilS <= nowS;
}

/** Whether a limit is reached. */
export function isOver(line: QuotaLine, nowS: number): boolean {
  return (hasEnded(line, nowS) ? 0 : line.used) >= line.limit;
}

/**
 * The text of a file of the state; docs/quotas.md describes it.
 * @param nowS Unix seconds
 */
export function formatStateFile({ dataUntilS, quotas }: StateFile, nowS: number): string {
  const state = (line: QuotaLine): string => (isOver(line, nowS) ? 'over' : 'within');
  const all = quotas.some((line) => isOver(line, nowS)) ? 'over' : 'within';
  const lines = quotas.map((line) =>
    [
      state(line),
      // Less than nothing, by prices below 0: the words are digits alone.
      plain(Math.max(0, line.used)),
      plain(line.limit),
      line.unit,
      line.period.replace(' ', '_'),
      line.untilS ?? 0,
    ].join(' '),
  );
  return `${[`${MAGIC} ${dataUntilS ?? 0} ${all} ${quotas.length}`, ...lines, END].join('\n')}\n`;
}

/** @returns null where the text is no whole file of this form */
export function parseStateFile(text: string): StateFile | null {
  const lines = text.split('\n');
  const head = /^eit-quota 1 (\d{1,12}) (?:within|over) (\d{1,4})$/.exec(lines[0] ?? '');
  if (head === null || lines.at(-1) !== '' || lines.at(-2) !== END) return null;
  const quotas = lines.slice(1, -2).map(parseLine);
  if (quotas.length !== Number(head[2]) || quotas.includes(null)) return null;
  const dataUntilS = Number(head[1]);
  return { dataUntilS: dataUntilS === 0 ? null : dataUntilS, quotas: quotas.filter((line) => line !== null) };
}

function parseLine(line: string): QuotaLine | null {
  const found =
    /^(?:within|over) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?) (kWh|kgCO2e|[A-Z]{3}) (day|month|quarter|year|\d{1,3}_days) (\d{1,12})$/.exec(
      line,
    );
  if (found === null) return null;
  const [, used = '', limit = '', unit = '', period = '', untilS = ''] = found;
  return {
    used: Number(used),
    limit: Number(limit),
    unit,
    period: period.replace('_', ' '),
    untilS: untilS === '0' ? null : Number(untilS),
  };
}

/** The text of the file {@link USER_NAMES}: a line a user, his uid and his encoded name. */
export function formatUserNames(uids: ReadonlyMap<string, number>): string {
  const lines = [...uids].map(([name, uid]) => `${uid} ${encodeName(name)}`).sort();
  return `${[NAMES_MAGIC, ...lines, END].join('\n')}\n`;
}

/** Uids by encoded name; null where the text is no whole file of this form. */
export function parseUserNames(text: string): ReadonlyMap<string, number> | null {
  const lines = text.split('\n');
  if (lines[0] !== NAMES_MAGIC || lines.at(-1) !== '' || lines.at(-2) !== END) return null;
  const uids = new Map<string, number>();
  for (const line of lines.slice(1, -2)) {
    const [, uid = '', name = ''] = /^(\d{1,10}) (\S+)$/.exec(line) ?? [];
    if (name === '') return null;
    uids.set(name, Number(uid));
  }
  return uids;
}

/** Plain decimals, for sh and Lua: what is smaller than a billionth of the unit is 0. */
function plain(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '');
}
