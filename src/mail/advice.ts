import {
  type AdviceRule,
  type Condition,
  parseCondition,
  PLACEHOLDER,
  ruleFaults,
} from '../config/advice-rule';
import {
  ADVICE_VARIABLES,
  type AdviceVariable,
  isAdviceVariable,
  SHIPPED_RULES,
} from '../config/advice-variables';
import { parseYamlTree } from '../config/yaml-tree';
import { EitError } from '../errors';
import type { JobAdvice, JobSummary } from '../generated/report';
import { visible } from '../report/printable';
import { bytesText, durationText, energyText, percentText } from '../report/units';
import { co2eText } from './co2e-text';
import type { CleanerPlaces } from './cleaner';
import { LEAST_COVERAGE } from './mail-body';

/** What a rule may ask: null where it is not known of this job, so that no rule about it speaks. */
export type AdviceValues = Readonly<Record<AdviceVariable, number | string | null>>;

const MOST_ADVICE = 3;

/**
 * Reads data/advice/advice.yaml.
 * @throws EitError EIT_DATA_FILE where it is not what it should be
 */
export function parseShippedRules(text: string, file: string): AdviceRule[] {
  const { data, problems } = parseYamlTree(text);
  const rules = Array.isArray(data) ? (data as AdviceRule[]) : [];
  const [fault] = [
    ...problems.map(({ message }) => message),
    ...(rules.length === 0 ? ['no rules'] : []),
    ...rules.flatMap((rule) => ruleFaults(rule, true).map((what) => `${visible(rule.id)} ${what}`)),
    ...(rules.map(({ id }) => id).join() === SHIPPED_RULES.join() ? [] : ['other rules than expected']),
  ];
  if (fault !== undefined) throw new EitError('EIT_DATA_FILE', `${file}: ${fault}; install EIT again`);
  return rules;
}

/** The rules in force: the site's own change shipped ones, stand behind them, or turn them off. */
export function rulesInForce(shipped: readonly AdviceRule[], own: readonly AdviceRule[]): AdviceRule[] {
  const rules = new Map(shipped.map((rule) => [rule.id, rule]));
  for (const rule of own) rules.set(rule.id, { ...rules.get(rule.id), ...rule });
  return [...rules.values()].filter(({ off }) => off !== true);
}

/**
 * At most three, those first that would save the most CO2eq; those of which that cannot be told come last. None where too little of the job was
 * observed.
 * @param cleaner when and where its energy would have been cleaner
 */
export function adviceFor(
  summary: JobSummary,
  rules: readonly AdviceRule[],
  cleaner: CleanerPlaces,
): JobAdvice[] {
  const { figures, missing_nodes: missing } = summary;
  if (figures.coverage === null || figures.coverage < LEAST_COVERAGE || missing.length > 0) return [];
  const values = adviceValues(summary, cleaner);
  const kgPerKwh = figures.energy_kwh.total === 0 ? 0 : figures.co2e_kg / figures.energy_kwh.total;
  const found = rules
    .filter(({ when = {} }) => Object.entries(when).every(([name, text]) => holds(name, text, values)))
    .map((rule): JobAdvice => {
      const kwh = amount(values, rule.saves_kwh);
      return {
        rule: rule.id,
        text: fill(rule.text ?? '', values),
        saves_kwh: kwh,
        saves_kg: amount(values, rule.saves_kg) ?? (kwh === null ? null : kwh * kgPerKwh),
      };
    });
  return found.sort((a, b) => (b.saves_kg ?? -1) - (a.saves_kg ?? -1)).slice(0, MOST_ADVICE);
}

