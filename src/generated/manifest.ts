// Generated from schemas/manifest.schema.json by `npm run generate`. Do not edit.

export type UtcTime = string;
/**
 * Below the cluster's folder.
 */
export type FileName = string;
export type Count = number;
export type Day = string;

/**
 * <ledger>/<cluster>/manifest.json: which parts the archive of a cluster is made of, and how far it is. It is replaced as a whole; a part is never changed.
 */
export interface ArchiveManifest {
  schema: 1;
  tool: string;
  /**
   * Counts up by one a commit.
   */
  generation: number;
  committed_at: UtcTime;
  /**
   * Time that one row covers: what lies within it cannot be told apart. Slots begin at its multiples in UTC.
   */
  slot_ms: number;
  /**
   * IANA name of the zone whose days the daily totals are of.
   */
  time_zone: string;
  /**
   * End of the newest line taken in, but for lines that ended more than 5 minutes later than now, by a clock that was ahead; null: none was.
   */
  data_until: null | UtcTime;
  /**
   * What was taken from the inbox: a gzipped JSON file. Readers of the parts alone do not need it.
   */
  state: string;
  parts: ArchivePart[];
  /**
   * Files that the manifest named before, and since when not any more: they stay a day for those who read by an older manifest.
   */
  replaced: ReplacedFile[];
  /**
   * By month, what all lines taken in come to: what the parts must hold. Decimal numbers as texts, since they outgrow what JSON's numbers carry.
   */
  sums: {
    [k: string]: MonthSums;
  };
  /**
   * By day of the inbox, reason to the number of lines that were no record.
   */
  refused: {
    [k: string]: {
      [k: string]: Count;
    };
  };
}
export interface ArchivePart {
  path: FileName;
  /**
   * Name of the table.
   */
  kind: string;
  /**
   * UTC month of its rows.
   */
  month: string;
  /**
   * Least and greatest time of its rows, Unix ms.
   */
  from_ms: number;
  to_ms: Count;
  /**
   * 0: as it came from the inbox. 1: a day's parts merged. 2: a month's.
   */
  level: number;
  /**
   * Of parts sorted by job: the least and the greatest id in them.
   *
   * @minItems 2
   * @maxItems 2
   */
  jobs?: [Count, Count];
  rows: Count;
  bytes: Count;
  /**
   * Of the file, in hex.
   */
  sha256?: string;
  /**
   * Of daily and hourly totals: the days (of time_zone) that they hold and that are as the slices are. Rows of other days are out of date.
   */
  days?: Day[];
  /**
   * Below the cluster's folder.
   */
  of?: string;
  /**
   * Columns without any value.
   */
  empty?: string[];
}
export interface ReplacedFile {
  path: FileName;
  at_ms: Count;
}
export interface MonthSums {
  run_lines: Count;
  /**
   * Of runs, measured and modelled, under all policies together.
   */
  run_uj: string;
  host_lines: Count;
  /**
   * Of hosts, under all policies together.
   */
  idle_uj: string;
}
