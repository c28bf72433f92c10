import { ADVICE_VARIABLES, type AdviceVariable, isAdviceVariable } from './advice-variables';
import { visibleValue } from './visible';

/** A rule as it is written. */
export interface AdviceRule {
  readonly id: string;
  /** By variable; all must hold. */
  readonly when?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** Names of variables. */
  readonly saves_kwh?: string;
  readonly saves_kg?: string;
  readonly off?: boolean;
}

/** A condition that was understood. */
export type Condition = { readonly variable: AdviceVariable } & (
  | { readonly compare: '<' | '<=' | '>' | '>='; readonly number: number }
  | { readonly isOneOf: boolean; readonly texts: readonly string[] }
);

/** `> 0.5`, `<=3`; of a text `=TIMEOUT,FAILED` or `!=normal`. null: it is none. */
export function parseCondition(variable: AdviceVariable, text: string): Condition | null {
  if (ADVICE_VARIABLES[variable] === 'text') {
    const [, sign, list = ''] = /^(!?=) *(.+)$/.exec(text) ?? [];
    if (sign === undefined) return null;
    return { variable, isOneOf: sign === '=', texts: list.split(',').map((item) => item.trim()) };
  }
  const [, sign, number] = /^(<=?|>=?) *(\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i.exec(text) ?? [];
  if (sign === undefined) return null;
  return { variable, compare: sign as '<' | '<=' | '>' | '>=', number: Number(number) };
}

/** Places in a text where a variable stands: `{cpus}`. */
export const PLACEHOLDER = /\{([^{}]*)\}/g;

/**
 * What is wrong with a rule of which the form is right.
 * @param isNew whether no shipped rule has its id
 */
export function ruleFaults(rule: AdviceRule, isNew: boolean): string[] {
  const { when, text, off, saves_kwh: kwh, saves_kg: kg } = rule;
  const faults: string[] = [];
  if (isNew && off !== true) {
    if (when === undefined) faults.push('has no when; expected conditions such as { cpus: ">= 4" }');
    if (text === undefined) faults.push('has no text; expected what the mail says');
  }
  for (const [name, condition] of Object.entries(when ?? {})) {
    if (!isAdviceVariable(name)) faults.push(unknown(`when has ${visibleValue(name)}`));
    else if (parseCondition(name, condition) === null) {
      const such = ADVICE_VARIABLES[name] === 'text' ? '"= A, B" or "!= A"' : '"> 0.5" (<, <=, >, >=)';
      faults.push(`when.${name} is ${visibleValue(condition)}; expected ${such}`);
    }
  }
  for (const [, name = ''] of (text ?? '').matchAll(PLACEHOLDER)) {
    if (!isAdviceVariable(name)) faults.push(unknown(`text has ${visibleValue(`{${name}}`)}`));
  }
  for (const [key, name] of [
    ['saves_kwh', kwh],
    ['saves_kg', kg],
  ] as const) {
    if (name === undefined) continue;
    const kind = key === 'saves_kwh' ? 'energy' : 'mass';
    const such = Object.entries(ADVICE_VARIABLES).filter(([, known]) => known === kind);
    if (!such.some(([known]) => known === name))
      faults.push(
        `${key} is ${visibleValue(name)}; expected one of ${such.map(([known]) => known).join(', ')}`,
      );
  }
  return faults;
}

function unknown(what: string): string {
  return `${what}; known are ${Object.keys(ADVICE_VARIABLES).join(', ')}`;
}
