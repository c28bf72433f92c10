import type { EitReport, ReportGroup } from '../generated/report';

/** What names can be of. */
export type NameKind = 'user' | 'account' | 'cluster' | 'partition' | 'QOS' | 'node' | 'host';

/** Those that tell whose or where something is; partitions and QOS are mostly called by words of everyday. */
const TELLING: readonly NameKind[] = ['user', 'account', 'cluster', 'node', 'host'];

/** Shorter ones are words by chance. */
const LEAST_LETTERS = 3;

/** Numbers names, in the order in which they come up, or leaves them as they are. */
export class Pseudonyms {
  readonly isHiding: boolean;
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<NameKind, number>();
  readonly #real = new Map<string, NameKind>();

  constructor(isHiding: boolean) {
    this.isHiding = isHiding;
  }

  /**
   * What stands for a name: `user 1`. A host and the node on it are the same where they are called the same.
   * @param within for hosts and nodes, the cluster that they are of
   */
  of(kind: NameKind, name: string, within = ''): string {
    if (!this.isHiding || name === '') return name;
    const group = kind === 'host' ? 'node' : kind;
    const key = `${group}\0${within}\0${name}`;
    let found = this.#names.get(key);
    if (found === undefined) {
      const number = (this.#counts.get(group) ?? 0) + 1;
      this.#counts.set(group, number);
      found = `${group} ${number}`;
      this.#names.set(key, found);
      this.#real.set(name, kind);
    }
    return found;
  }

  /**
   * Which of the hidden names that tell whose or where something is a text has in it all the same, as a word.
   * @returns each with what it is of
   */
  foundIn(text: string): { readonly name: string; readonly kind: NameKind }[] {
    const lower = plain(text);
    return [...this.#real].flatMap(([name, kind]) =>
      TELLING.includes(kind) && name.length >= LEAST_LETTERS && hasWord(lower, plain(name))
        ? [{ name, kind }]
        : [],
    );
  }
}

/** Letters with accents are one character or two. */
function plain(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const around = `${text.charAt(at - 1)} ${text.charAt(at + word.length)}`;
    if (!/[\p{L}\p{N}]/u.test(around)) return true;
  }
  return false;
}

/** A report with names numbered: all that is shown of it can be read from it. */
export function withoutNames(report: EitReport, names: Pseudonyms): EitReport {
  if (!names.isHiding) return report;
  const { by_time: byTime } = report.factors;
  return {
    ...report,
    groups: report.groups.map((group) => groupWithoutNames(group, names)),
    // What contradicted which GPUs were a run's has their UUIDs in it.
    quality: { ...report.quality, gpu_conflict_example: null },
    factors: {
      ...report.factors,
      by_cluster: report.factors.by_cluster.map((one) => ({
        ...one,
        cluster: names.of('cluster', one.cluster),
      })),
      ...(byTime === undefined
        ? {}
        : {
            // Paths tell whose machine it was, and often more.
            by_time: byTime.map((one) => ({
              ...one,
              cluster: names.of('cluster', one.cluster),
              file: 'a file of the site',
            })),
          }),
    },
  };
}

export function groupWithoutNames(group: ReportGroup, names: Pseudonyms): ReportGroup {
  if (!names.isHiding) return group;
  const { user, account, partition, cluster, slurm_job: job } = group;
  return {
    ...group,
    ...(user === undefined ? {} : { user: names.of('user', user) }),
    ...(account === undefined ? {} : { account: names.of('account', account) }),
    ...(partition === undefined ? {} : { partition: names.of('partition', partition) }),
    ...(cluster === undefined ? {} : { cluster: names.of('cluster', cluster) }),
    ...(job === undefined
      ? {}
      : { slurm_job: { ...job, qos: job.qos === null ? null : names.of('QOS', job.qos) } }),
  };
}
