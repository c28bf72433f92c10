import { visible } from '../config/visible';
import { EitError } from '../errors';

/** What a name is made of, in turn: text, or the numbers of a bracket as texts. */
type Part = string | readonly Range[];

interface Range {
  readonly from: number;
  readonly to: number;
  /** Digits at least, filled up with zeros: those of the first number. */
  readonly width: number;
}

/** Far above any cluster; a range of so many digits is no host's number. */
const MOST_DIGITS = 15;

/**
 * The hosts of a Slurm host list (SLURM_JOB_NODELIST, NodeName=), in its order: `n[1-3,05-07]`, `r[1-2]n[1-4]` (the last
 * bracket runs fastest), `gpu[1-2]-ib,login`. As `scontrol show hostnames`, which knows no text behind the last
 * bracket; see https://slurm.schedmd.com/slurm.conf.html#OPT_NodeName.
 * @param limit of hosts, so that a hostile list does not fill the memory
 * @throws EitError EIT_HOSTLIST with the position, counted from 1
 */
export function expandHostlist(text: string, { limit = 100_000 } = {}): string[] {
  if (text === '') return [];
  const items = parseItems(text);
  const count = items.reduce((sum, { parts }) => sum + countHosts(parts), 0);
  if (count > limit) throw fault(text, 0, `it names ${count} hosts, more than ${limit}`);
  return items.flatMap(({ parts }) => expandParts(parts));
}

function parseItems(text: string): Array<{ parts: Part[] }> {
  const items: Array<{ parts: Part[] }> = [{ parts: [] }];
  let at = 0;
  while (at < text.length) {
    const item = items.at(-1) as { parts: Part[] };
    const char = text[at];
    if (char === ',') {
      if (item.parts.length === 0) throw fault(text, at, 'a name is missing before the comma');
      items.push({ parts: [] });
      at += 1;
    } else if (char === '[') {
      const close = text.indexOf(']', at);
      if (close < 0) throw fault(text, at, 'this bracket is not closed');
      item.parts.push(parseRanges(text, at + 1, close));
      at = close + 1;
    } else if (char === ']') {
      throw fault(text, at, 'this bracket was not opened');
    } else {
      const name = /^[^[\],\s\p{C}]+/u.exec(text.slice(at))?.[0];
      if (name === undefined) throw fault(text, at, 'a blank or control character is in no host name');
      item.parts.push(name);
      at += name.length;
    }
  }
  if (items.at(-1)?.parts.length === 0) throw fault(text, text.length, 'a name is missing at the end');
  return items;
}

/** The inside of a bracket: `1-3,05-07,9`. */
function parseRanges(text: string, start: number, end: number): Range[] {
  let at = start;
  return text
    .slice(start, end)
    .split(',')
    .map((piece) => {
      const here = at;
      at += piece.length + 1;
      const [, from = '', to = from] = /^(\d+)(?:-(\d+))?$/.exec(piece) ?? [];
      if (from === '') throw fault(text, here, 'expected a number or a range such as 1-3');
      if (Math.max(from.length, to.length) > MOST_DIGITS) throw fault(text, here, 'the number is too long');
      if (Number(from) > Number(to)) throw fault(text, here, 'the range ends before it begins');
      return { from: Number(from), to: Number(to), width: from.length };
    });
}

function countHosts(parts: readonly Part[]): number {
  const sizes = parts.map((part) =>
    typeof part === 'string' ? 1 : part.reduce((sum, { from, to }) => sum + to - from + 1, 0),
  );
  return sizes.reduce((product, size) => product * size, 1);
}

function expandParts(parts: readonly Part[]): string[] {
  return parts.reduce<string[]>(
    (heads, part) => {
      const tails = typeof part === 'string' ? [part] : part.flatMap(expandRange);
      return heads.flatMap((head) => tails.map((tail) => head + tail));
    },
    [''],
  );
}

function expandRange({ from, to, width }: Range): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(width, '0'));
}

function fault(text: string, index: number, what: string): EitError {
  return new EitError(
    'EIT_HOSTLIST',
    `host list "${visible(text, 80)}", position ${index + 1}: ${what}; expected one such as n[1-3,05-07],login`,
  );
}
