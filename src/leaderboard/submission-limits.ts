/** What a submission may have: whoever wrote it. */
export const LIMITS = {
  /** Of the file as it is. */
  fileBytes: 64 * 1024 * 1024,
  /** Of all that it holds. */
  textBytes: 96 * 1024 * 1024,
  /** Of its first line, and of one that tells a series. */
  longLineBytes: 16 * 1024 * 1024,
  /** Of a record. */
  recordBytes: 1024 * 1024,
  /** Of all its series. */
  points: 2_000_000,
  /** Of a metric or a step, whichever sign: squares of what is beyond it, and their sums, are no numbers any more. */
  amount: 1e100,
} as const;

/** How the files end that a folder of submissions is searched for. */
export const SUBMISSION_ENDING = '.ndjson.gz';
