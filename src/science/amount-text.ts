import { energyText, massText, plainNumber } from '../report/units';

/** An amount for people, not below 0: energy and mass in the unit that fits, others with three digits. */
export function amountText(amount: number, unit: string): string {
  if (unit === 'kWh') return energyText(amount);
  if (unit === 'kg') return massText(amount);
  return `${plainNumber(Number(amount.toPrecision(3)))}${unit === '' ? '' : ` ${unit}`}`;
}
