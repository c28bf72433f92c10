import type { ArchivePart } from '../generated/manifest';
import type { SkipReason } from '../ledger/record-line';
import type { HardwareTold } from '../runs/hardware-models';
import type { ExactMonthSums } from './month-sums';
import type { TakenFile, TakenWriter } from './taken-state';

/** What was taken from the inbox and is written, but not committed: nobody reads it yet. */
export interface Taking {
  readonly parts: ArchivePart[];
  /** What is known now of each file looked at. */
  readonly files: Map<string, TakenFile>;
  /** What is new. */
  readonly writers: Map<string, TakenWriter>;
  /** By month. */
  readonly sums: Map<string, ExactMonthSums>;
  /** By day of the inbox. */
  readonly refused: Map<string, Map<SkipReason, number>>;
  /** By month, the users of whose runs there are new slices. */
  readonly uids: Map<string, Set<number>>;
  /** Slots of time of which there are new slices, or slices of which something else is new. */
  readonly slots: Set<number>;
  /** What hosts told of their hardware. */
  readonly hardware: HardwareTold[];
  dataUntilMs: number | null;
  /** Whether files are left for the next taking. */
  isPart: boolean;
  bytes: number;
  lines: number;
  duplicates: number;
  /** Files that could not be opened, with the reason. */
  readonly unread: { readonly path: string; readonly reason: string }[];
}

export function emptyTaking(): Taking {
  return {
    parts: [],
    files: new Map(),
    writers: new Map(),
    sums: new Map(),
    refused: new Map(),
    uids: new Map(),
    slots: new Set(),
    hardware: [],
    dataUntilMs: null,
    isPart: false,
    bytes: 0,
    lines: 0,
    duplicates: 0,
    unread: [],
  };
}
