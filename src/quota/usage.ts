import type { QuotaConfig } from '../generated/config';
import type { Group } from '../report/aggregate';
import type { SumKey } from '../report/group-fields';
import { figures, type SiteFactors } from '../report/report';
import { GroupSums } from '../runs/group-sums';
import { UNKNOWN } from '../runs/runs';

export type QuotaPer = QuotaConfig['per'];
export type QuotaUnit = QuotaConfig['unit'];

/** Whose use is added up: a user, an account, a partition or a QOS. */
export interface Subject {
  readonly name: string;
  /** Of a user, where known. */
  readonly uid: number | null;
}

/** What was used, in each unit: kWh and kg CO2eq with PUE, money in the site's currency. */
export type Amounts = Readonly<Record<QuotaUnit, number>>;

/** Runs of which is the same whose they are, added up. */
export interface UsersRuns {
  readonly cluster: string;
  readonly user: string;
  readonly uid: number | null;
  readonly account: string;
  readonly partition: string;
  readonly qos: string | null;
  readonly sums: GroupSums;
}

/** By what runs are to be added up for quotas; QOS takes a way of its own, so only where a quota asks for it. */
export const USERS_KEYS = [
  'user',
  'uid',
  'account',
  'partition',
  'cluster',
  'qos',
] as const satisfies readonly SumKey[];

/** @param groups by {@link USERS_KEYS} */
export function usersRuns(groups: readonly Group[]): UsersRuns[] {
  return groups.map(({ fields, sums }) => {
    const { cluster = '', user = UNKNOWN, uid = null, account = UNKNOWN, partition = UNKNOWN, qos } = fields;
    return { cluster, user, uid, account, partition, qos: qos === UNKNOWN ? null : (qos ?? null), sums };
  });
}

/** What turns a cluster's joules into amounts. */
export interface Rates {
  readonly factorsOf: (cluster: string) => SiteFactors;
  /** Money per kWh; null: none is set, and there are no quotas in money. */
  readonly pricePerKwhOf: (cluster: string) => number | null;
}

/** What the runs of a period used. */
export interface Usage {
  /** By `subjectKey`. */
  readonly used: ReadonlyMap<string, { readonly subject: Subject; readonly amounts: Amounts }>;
  /** Of the runs that do not tell whose they are. */
  readonly unknown: Amounts;
}

export const NOTHING: Amounts = { kWh: 0, kgCO2e: 0, cost: 0 };

/** Tells subjects of one kind apart: users by uid where it is known. */
export function subjectKey({ name, uid }: Subject): string {
  return uid === null ? `name ${name}` : `uid ${uid}`;
}

/** Whose runs are in one respect; null where Slurm did not tell. */
export function subjectOf(run: UsersRuns, per: QuotaPer): Subject | null {
  if (per === 'qos') return run.qos === null ? null : { name: run.qos, uid: null };
  const name = run[per];
  if (per === 'user') return run.uid === null && name === UNKNOWN ? null : { name, uid: run.uid };
  return name === UNKNOWN ? null : { name, uid: null };
}

/**
 * Adds up runs by user, account, partition or QOS, with the sums and factors of a report.
 * @param runs what of them lies in one period
 */
export function usageBy(per: QuotaPer, runs: readonly UsersRuns[], rates: Rates): Usage {
  const newest = [...runs].sort((a, b) => b.sums.firstMs - a.sums.firstMs);
  const uids = new Map<string, number>();
  for (const { user, uid } of newest) if (uid !== null && !uids.has(user)) uids.set(user, uid);

  const subjects = new Map<string, { subject: Subject | null; sums: Map<string, GroupSums> }>();
  for (const run of newest) {
    const told = subjectOf(run, per);
    // A line without a uid is of whom the others name so.
    const subject = told && {
      ...told,
      uid: told.uid ?? (per === 'user' ? (uids.get(told.name) ?? null) : null),
    };
    const key = subject === null ? '' : subjectKey(subject);
    const found = subjects.get(key) ?? { subject, sums: new Map<string, GroupSums>() };
    subjects.set(key, found);
    const sums = found.sums.get(run.cluster) ?? new GroupSums();
    found.sums.set(run.cluster, sums);
    sums.addSums(run.sums);
  }

  const used = new Map<string, { subject: Subject; amounts: Amounts }>();
  let unknown = NOTHING;
  for (const [key, { subject, sums }] of subjects) {
    const amounts = amountsOf(sums, rates);
    if (subject === null) unknown = amounts;
    else used.set(key, { subject, amounts });
  }
  return { used, unknown };
}

/** Clusters in alphabetical order, so that the same records give the same last digit. */
function amountsOf(byCluster: ReadonlyMap<string, GroupSums>, { factorsOf, pricePerKwhOf }: Rates): Amounts {
  const amounts = { ...NOTHING };
  for (const [cluster, sums] of [...byCluster].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { energy_kwh: energy, co2e_kg: co2eKg, cost } = figures(sums, factorsOf, false);
    amounts.kWh += energy.total;
    amounts.kgCO2e += co2eKg;
    // Where the price changes with time, what each kWh cost then.
    amounts.cost += cost ?? energy.total * (pricePerKwhOf(cluster) ?? 0);
  }
  return amounts;
}
