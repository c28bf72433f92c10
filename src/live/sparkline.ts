const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN = ['_', '.', '-', '=', '*', '#'];

/** The last values as columns, the greatest of them full height; a blank where nothing was known. */
export function sparkline(values: readonly (number | null)[], width: number, isUnicode: boolean): string {
  const shown = values.slice(-width);
  const most = Math.max(0, ...shown.map((value) => value ?? 0));
  const steps = isUnicode ? BLOCKS : PLAIN;
  return shown
    .map((value) => {
      if (value === null) return ' ';
      const step = most > 0 ? Math.round((value / most) * (steps.length - 1)) : 0;
      return steps[step] ?? ' ';
    })
    .join('');
}

/** Values of the last readings by what they are of; what is no longer told is forgotten. */
export class History {
  readonly #most: number;
  #series = new Map<string, (number | null)[]>();

  constructor(most: number) {
    this.#most = most;
  }

  add(values: ReadonlyMap<string, number | null>): void {
    const next = new Map<string, (number | null)[]>();
    for (const [key, value] of values) {
      next.set(key, [...(this.#series.get(key) ?? []), value].slice(-this.#most));
    }
    this.#series = next;
  }

  of(key: string): readonly (number | null)[] {
    return this.#series.get(key) ?? [];
  }
}
