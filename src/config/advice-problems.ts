import type { EitConfig } from '../generated/config';
import { ruleFaults } from './advice-rule';
import { SHIPPED_RULES } from './advice-variables';
import { type Problem, type YamlTree, placeKey } from './yaml-tree';

/**
 * What is wrong with rules of advice of which each is right by the schema.
 * @param places of the file in which they stand, below `mail.advice`
 */
export function adviceProblems({ mail }: Pick<EitConfig, 'mail'>, places: YamlTree['places']): Problem[] {
  const seen = new Map<string, number>();
  return mail.advice.flatMap((rule, i): Problem[] => {
    const at = places.get(placeKey(['mail', 'advice', String(i)]))?.valueAt ?? 0;
    const faults = ruleFaults(rule, !SHIPPED_RULES.some((id) => id === rule.id));
    const first = seen.get(rule.id);
    if (first === undefined) seen.set(rule.id, i);
    else faults.push(`has the id ${rule.id} of mail.advice.${first}; expected each once`);
    return faults.map((fault) => ({ at, message: `mail.advice.${i} ${fault}` }));
  });
}
