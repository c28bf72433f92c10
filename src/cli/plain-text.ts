import { styleText } from 'node:util';
import { displayWidth, pad, visible } from '../report/printable';
import { largest } from '../science/sample';
import type { Surroundings } from './command';

const GAP = '  ';

/** A column of `alignedRows`. */
export interface PlainColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A table of few lines, for people: what is not ours in it is made visible. */
export function alignedRows(columns: readonly PlainColumn[], rows: readonly (readonly string[])[]): string[] {
  const shown = [columns.map(({ title }) => title), ...rows.map((row) => row.map((cell) => visible(cell)))];
  const widths = columns.map((_, i) => largest(shown.map((row) => displayWidth(row[i] ?? ''))));
  return shown.map((row) =>
    columns
      .map(({ align = 'left' }, i) => pad(row[i] ?? '', widths[i] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}

/** Two columns without a title: what it is, and what there is to say of it, each further line below. */
export function labelledLines(lines: readonly (readonly [label: string, text: string])[]): string[] {
  const width = Math.max(...lines.map(([label]) => displayWidth(label)));
  return lines.map(([label, text]) => `${pad(label, width, 'left')}${GAP}${visible(text)}`);
}

/** With the unit that fits, in thousands. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power] ?? ''}`;
}

/** JSON.stringify escapes C0 controls; a terminal also obeys DEL, C1 controls and direction overrides. */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A value as JSON of several lines; nothing in it that a terminal obeys. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2).replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
  return `${text}\n`;
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** Colours where a terminal shows the result and nobody minds (https://no-color.org). */
export function painter({ env, output }: Surroundings): (colour: Colour, text: string) => string {
  const colours = output.stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return (colour, text) => (colours ? styleText(colour, text) : text);
}
