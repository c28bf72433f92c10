import type { CurvePiece } from './curve';
import type { Intensity } from './intensity';

/**
 * Yearly averages as a curve: each year (UTC) has its own, as far as the tables go.
 * @param ofYear the average of a year, or of the year nearest to it
 * @returns contiguous, from `fromMs` to `toMs`; neighbours that are equal are one
 */
export function yearlyCurve(ofYear: (year: number) => Intensity, fromMs: number, toMs: number): CurvePiece[] {
  const pieces: CurvePiece[] = [];
  for (let at = fromMs; at < toMs;) {
    const year = new Date(at).getUTCFullYear();
    const end = Math.min(toMs, Date.UTC(year + 1, 0));
    const { gPerKwh, source, basis } = ofYear(year);
    const last = pieces.at(-1);
    if (last?.gPerKwh === gPerKwh && last.source === source && last.basis === basis)
      pieces[pieces.length - 1] = { ...last, toMs: end };
    else pieces.push({ fromMs: at, toMs: end, gPerKwh, origin: 'yearly', isEstimate: false, source, basis });
    at = end;
  }
  return pieces;
}

/** A curve whose yearly parts are of their own year. @param yearly covers it */
export function withYears(curve: readonly CurvePiece[], yearly: readonly CurvePiece[]): CurvePiece[] {
  return curve.flatMap((piece) =>
    piece.origin !== 'yearly'
      ? [piece]
      : yearly.flatMap((year) => {
          const [fromMs, toMs] = [Math.max(piece.fromMs, year.fromMs), Math.min(piece.toMs, year.toMs)];
          return fromMs < toMs ? [{ ...year, fromMs, toMs }] : [];
        }),
  );
}
