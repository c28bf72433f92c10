import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdviceRule } from '../../../src/config/advice-rule';
import { ADVICE_VARIABLES, SHIPPED_RULES } from '../../../src/config/advice-variables';
import type { JobSummary } from '../../../src/generated/report';
import { adviceFor, adviceValues, parseShippedRules, rulesInForce } from '../../../src/mail/advice';
import { type CleanerPlaces, NOWHERE } from '../../../src/mail/cleaner';
import { mailCases } from './cases';
import { DATA } from './data';

const SHIPPED = parseShippedRules(readFileSync(join(DATA, 'advice/advice.yaml'), 'utf8'), 'advice.yaml');
const CASES = new Map(mailCases().map(({ name, summary }) => [name, summary]));
const CPU = CASES.get('cpu')!;

/** The job with other figures. */
function job(used: Partial<JobSummary['used']>, asked: Partial<JobSummary['asked']> = {}): JobSummary {
  return { ...CPU, used: { ...CPU.used, ...used }, asked: { ...CPU.asked, ...asked } };
}

const ids = (summary: JobSummary, cleaner = NOWHERE, rules = SHIPPED): string[] =>
  adviceFor(summary, rules, cleaner).map(({ rule }) => rule);

const GIB = 2 ** 30;

test('the shipped rules are those that the config knows', () => {
  expect(SHIPPED.map(({ id }) => id)).toEqual([...SHIPPED_RULES]);
});

test('a job that used what it asked for is told nothing', () => {
  expect(ids(CPU)).toEqual([]);
});

test.each([
  ['idle-gpu', CASES.get('gpu-idle')!, /60 ?%|83\.3 %.*750 Wh/],
  [
    'memory',
    job({ memory_efficiency: 0.1, memory_bytes: 6 * GIB }, { memory_bytes: 60 * GIB }),
    /Of 60\.0 GiB of memory, 6\.00 GiB was used/,
  ],
  ['one-core', job({ cpu_cores: 1.02, cpu_efficiency: 0.06 }, { cpus: 16 }), /^1\.02 of 16 CPUs/],
  [
    'time-limit',
    job({ time_part: 0.04 }, { time_limit_seconds: 90_000 }),
    /01:00:00 of a time limit of 1-01:00:00/,
  ],
])('%s speaks where its figures say so', (id, summary, text) => {
  const found = adviceFor(summary, SHIPPED, NOWHERE).find(({ rule }) => rule === id);
  expect(found?.text).toMatch(text);
});

test.each([
  ['one-core', 'of a job with GPUs', job({ cpu_cores: 1 }, { cpus: 16, gpus: 2 })],
  [
    'memory',
    'where little is asked',
    job({ memory_efficiency: 0.1, memory_bytes: GIB / 4 }, { memory_bytes: 2 * GIB }),
  ],
  [
    'time-limit',
    'of a job that failed',
    { ...job({ time_part: 0.01 }, { time_limit_seconds: 90_000 }), state: 'FAILED' },
  ],
  ['time-limit', 'where the limit is not known', job({ time_part: null }, { time_limit_seconds: null })],
])('%s does not speak %s', (id, _, summary) => {
  expect(ids(summary)).not.toContain(id);
});

test('little coverage, an unknown one and missing records silence all', () => {
  const idle = CASES.get('gpu-idle')!;
  const covered = (coverage: number | null) => ({ ...idle, figures: { ...idle.figures, coverage } });
  expect(ids(covered(0.9))).not.toEqual([]);
  expect(ids(covered(0.899))).toEqual([]);
  expect(ids(covered(null))).toEqual([]);
  expect(ids({ ...idle, missing_nodes: ['n9'] })).toEqual([]);
});

const CLEANER: CleanerPlaces = {
  hour: { text: '2026-03-02 13:00', gPerKwh: 100, savesKg: 0.099 },
  cluster: { name: 'north', savesKg: 0.12 },
};

test('at most three, by what they save, and what cannot be told last', () => {
  const all = {
    ...job(
      { cpu_cores: 1, memory_efficiency: 0.01, memory_bytes: GIB, time_part: 0.01 },
      { cpus: 64, memory_bytes: 100 * GIB, time_limit_seconds: 360_000 },
    ),
  };
  expect(ids(all)).toEqual(['memory', 'one-core', 'time-limit']);
  const found = adviceFor(all, SHIPPED, CLEANER);
  expect(found.map(({ rule }) => rule)).toEqual(['cleaner-cluster', 'cleaner-hour', 'memory']);
  expect(found.map(({ saves_kg: kg }) => kg)).toEqual([0.12, 0.099, null]);
  expect(found[1]?.text).toContain(
    'Begun at 2026-03-02 13:00 it would have emitted 99.0 g CO2e less: 100 g/kWh in place of',
  );
});

test('energy that is saved counts by the job’s own intensity', () => {
  const [idle] = adviceFor(CASES.get('gpu-idle')!, SHIPPED, NOWHERE);
  // 0.5 kWh before PUE 1.5, at 400 g/kWh.
  expect(idle?.saves_kwh).toBeCloseTo(0.75, 9);
  expect(idle?.saves_kg).toBeCloseTo(0.3, 9);
});

test('a site changes a rule, turns one off, and adds its own', () => {
  const own: AdviceRule[] = [
    { id: 'memory', off: true },
    { id: 'time-limit', when: { time_part: '< 0.9' } },
    {
      id: 'night',
      when: { partition: '= gpu, cpu', user: '!= root', cpus: '>= 8' },
      text: '{user} on {partition}',
    },
  ];
  const rules = rulesInForce(SHIPPED, own);
  expect(rules.map(({ id }) => id)).toEqual([
    'idle-gpu',
    'one-core',
    'time-limit',
    'cleaner-hour',
    'cleaner-cluster',
    'night',
  ]);
  const found = adviceFor(CPU, rules, NOWHERE);
  expect(found.map(({ rule }) => rule)).toEqual(['time-limit', 'night']);
  expect(found[1]?.text).toBe('alice on cpu');
});

test('what a user wrote is data in an advice', () => {
  const rules = rulesInForce([], [{ id: 'who', when: { cpus: '> 0' }, text: '{user}!' }]);
  const [found] = adviceFor({ ...CPU, user: '{account}\u001b[31m$&' }, rules, NOWHERE);
  expect(found?.text).toBe('{account}\\u{1b}[31m$&!');
});

test.each(mailCases().map(({ name, summary }) => [name, summary] as const))(
  'every variable is known or null: %s',
  (_, summary) => {
    const values = adviceValues(summary, CLEANER);
    expect(Object.keys(values).sort()).toEqual(Object.keys(ADVICE_VARIABLES).sort());
    for (const [name, value] of Object.entries(values)) {
      const isText = ADVICE_VARIABLES[name as keyof typeof ADVICE_VARIABLES] === 'text';
      if (value !== null) expect([name, typeof value]).toEqual([name, isText ? 'string' : 'number']);
      if (typeof value === 'number')
        expect([name, Number.isFinite(value) && value >= 0]).toEqual([name, true]);
    }
  },
);

test('rules that cannot be read are named', () => {
  expect(() => parseShippedRules('- id: x\n  when: { watts: "> 3" }\n  text: a\n', 'advice.yaml')).toThrow(
    /advice\.yaml: x when has "watts"/,
  );
  expect(() => parseShippedRules('', 'advice.yaml')).toThrow(/no rules/);
});