/** Of several jobs together most is not asked: each has its own. */
export function adviceValues(summary: JobSummary, cleaner: CleanerPlaces): AdviceValues {
  const { figures, asked, used, whole, parts, scope } = summary;
  const { energy_kwh: energy, gpu_idle_kwh: idleKwh } = figures;
  const gpuKwh = energy.gpu ?? 0;
  const less = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? null : Math.max(0, a - b);
  const isOne = scope === 'run';
  const pue = energy.it === 0 ? 1 : energy.total / energy.it;
  const hour = isOne ? cleaner.hour : null;
  const place = cleaner.cluster;
  const savedPart = (kg: number): number => (figures.co2e_kg === 0 ? 0 : kg / figures.co2e_kg);
  return {
    energy_kwh: energy.total,
    co2e_kg: figures.co2e_kg,
    elapsed_seconds: isOne ? figures.elapsed_seconds : null,
    nodes: summary.nodes.length,
    cpus: asked.cpus,
    cpu_cores: isOne ? used.cpu_cores : null,
    cpu_idle: isOne ? less(asked.cpus, used.cpu_cores) : null,
    cpu_efficiency: used.cpu_efficiency,
    memory_asked_bytes: asked.memory_bytes,
    memory_bytes: isOne ? used.memory_bytes : null,
    memory_unused_bytes: isOne ? less(asked.memory_bytes, used.memory_bytes) : null,
    memory_efficiency: used.memory_efficiency,
    gpus: isOne ? (asked.gpus ?? 0) : null,
    gpu_utilization: used.gpu_utilization,
    gpu_idle_part: idleKwh === null || gpuKwh === 0 ? null : Math.min(1, idleKwh / gpuKwh),
    gpu_idle_kwh: idleKwh === null ? null : idleKwh * pue,
    time_limit_seconds: asked.time_limit_seconds,
    time_part: used.time_part,
    runs: isOne ? Math.max(1, parts.length) : null,
    earlier_runs_kwh: whole === null ? null : Math.max(0, whole.energy_kwh.total - energy.total),
    intensity_g_per_kwh: energy.total === 0 ? null : (figures.co2e_kg * 1000) / energy.total,
    cleaner_hour_g_per_kwh: hour?.gPerKwh ?? null,
    cleaner_hour_part: hour === null ? null : savedPart(hour.savesKg),
    cleaner_hour_kg: hour?.savesKg ?? null,
    cleaner_hour: hour?.text ?? null,
    cleaner_cluster_part: place === null ? null : savedPart(place.savesKg),
    cleaner_cluster_kg: place?.savesKg ?? null,
    cleaner_cluster: place?.name ?? null,
    state: summary.state,
    user: summary.user,
    account: summary.account,
    partition: summary.partition,
    qos: summary.qos,
    cluster: summary.cluster,
  };
}

function holds(name: string, text: string, values: AdviceValues): boolean {
  if (!isAdviceVariable(name)) return false;
  const condition = parseCondition(name, text);
  const value = values[name];
  return condition !== null && value !== null && isMet(condition, value);
}

function isMet(condition: Condition, value: number | string): boolean {
  if ('texts' in condition) return condition.texts.includes(String(value)) === condition.isOneOf;
  const { compare, number } = condition;
  if (typeof value !== 'number') return false;
  if (compare === '<') return value < number;
  if (compare === '<=') return value <= number;
  return compare === '>' ? value > number : value >= number;
}

function fill(text: string, values: AdviceValues): string {
  return text.replaceAll(PLACEHOLDER, (whole, name: string) =>
    isAdviceVariable(name) ? written(name, values[name]) : whole,
  );
}

function written(name: AdviceVariable, value: number | string | null): string {
  if (value === null) return '?';
  if (typeof value === 'string') return visible(value, 80);
  switch (ADVICE_VARIABLES[name]) {
    case 'energy':
      return energyText(value);
    case 'mass':
      return co2eText(value);
    case 'bytes':
      return bytesText(value);
    case 'duration':
      return durationText(value);
    case 'part':
      return percentText(value);
    case 'number':
    case 'text':
      return String(Number(value.toPrecision(3)));
  }
}

function amount(values: AdviceValues, name: string | undefined): number | null {
  if (name === undefined || !isAdviceVariable(name)) return null;
  const value = values[name];
  return typeof value === 'number' ? value : null;
}
