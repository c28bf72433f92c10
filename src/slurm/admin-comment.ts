/** What EIT writes into a job's AdminComment: one short piece, in letters that each version of sacctmgr keeps as they are. */

/** Figures of one run of a job. */
export interface CommentFigures {
  /** With PUE, as in reports. */
  readonly energyKwh: number;
  readonly co2eKg: number;
  /** 0 to 1; null: not known. */
  readonly coverage: number | null;
}

/** Why a comment is let be: it is another program's, sacctmgr would change it, or there is no room. */
export const KEPT_REASONS = ['program', 'letters', 'long'] as const;
export type KeptReason = (typeof KEPT_REASONS)[number];

/** What becomes of a comment. */
export type MergedComment =
  | { readonly kind: 'right' }
  | { readonly kind: 'write'; readonly text: string }
  | { readonly kind: 'kept'; readonly reason: KeptReason };

/** Bytes of a whole comment: squeue and scontrol show it on one line, and slurmctld holds it in memory. */
export const LONGEST_COMMENT_BYTES = 2000;

const SEPARATOR = ' | ';
const TOKEN = /^eit:kwh=[0-9.]+(;[a-z0-9_]+=[0-9.]+)*$/;

/** As many digits count. */
const DIGITS = 3;
const MOST_DECIMALS = 9;

/** A value that a program reads as a whole: JSON, XML, or a mark and what is packed behind it, such as `JS1:H4sI...`. */
const OF_A_PROGRAM = /^\s*[[{<]|^[A-Za-z0-9_.-]+:\S+$|^\S{64,}$/;

/**
 * What sacctmgr does not give back as it got it: 22.05 makes small letters of capitals, ` of quotes, and takes quotes around a value
 * away (seen on 22.05.8). What is no printing character is not ours to send.
 */
const CHANGED = /[A-Z"']|\p{C}|\p{Lu}/u;

/** `eit:kwh=1.24;co2e_kg=0.41;cov=1.00`; without `cov` where it is not known. */
export function commentToken({ energyKwh, co2eKg, coverage }: CommentFigures): string {
  const parts = [`kwh=${decimal(energyKwh)}`, `co2e_kg=${decimal(co2eKg)}`];
  // Cut, not rounded: 1.00 is all of it.
  if (coverage !== null) parts.push(`cov=${(Math.floor(coverage * 100 + 1e-9) / 100).toFixed(2)}`);
  return `eit:${parts.join(';')}`;
}

/**
 * Puts a token into a comment: in place of an older one, else behind what others wrote, which stays as it is.
 * @param comment as sacct tells it; empty: none
 * @param token of {@link commentToken}
 */
export function mergeComment(comment: string, token: string): MergedComment {
  const pieces = comment === '' ? [] : comment.split(SEPARATOR);
  const others = pieces.filter((piece) => !TOKEN.test(piece));
  const at = pieces.findIndex((piece) => TOKEN.test(piece));
  // All as it is, even if there is more that could not be written.
  if (pieces.length - others.length === 1 && pieces[at] === token) return { kind: 'right' };
  const rest = others.join(SEPARATOR);
  if (OF_A_PROGRAM.test(rest)) return { kind: 'kept', reason: 'program' };
  if (CHANGED.test(rest)) return { kind: 'kept', reason: 'letters' };
  const place = at === -1 ? others.length : at;
  const text = [...others.slice(0, place), token, ...others.slice(place)].join(SEPARATOR);
  return Buffer.byteLength(text) > LONGEST_COMMENT_BYTES
    ? { kind: 'kept', reason: 'long' }
    : { kind: 'write', text };
}

/** Without an exponent: 0.000123, 1.24, 12300. */
function decimal(value: number): string {
  if (!(value > 0)) return '0';
  const decimals = Math.min(MOST_DECIMALS, Math.max(0, DIGITS - 1 - Math.floor(Math.log10(value))));
  const text = value.toFixed(decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
