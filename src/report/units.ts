interface Unit {
  readonly name: string;
  readonly size: number;
}

const ENERGY_UNITS: readonly Unit[] = [
  { name: 'GWh', size: 1e6 },
  { name: 'MWh', size: 1e3 },
  { name: 'kWh', size: 1 },
  { name: 'Wh', size: 1e-3 },
  { name: 'mWh', size: 1e-6 },
  { name: 'µWh', size: 1e-9 },
  { name: 'nWh', size: 1e-12 },
];

const MASS_UNITS: readonly Unit[] = [
  { name: 'kt', size: 1e6 },
  { name: 't', size: 1e3 },
  { name: 'kg', size: 1 },
  { name: 'g', size: 1e-3 },
  { name: 'mg', size: 1e-6 },
  { name: 'µg', size: 1e-9 },
  { name: 'ng', size: 1e-12 },
];

/** An energy in the unit that fits, with three significant digits: `1.23 kWh`. Only 0 is `0 Wh`. */
export function energyText(kwh: number): string {
  return inUnits(kwh, ENERGY_UNITS, 'Wh');
}

/** A mass in the unit that fits, with three significant digits: `1.23 kg`. Only 0 is `0 g`. */
export function massText(kg: number): string {
  return inUnits(kg, MASS_UNITS, 'g');
}

const VOLUME_UNITS: readonly Unit[] = [
  { name: 'm³', size: 1e3 },
  { name: 'l', size: 1 },
  { name: 'ml', size: 1e-3 },
  { name: 'µl', size: 1e-6 },
];

/** A volume of water in the unit that fits, with three significant digits: `1.23 l`. Only 0 is `0 l`. */
export function volumeText(litres: number): string {
  return inUnits(litres, VOLUME_UNITS, 'l');
}

/** Money to the cent, and below a cent with two significant digits: `12.34`, `0.0012`. Only 0 is `0.00`. */
export function moneyText(amount: number): string {
  return amount === 0 || Math.abs(amount) >= 0.01
    ? amount.toFixed(2)
    : plainNumber(Number(amount.toPrecision(2)));
}

/** An amount of a quota: an energy in kWh, a mass in kgCO2e, or money with its currency. */
export function quotaAmountText(amount: number, unit: string): string {
  if (unit === 'kWh') return energyText(amount);
  return unit === 'kgCO2e' ? massText(amount) : `${amount.toFixed(2)} ${unit}`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A number of bytes in the unit that fits, with three significant digits: `79.6 GiB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  // Up to 1023 of a unit have four digits.
  const digits = unit === 0 || value >= 999.5 ? String(Math.round(value)) : value.toPrecision(3);
  return `${digits} ${BYTE_UNITS[unit]}`;
}

function inUnits(value: number, units: readonly Unit[], zeroUnit: string): string {
  if (value === 0) return `0 ${zeroUnit}`;
  // Rounded first: 999.6 Wh is 1.00 kWh.
  const rounded = Number(value.toPrecision(3));
  // The smallest unit takes what is smaller still.
  const unit = units.find(({ size }) => rounded >= size * (1 - 1e-9)) ?? units[units.length - 1]!;
  const digits = (rounded / unit.size).toPrecision(3);
  return `${digits.includes('e') ? String(Number(digits)) : digits} ${unit.name}`;
}

/** A length of time as in sacct, [D-]HH:MM:SS; below a minute in seconds, so that short jobs show. */
export function durationText(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 59.95) return `${Number(seconds.toPrecision(3))} s`;
  const whole = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const days = Math.floor(whole / 86_400);
  const time = `${two(Math.floor(whole / 3600) % 24)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return days > 0 ? `${days}-${time}` : time;
}

/** A part of 1 as a percentage, cut to tenths: 100 % only where nothing lacks, and 0 % only where all does. */
export function percentText(part: number): string {
  return shareText(Math.min(1, part));
}

/** The same of what may be more than the whole: a quota that is used up. */
export function shareText(share: number): string {
  const percent = Math.floor(share * 1000 + 1e-9) / 10;
  return share > 0 && percent === 0 ? '<0.1 %' : `${percent} %`;
}

/** A number for programs: plain decimals, never an exponent, twelve significant digits. */
export function plainNumber(value: number): string {
  const rounded = Number(value.toPrecision(12));
  if (rounded === 0 || Math.abs(rounded) >= 1e-6) return String(rounded);
  return rounded.toFixed(11 - Math.floor(Math.log10(Math.abs(rounded)))).replace(/0+$/, '');
}

/** `1 run`, `2 runs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
