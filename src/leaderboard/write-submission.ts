import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import type { RunRecord } from '../generated/record';
import type {
  SubmissionManifest,
  SubmissionMetricLine,
  SubmissionSection,
  SubmissionTagLine,
} from '../generated/submission';
import { LIMITS } from './submission-limits';

export interface SubmissionParts {
  readonly manifest: Omit<SubmissionManifest, 'records' | 'facts'>;
  /** Veiled. */
  readonly records: readonly RunRecord[];
  readonly facts: readonly (SubmissionMetricLine | SubmissionTagLine)[];
}

/** The lines of a submission, its manifest first. */
export function submissionText({ manifest, records, facts }: SubmissionParts): string {
  const lines = (values: readonly unknown[]): string =>
    values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const [recordText, factText] = [lines(records), lines(facts)];
  const whole: SubmissionManifest = {
    ...manifest,
    records: section(records.length, recordText),
    facts: section(facts.length, factText),
  };
  return lines([whole]) + recordText + factText;
}

function section(lines: number, text: string): SubmissionSection {
  return {
    lines,
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/**
 * Writes a submission into a file that must not be there yet.
 * @returns its size in bytes
 * @throws EitError EIT_SUBMISSION
 */
export function writeSubmission(path: string, text: string): number {
  const size = Buffer.byteLength(text);
  const bytes = gzipSync(text, { level: 9 });
  if (size > LIMITS.textBytes || bytes.length > LIMITS.fileBytes)
    throw new EitError(
      'EIT_SUBMISSION',
      `the submission would have ${size} bytes (at most ${LIMITS.textBytes}; packed ${bytes.length}, at most ${LIMITS.fileBytes}): choose fewer runs`,
    );
  try {
    writeFileSync(path, bytes, { flag: 'wx' });
  } catch (cause) {
    if (isErrno(cause, 'EEXIST'))
      throw new EitError(
        'EIT_SUBMISSION',
        `${visible(path)} is there already: remove it, or name another file`,
        {
          cause,
        },
      );
    if (!isErrno(cause, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EROFS', 'EPERM')) throw cause;
    throw new EitError(
      'EIT_SUBMISSION',
      `cannot write ${visible(path)}: ${cause.message}; name another file`,
      { cause },
    );
  }
  return bytes.length;
}
