export type Fields = Readonly<Record<string, string>>;

/**
 * Parses `scontrol --oneliner show ...`: a record a line, `Key=value Key=value`, values with spaces and = in them.
 * What users control (a job's name, comment, path) can look like further keys: don't take those from here.
 */
export function parseRecords(text: string): Fields[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) =>
      Object.fromEntries(
        [...line.matchAll(/(?:^|\s)([A-Z][\w:/]*)=(.*?)(?=\s+[A-Z][\w:/]*=|\s*$)/g)].map(
          ([, key = '', value = '']) => [key, value],
        ),
      ),
    );
}

/** Job states from which a job goes nowhere without being told to (`man squeue`, JOB STATE CODES). */
export const FINAL_STATES: readonly string[] = [
  'BOOT_FAIL',
  'CANCELLED',
  'COMPLETED',
  'DEADLINE',
  'FAILED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'TIMEOUT',
];
