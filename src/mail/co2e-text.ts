import { massText } from '../report/units';

/** A mass of CO2eq as mails write it: in the unit that fits, from a tenth of a kilogram on in kg (`0.41 kg`). */
export function co2eText(kg: number): string {
  return kg >= 0.0995 && kg < 0.9995 ? `${Number(kg.toPrecision(2)).toFixed(2)} kg` : massText(kg);
}
