import { readFile } from 'node:fs/promises';
import type { ArchivePart, MonthSums } from '../generated/manifest';
import type { SkipReason } from '../ledger/record-line';
import { exactSums, storedSums } from './month-sums';
import { type StoredState, storedState, stateOf } from './taken-state';
import type { Taking } from './taking';
import { writeWhole } from './whole-file';

/** What a task took, as it is in its file. */
interface StoredTaking extends StoredState {
  readonly parts: readonly ArchivePart[];
  readonly sums: Readonly<Record<string, MonthSums>>;
  readonly refused: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By month. */
  readonly uids: Readonly<Record<string, readonly number[]>>;
  readonly slots: readonly number[];
  readonly hardware: Taking['hardware'];
  readonly data_until_ms: number | null;
  readonly bytes: number;
  readonly lines: number;
  readonly duplicates: number;
  readonly unread: Taking['unread'];
}

/** Writes what a task took, whole or not at all. @throws the system's error */
export async function writeTaking(path: string, taking: Taking, mode: number): Promise<void> {
  const stored: StoredTaking = {
    ...storedState(taking),
    parts: taking.parts,
    sums: Object.fromEntries([...taking.sums].map(([month, sums]) => [month, storedSums(sums)])),
    refused: Object.fromEntries(
      [...taking.refused].map(([day, reasons]) => [day, Object.fromEntries(reasons)]),
    ),
    uids: Object.fromEntries([...taking.uids].map(([month, uids]) => [month, [...uids]])),
    slots: [...taking.slots],
    hardware: taking.hardware,
    data_until_ms: taking.dataUntilMs,
    bytes: taking.bytes,
    lines: taking.lines,
    duplicates: taking.duplicates,
    unread: taking.unread,
  };
  await writeWhole(path, JSON.stringify(stored), mode);
}

/** @throws the system's error; another Error where it is damaged */
export async function readTaking(path: string): Promise<Taking> {
  const stored = JSON.parse(await readFile(path, 'utf8')) as StoredTaking;
  const { files, writers } = stateOf(stored);
  return {
    parts: [...stored.parts],
    files,
    writers,
    sums: new Map(Object.entries(stored.sums).map(([month, sums]) => [month, exactSums(sums)])),
    refused: new Map(
      Object.entries(stored.refused).map(([day, reasons]) => [
        day,
        new Map(Object.entries(reasons) as [SkipReason, number][]),
      ]),
    ),
    uids: new Map(Object.entries(stored.uids).map(([month, uids]) => [month, new Set(uids)])),
    slots: new Set(stored.slots),
    hardware: [...stored.hardware],
    dataUntilMs: stored.data_until_ms,
    isPart: false,
    bytes: stored.bytes,
    lines: stored.lines,
    duplicates: stored.duplicates,
    unread: [...stored.unread],
  };
}
