import type { QuotaConfig } from '../generated/config';
import type { QuotaState } from '../generated/report';
import { limitOf, namedSubjects, type QuotaData } from './evaluate';
import {
  formatStateFile,
  formatUserNames,
  KINDS,
  OTHERS,
  type QuotaLine,
  stateFileName,
  USER_NAMES,
} from './state-file';
import { type QuotaPer, type Subject, subjectKey } from './usage';

/** What `eit quota refresh` leaves in `quota_dir`. */
export interface StateTree {
  /** Texts by path below the folder, in the order in which they are to be written. */
  readonly files: ReadonlyMap<string, string>;
  /** Whom no file can be written for: users without a uid, and names that are too long for a file's. */
  readonly leftOut: readonly string[];
}

/**
 * The files of the state: of each kind one a subject that has used something or is named, and one for all others.
 * @param states of `data`, as `quotaStates` gives them
 */
export function stateTree(states: readonly QuotaState[], data: QuotaData, nowMs: number): StateTree {
  const nowS = Math.floor(nowMs / 1000);
  // Without quotas nothing was read, and nothing can be out of date.
  const dataUntilS =
    data.quotas.length === 0 ? nowS : data.dataUntilMs === null ? null : seconds(data.dataUntilMs);
  const text = (quotas: readonly QuotaLine[]): string => formatStateFile({ dataUntilS, quotas }, nowS);
  const leftOut: string[] = [];
  const files = new Map([[USER_NAMES, formatUserNames(userNames(states, data.uids))]]);
  for (const per of KINDS) {
    files.set(`${per}/${OTHERS}`, text(linesOfOthers(data, per)));
    for (const [subject, lines] of linesBySubject(states, data, per)) {
      const name =
        per === 'user' ? (subject.uid === null ? null : String(subject.uid)) : stateFileName(subject.name);
      if (name === null) leftOut.push(`${per} ${subject.name}`);
      else files.set(`${per}/${name}`, text(lines));
    }
  }
  return { files, leftOut };
}

/** Who has no limit has a file without quotas: that of the others is not his. */
function linesBySubject(
  states: readonly QuotaState[],
  { quotas, uids }: QuotaData,
  per: QuotaPer,
): [Subject, QuotaLine[]][] {
  const found = new Map<string, [Subject, QuotaLine[]]>();
  const linesOf = (subject: Subject): QuotaLine[] => {
    const key = subjectKey(subject);
    const known = found.get(key) ?? ([subject, []] satisfies [Subject, QuotaLine[]]);
    found.set(key, known);
    return known[1];
  };
  for (const { per: kind, name, uid, used, limit, unit, period, until } of states) {
    if (kind !== per) continue;
    const untilS = until === null ? null : seconds(Date.parse(until));
    linesOf({ name, uid: uid ?? null }).push({ used, limit, unit, period, untilS });
  }
  for (const subject of namedSubjects(quotas, per, new Map([...uids, ...userNames(states, uids)])))
    linesOf(subject);
  return [...found.values()];
}

/** Those who used nothing and are not named. */
function linesOfOthers({ quotas, periods, currency }: QuotaData, per: QuotaPer): QuotaLine[] {
  return quotas
    .filter((quota) => quota.per === per)
    .flatMap((quota: QuotaConfig): QuotaLine[] => {
      const limit = limitOf({ ...quota, limits: {} }, { name: '', uid: null });
      const endMs = periods.get(quota.period)?.period.endMs ?? null;
      const unit = quota.unit === 'cost' ? currency : quota.unit;
      const untilS = endMs === null ? null : seconds(endMs);
      return limit === null ? [] : [{ used: 0, limit, unit, period: quota.period, untilS }];
    });
}

function userNames(states: readonly QuotaState[], uids: ReadonlyMap<string, number>): Map<string, number> {
  const told = states.flatMap(({ per, name, uid }) =>
    per === 'user' && uid !== undefined && name !== `uid:${uid}` ? [[name, uid] as const] : [],
  );
  return new Map([...uids, ...told]);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
