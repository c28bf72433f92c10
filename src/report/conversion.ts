const UJ_PER_KWH = 3.6e12;

export function kwh(uj: bigint): number {
  return Number(uj) / UJ_PER_KWH;
}

/** A part of 1, which it never exceeds; null where the whole is nothing. */
export function part(amount: bigint, of: bigint): number | null {
  return of === 0n ? null : ratio(Math.min(1, Number(amount) / Number(of)));
}

/** Clocks are not exact to more than six digits, and a ratio of all should be 1. */
export function ratio(value: number): number;
export function ratio(value: number | null): number | null;
export function ratio(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e6) / 1e6;
}

/** A time as JSON has it. */
export function utc(ms: number): string {
  return new Date(ms).toISOString();
}
