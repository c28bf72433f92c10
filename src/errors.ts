import { isNativeError } from 'node:util/types';

/**
 * Every error EIT raises on purpose, by its stable code. The code is what users search for and what
 * docs/troubleshooting.md lists; the exit status is what the commands end with.
 */
const ERRORS = {
  EIT_CONFIG_UNREADABLE: { exit: 2 },
  EIT_CONFIG_INVALID: { exit: 2 },
  EIT_PATH_UNTRUSTED: { exit: 2 },
  EIT_USAGE: { exit: 2 },
  EIT_TIME_FORM: { exit: 2 },
  EIT_HOSTLIST: { exit: 2 },
  EIT_ZONE_UNKNOWN: { exit: 2 },
  EIT_PLACE: { exit: 2 },
  EIT_IP_LOOKUP: { exit: 1 },
  EIT_FACTOR_FILE: { exit: 2 },
  EIT_DATA_FILE: { exit: 1 },
  EIT_PARSE: { exit: 1 },
  EIT_RECORD_INVALID: { exit: 1 },
  EIT_HOOK_EVENT: { exit: 1 },
  EIT_CHECKPOINT: { exit: 1 },
  EIT_CALIBRATION: { exit: 1 },
  EIT_NVIDIA_SMI: { exit: 1 },
  EIT_SACCT: { exit: 1 },
  EIT_SACCTMGR: { exit: 1 },
  EIT_SBATCH: { exit: 1 },
  EIT_SPOOL: { exit: 1 },
  EIT_LEDGER_USER: { exit: 1 },
  EIT_LEDGER_UNREADABLE: { exit: 1 },
  EIT_LEDGER_UNWRITABLE: { exit: 1 },
  EIT_LEDGER_EXISTS: { exit: 1 },
  EIT_LEDGER_LOCKED: { exit: 1 },
  EIT_DUCKDB: { exit: 1 },
  EIT_ARCHIVE: { exit: 1 },
  EIT_QUOTA_DIR: { exit: 1 },
  EIT_PRIVACY: { exit: 1 },
  EIT_PAGES: { exit: 1 },
  EIT_INTENSITY: { exit: 1 },
  EIT_INTENSITY_LOCKED: { exit: 1 },
  EIT_PROVIDER: { exit: 1 },
  EIT_TOKEN: { exit: 2 },
  EIT_MAIL: { exit: 1 },
  EIT_GPU_RELEASE: { exit: 1 },
  EIT_LIVE: { exit: 1 },
  EIT_RUN_SET: { exit: 1 },
  EIT_COVERAGE: { exit: 1 },
  EIT_FACTS: { exit: 1 },
  EIT_RUN: { exit: 125 },
  EIT_WRONG_HARDWARE: { exit: 125 },
  EIT_APPENDIX: { exit: 2 },
  EIT_LEADERBOARD: { exit: 2 },
  EIT_SUBMISSION: { exit: 1 },
  EIT_IMPORT: { exit: 1 },
  EIT_AGENT_RUNNING: { exit: 0 },
} as const satisfies Record<string, { exit: number }>;

export type EitErrorCode = keyof typeof ERRORS;

/**
 * An error with a stable code and, where there is one, its cause. The message names the place (file, key, line)
 * and what to do about it.
 */
export class EitError extends Error {
  readonly code: EitErrorCode;

  constructor(code: EitErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EitError';
    this.code = code;
  }

  /** The exit status of a command that ends with this error. */
  get exitStatus(): number {
    return ERRORS[this.code].exit;
  }
}

/** An error in one line of a log or a message: its code, where it has one, and what it says. */
export function describeError(error: unknown): string {
  return error instanceof EitError ? `${error.code}: ${error.message}` : String(error);
}

/** Whether `error` is a system error (from fs, child_process, ...) with one of the given codes, such as ENOENT. */
export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  // Not `instanceof`: Node's own errors are of another realm than code that jest or a vm runs.
  return isNativeError(error) && 'code' in error && codes.includes(String(error.code));
}

/** Whether `error` is a system error of whatever code. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return isNativeError(error) && 'syscall' in error;
}
