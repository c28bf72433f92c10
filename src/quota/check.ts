import { hasEnded, isOver, type QuotaLine, type StateFile } from './state-file';
import type { QuotaPer } from './usage';

/** What the folder tells of one whom a job is of. */
export interface CheckedSubject {
  readonly per: QuotaPer;
  readonly name: string;
  /** null: unknown, for the reason. */
  readonly file: StateFile | null;
  /** '' where the file is there. */
  readonly reason: string;
}

/** A quota of a subject, as `eit quota check` tells of it. */
export interface CheckedQuota extends QuotaLine {
  readonly per: QuotaPer;
  readonly name: string;
  readonly isOver: boolean;
}

/** Whether a job may start, as far as quotas go. */
export interface Verdict {
  readonly state: 'within' | 'over' | 'unknown';
  /** Of the oldest of the files, Unix seconds; null: one of them tells none. */
  readonly dataUntilS: number | null;
  /** Of those that are known, those over first, then by share. */
  readonly quotas: readonly CheckedQuota[];
  /** Why it is unknown; '' where it is not. */
  readonly reason: string;
}

/**
 * Over where a quota of any subject is; else unknown where one of them is unknown or older than `maxAgeS`.
 * @param nowS Unix seconds
 */
export function judge(subjects: readonly CheckedSubject[], nowS: number, maxAgeS: number): Verdict {
  const quotas: CheckedQuota[] = [];
  const reasons: string[] = [];
  let oldestS: number | null = Infinity;
  for (const { per, name, file, reason } of subjects) {
    const dataUntilS = file?.dataUntilS ?? null;
    const ageS = dataUntilS === null ? null : nowS - dataUntilS;
    if (file === null) reasons.push(reason);
    else if (ageS === null) reasons.push(`${per} ${name}: the ledger had no records`);
    else if (ageS > maxAgeS) reasons.push(`${per} ${name}: the data are ${minutes(ageS)} old`);
    else {
      for (const line of file.quotas) {
        const used = hasEnded(line, nowS) ? 0 : line.used;
        quotas.push({ per, name, ...line, used, isOver: isOver(line, nowS) });
      }
    }
    oldestS = oldestS === null || dataUntilS === null ? null : Math.min(oldestS, dataUntilS);
  }
  const isAnyOver = quotas.some((quota) => quota.isOver);
  return {
    state: isAnyOver ? 'over' : reasons.length > 0 ? 'unknown' : 'within',
    dataUntilS: oldestS === Infinity ? null : oldestS,
    quotas: quotas.sort((a, b) => Number(b.isOver) - Number(a.isOver) || (share(a) < share(b) ? 1 : -1)),
    reason: reasons.join('; '),
  };
}

function share({ used, limit }: QuotaLine): number {
  return limit === 0 ? Infinity : used / limit;
}

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)} min`;
}
