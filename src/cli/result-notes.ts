import type { EitReport } from '../generated/report';
import type { Skipped } from '../ledger/record-line';
import { cutNote, skippedNote } from '../report/footer';
import type { Output } from './output';

/**
 * Says beside a result what of the ledger was not read, in the words of a table's footer: who takes figures from stdout must learn that
 * some lack. Nothing where all was read.
 * @param whose figures lack them; absent: all that were asked for
 */
export function noteNotRead(
  output: Pick<Output, 'note'>,
  { total, byReason }: Pick<Skipped, 'total' | 'byReason'>,
  whose?: string,
): void {
  for (const text of skippedNote(total, byReason))
    output.note(whose === undefined ? text : `${whose}: ${text}`);
}

/**
 * Says beside a result which times it really has, where the archive could not tell those that were asked for.
 * @param whose times they are; absent: of all that was asked for
 */
export function noteCut(
  output: Pick<Output, 'note'>,
  { cut_slots: slots = [] }: Pick<EitReport, 'cut_slots'>,
  timeZone: string,
  whose?: string,
): void {
  for (const text of cutNote(slots, timeZone)) output.note(whose === undefined ? text : `${whose}: ${text}`);
}
