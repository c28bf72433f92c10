// Generated from schemas/record.schema.json by `npm run generate`. Do not edit.
import type { HostRecord, RunRecord } from './record';

/** A line that is in the form in which agents write, and valid. null: look at it the slow way. Optional keys can be there as undefined. */
declare function readRecord(bytes: Buffer, from: number, to: number): RunRecord | HostRecord | null;
export = readRecord;
