import { addSums, noSums } from './month-sums';
import type { SequenceSet } from '../ledger/sequence-set';
import { addState } from './taken-state';
import { emptyTaking, type Taking } from './taking';

/**
 * Adds a taking to another, if they have no record in common. A line is in the file of its host and of the day of its end, so takings
 * of different files have none; only files that were copied by hand have, and those must wait for a taking that knows the first one.
 * @returns false where they have one: `to` is then as it was
 */
export function joinTaking(to: Taking, more: Taking): boolean {
  for (const key of more.files.keys()) if (to.files.has(key)) return false;
  for (const [key, { seen }] of more.writers) {
    const known = to.writers.get(key);
    if (known !== undefined && haveCommon(known.seen, seen)) return false;
  }
  addTaking(to, more);
  return true;
}

/** Adds a taking to one that it was made in the knowledge of: of a file the newer state holds. */
export function addTaking(to: Taking, more: Taking): void {
  to.parts.push(...more.parts);
  addState(to, more);
  for (const [month, sums] of more.sums) {
    const total = to.sums.get(month) ?? noSums();
    addSums(total, sums);
    to.sums.set(month, total);
  }
  for (const [day, reasons] of more.refused) {
    const counts = to.refused.get(day) ?? new Map();
    for (const [reason, count] of reasons) counts.set(reason, (counts.get(reason) ?? 0) + count);
    to.refused.set(day, counts);
  }
  for (const [month, uids] of more.uids) {
    to.uids.set(month, new Set([...(to.uids.get(month) ?? []), ...uids]));
  }
  for (const slot of more.slots) to.slots.add(slot);
  to.hardware.push(...more.hardware);
  if (more.dataUntilMs !== null) to.dataUntilMs = Math.max(to.dataUntilMs ?? 0, more.dataUntilMs);
  to.bytes += more.bytes;
  to.lines += more.lines;
  to.duplicates += more.duplicates;
  to.unread.push(...more.unread);
}

/** All takings that can be joined, and the places of those that could not. */
export function joinTakings(takings: readonly Taking[]): {
  readonly joined: Taking;
  readonly left: readonly number[];
} {
  const joined = emptyTaking();
  const left = takings.flatMap((taking, i) => (joinTaking(joined, taking) ? [] : [i]));
  return { joined, left };
}

function haveCommon(a: SequenceSet, b: SequenceSet): boolean {
  const [mine, others] = [a.all, b.all];
  for (let i = 0, k = 0; i < mine.length && k < others.length;) {
    const [first, last] = mine[i]!;
    const [otherFirst, otherLast] = others[k]!;
    if (first <= otherLast && otherFirst <= last) return true;
    if (last < otherLast) i++;
    else k++;
  }
  return false;
}
