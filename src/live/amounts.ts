import { energyText, massText } from '../report/units';

const J_PER_KWH = 3.6e6;

/** Watts in at most six columns; `?` where nobody knows. */
export function wattsText(watts: number | null | undefined): string {
  if (watts === undefined) return '-';
  if (watts === null) return '?';
  // Rounded first: 9.996 W is 10.0 W.
  if (watts < 9.995) return watts.toFixed(2);
  if (watts < 99.95) return watts.toFixed(1);
  return watts < 99_999.5 ? watts.toFixed(0) : `${(watts / 1000).toFixed(0)}k`;
}

/** An energy in the unit that fits. */
export function joulesText(energyJ: number): string {
  return energyText(energyJ / J_PER_KWH);
}

/** @param gPerKwh what a kilowatt-hour counts for, with PUE */
export function co2eText(energyJ: number, gPerKwh: number | null): string {
  return gPerKwh === null ? '-' : massText(((energyJ / J_PER_KWH) * gPerKwh) / 1000);
}

/** Bytes in at most five columns, in powers of 1024: `512M`, `1.5G`. */
export function shortBytes(bytes: number | null): string {
  if (bytes === null) return '-';
  const units = ['B', 'K', 'M', 'G', 'T', 'P'];
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : value.toFixed(0)}${units[unit] ?? ''}`;
}

/** A length of time in at most eight columns: `12s`, `3:05`, `1:02:03`, `2d 03h`. */
export function shortTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  if (whole < 86_400)
    return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return `${Math.floor(whole / 86_400)}d ${two(Math.floor(whole / 3600) % 24)}h`;
}

/** Part of 1 in whole per cent. */
export function shortPercent(part: number | null): string {
  return part === null ? '-' : `${Math.round(part * 100)}%`;
}
