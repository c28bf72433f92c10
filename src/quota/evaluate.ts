import type { QuotaConfig } from '../generated/config';
import type { QuotaState } from '../generated/report';
import type { UserMatch } from '../runs/run-filter';
import { forecast, type Period } from './period';
import { KINDS } from './state-file';
import {
  NOTHING,
  type QuotaPer,
  type Rates,
  type Subject,
  subjectKey,
  subjectOf,
  type Usage,
  type UsersRuns,
  usageBy,
} from './usage';

/** What was read of one period. */
export interface PeriodRuns {
  readonly period: Period;
  readonly runs: readonly UsersRuns[];
  /** Factors can change from one period to another. */
  readonly rates: Rates;
}

/** All that quotas are judged by. */
export interface QuotaData {
  readonly quotas: readonly QuotaConfig[];
  /** By the period's name in the config: an entry for each that a quota has. */
  readonly periods: ReadonlyMap<string, PeriodRuns>;
  /** End of the newest record read, never later than the time of reading; null without any. */
  readonly dataUntilMs: number | null;
  readonly currency: string;
  /** Uids of users whom a quota names, and perhaps no run: by name, where the system knows them. */
  readonly uids: ReadonlyMap<string, number>;
}

/** A limit that is named, or holds for all others; null: none. A user is found by his name, else by his uid. */
export function limitOf({ each, limits }: QuotaConfig, { name, uid }: Subject): number | null {
  for (const key of [name, ...(uid === null ? [] : [String(uid)])]) {
    if (limits !== undefined && Object.hasOwn(limits, key)) {
      const limit = limits[key];
      return limit === 'none' || limit === undefined ? null : limit;
    }
  }
  return each ?? null;
}

/**
 * Whom the quotas of one kind name.
 * @param uids of the users that the system knows
 */
export function namedSubjects(
  quotas: readonly QuotaConfig[],
  per: QuotaPer,
  uids: ReadonlyMap<string, number>,
): Subject[] {
  const names = new Set(
    quotas.filter((quota) => quota.per === per).flatMap(({ limits }) => Object.keys(limits ?? {})),
  );
  return [...names].map((name): Subject => {
    if (per !== 'user') return { name, uid: null };
    if (/^\d{1,10}$/.test(name)) return { name: `uid:${name}`, uid: Number(name) };
    return { name, uid: uids.get(name) ?? null };
  });
}

/**
 * The state of each quota for everyone who has a limit and used something in one of the periods, is named by a quota, or is
 * asked for; by share, the highest first.
 * @param asked a user who is to be told of although he used nothing; null: nobody
 */
export function quotaStates(data: QuotaData, asked: Subject | null): QuotaState[] {
  const usages = usagesOf(data);
  const states = KINDS.flatMap((per) => {
    const subjects = subjectsOf(data, usages, per, asked);
    return data.quotas
      .filter((quota) => quota.per === per)
      .flatMap((quota) =>
        subjects.flatMap((subject) => {
          const limit = limitOf(quota, subject);
          return limit === null ? [] : [stateOf(quota, subject, limit, usageIn(usages, quota), data)];
        }),
      );
  });
  return states.sort(
    (a, b) =>
      compare(shareOf(b), shareOf(a)) ||
      compare(a.per, b.per) ||
      compare(a.name, b.name) ||
      compare(a.period, b.period),
  );
}

/** What runs used that do not tell whose they are: a kind and period each, where there is something. */
export function unknownUse(data: QuotaData): { per: QuotaPer; period: string; kWh: number }[] {
  return [...usagesOf(data)].flatMap(([, { per, period, unknown }]) =>
    unknown.kWh > 0 ? [{ per, period, kWh: unknown.kWh }] : [],
  );
}

type Usages = ReadonlyMap<string, Usage & { readonly per: QuotaPer; readonly period: string }>;

/** By kind and period: an entry for each quota. */
function usagesOf({ quotas, periods }: QuotaData): Usages {
  const usages = new Map<string, Usage & { per: QuotaPer; period: string }>();
  for (const { per, period } of quotas) {
    const key = `${per} ${period}`;
    if (!usages.has(key)) {
      const { runs, rates } = periodOf(periods, period);
      usages.set(key, { per, period, ...usageBy(per, runs, rates) });
    }
  }
  return usages;
}

