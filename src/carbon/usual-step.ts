/**
 * The step of a series: the length that most of its stretches have. Of two that are as common it is the shorter: a hole is seen rather than filled.
 * @param lengthsMs of its stretches, or from each begin to the next
 * @returns ms; NaN where there are none
 */
export function usualStepMs(lengthsMs: Iterable<number>): number {
  const counts = new Map<number, number>();
  for (const ms of lengthsMs) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  let [usual, most] = [NaN, 0];
  for (const [ms, count] of counts)
    if (count > most || (count === most && ms < usual)) [usual, most] = [ms, count];
  return usual;
}
