import { visible } from '../config/visible';
import { EitError } from '../errors';
import { quotaCheck } from './quota-check';

/** Runs `eit quota check` with the process's own streams; @returns its exit status. */
export function quotaCheckMain(args: readonly string[]): number {
  try {
    const uid = process.getuid?.() ?? 0;
    const { status, text } = quotaCheck(args, { env: process.env, uid, nowMs: Date.now() });
    process.stdout.write(text);
    return status;
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    process.stderr.write(`eit quota check: ${error.code}: ${visible(error.message)}\n`);
    return error.exitStatus;
  }
}