function usageIn(usages: Usages, { per, period }: QuotaConfig): Usage {
  const usage = usages.get(`${per} ${period}`);
  if (usage === undefined) throw new Error(`nothing was added up per ${per} and ${period}`);
  return usage;
}

function periodOf(periods: QuotaData['periods'], name: string): PeriodRuns {
  const found = periods.get(name);
  if (found === undefined) throw new Error(`nothing was read of the period ${name}`);
  return found;
}

/** All of one kind, each once, also those who used something in another period only. */
function subjectsOf(
  { quotas, uids }: QuotaData,
  usages: Usages,
  per: QuotaPer,
  asked: Subject | null,
): Subject[] {
  const ofKind = [...usages.values()].filter((usage) => usage.per === per);
  const told = [
    ...ofKind.flatMap(({ used }) => [...used.values()].map(({ subject }) => subject)),
    ...(per === 'user' && asked !== null ? [asked] : []),
  ];
  const names = new Map([
    ...uids,
    ...told.flatMap(({ name, uid }) => (uid === null ? [] : [[name, uid] as const])),
  ]);
  const subjects = new Map<string, Subject>();
  for (const subject of [...told, ...namedSubjects(quotas, per, names)]) {
    const uid = subject.uid ?? (per === 'user' ? (names.get(subject.name) ?? null) : null);
    const key = subjectKey({ ...subject, uid });
    if (!subjects.has(key)) subjects.set(key, { ...subject, uid });
  }
  return [...subjects.values()];
}

function stateOf(
  quota: QuotaConfig,
  subject: Subject,
  limit: number,
  { used, unknown }: Usage,
  { periods, dataUntilMs, currency }: QuotaData,
): QuotaState {
  const { period } = periodOf(periods, quota.period);
  // A period in which no line has the uid knows the name alone.
  const found = used.get(subjectKey(subject)) ?? used.get(subjectKey({ ...subject, uid: null }));
  const amount = (found?.amounts ?? NOTHING)[quota.unit];
  return {
    per: quota.per,
    name: subject.name,
    ...(subject.uid === null ? {} : { uid: subject.uid }),
    unit: quota.unit === 'cost' ? currency : quota.unit,
    period: quota.period,
    since: utc(period.startMs),
    until: period.endMs === null ? null : utc(period.endMs),
    limit,
    used: amount,
    // A price can be below 0.
    share: limit === 0 ? null : Math.max(0, amount / limit),
    forecast: forecast(amount, period, dataUntilMs),
    state: amount >= limit ? 'over' : 'within',
    data_until: dataUntilMs === null ? null : utc(dataUntilMs),
    unknown: unknown[quota.unit],
  };
}

/** Of all states those that concern a user: his own, and those of the accounts, partitions and QOS of his runs. */
export function concerning(
  states: readonly QuotaState[],
  user: UserMatch,
  { periods }: QuotaData,
): QuotaState[] {
  const runs = [...periods.values()].flatMap((of) => of.runs.filter((run) => isOf(run, user)));
  const own = new Set(
    (['account', 'partition', 'qos'] as const).flatMap((per) =>
      runs.flatMap((run) => {
        const subject = subjectOf(run, per);
        return subject === null ? [] : [`${per} ${subject.name}`];
      }),
    ),
  );
  return states.filter(({ per, name, uid }) =>
    per === 'user' ? isOf({ uid: uid ?? null, user: name }, user) : own.has(`${per} ${name}`),
  );
}

/** The uid decides where both sides know it, as in reports. */
function isOf(
  run: { readonly uid: number | null; readonly user: string },
  { uid, name }: UserMatch,
): boolean {
  if (uid !== undefined && run.uid !== null) return run.uid === uid;
  return name !== undefined && run.user === name;
}

/** What is used of a limit of 0 is beyond all shares. */
function shareOf({ share }: QuotaState): number {
  return share ?? Infinity;
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
