/** What a submission may have: whoever wrote it. */
export const LIMITS = {
  /** Of the file as it is. */
  fileBytes: 64 * 1024 * 1024,
  /** Of all that it holds. */
  textBytes: 256 * 1024 * 1024,
  /** Of its first line, and of one that tells a series. */
  longLineBytes: 16 * 1024 * 1024,
  /** Of a record. */
  recordBytes: 1024 * 1024,
} as const;

/** How the files end that a folder of submissions is searched for. */
export const SUBMISSION_ENDING = '.ndjson.gz';
