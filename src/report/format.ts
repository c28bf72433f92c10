import type { EitReport } from '../generated/report';
import type { Audit } from './audit';
import type { SelectedColumn } from './column-choice';

/** How a report is to be shown. */
export interface View {
  /** What -o asked for; null: the format's own choice. */
  readonly columns: readonly SelectedColumn[] | null;
  readonly header: boolean;
  /** Whether the runs are all the reader's own. */
  readonly isOwn: boolean;
  /** Zone of the times that people read. */
  readonly timeZone: string;
  /** What was not read, with counts. */
  readonly skipped: readonly (readonly [reason: string, count: number])[];
  /** The terminal that shows it; null where the output goes elsewhere. */
  readonly terminal: { readonly width: number; readonly bars: boolean; readonly colours: boolean } | null;
}

/** A way to write a report and an audit. One file each in this folder; the list is in formats.ts. */
export interface ReportFormat {
  /** Long name of the option that chooses it; absent: taken where no other is asked for. */
  readonly option?: { readonly name: string; readonly alias?: string; readonly describe: string };
  /** Whether it shows the quotas of a report's user: reading for them takes its time. */
  readonly showsQuotas?: boolean;
  /** Whether it says what factors the figures rest on; absent: not, so that it has to be said beside it. */
  readonly tellsFactors?: boolean;
  /** Whether it has a place for what the figures lack, such as lines that were not read; else that is said on stderr. */
  readonly showsNotes?: boolean;
  /** Whether it has a place for what the total compares with. */
  readonly showsEquivalents?: boolean;
  /** Gives the text in pieces: a report may be longer than a string can be. */
  render(report: EitReport, view: View): Iterable<string>;
  /** The same for what --audit found. */
  renderAudit(audit: Audit, view: View): Iterable<string>;
}
