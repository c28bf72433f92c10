/**
 * Of `known`, what someone who wrote `word` may have meant: at most `limit`, the nearest first. Letters of the other
 * case count as the same, a swap of neighbours as one edit; an edit for every
 * three letters of the word is near. Where only the case is other, that alone.
 */
export function nearest(word: string, known: Iterable<string>, limit = 3): string[] {
  const wanted = word.toLowerCase();
  const near = Math.max(1, Math.ceil(wanted.length / 3));
  if (wanted.length > 64) return [];
  const candidates = [...known]
    .map((candidate) => ({ candidate, edits: countEdits(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= near && edits < candidate.length)
    .sort((a, b) => a.edits - b.edits);
  const best = candidates[0]?.edits === 0 ? candidates.filter(({ edits }) => edits === 0) : candidates;
  return best.slice(0, limit).map(({ candidate }) => candidate);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function countEdits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (same ? 0 : 1),
          swapped ? at(i - 2, j - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
