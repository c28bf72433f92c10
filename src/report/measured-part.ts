/**
 * How energy was read, in words: `measured`, `modelled`, or `93 % measured`; of a mixture never 0 or 100 %.
 * @param part of the energy that was measured, 0 to 1; null: there is no energy
 * @param none the words where there is none
 */
export function measuredPartText(part: number | null, none: string): string {
  if (part === null) return none;
  if (part >= 1) return 'measured';
  return part <= 0 ? 'modelled' : `${Math.min(99, Math.max(1, Math.round(part * 100)))} % measured`;
}

/** As `measuredPartText`, and of a mixture what the rest is. */
export function measuredAndRestText(part: number | null, none: string): string {
  const text = measuredPartText(part, none);
  return text.endsWith('% measured') ? `${text}, the rest modelled` : text;
}
