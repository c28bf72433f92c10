import { EitError } from '../errors';

/** What a prolog or an epilog wrote down: see `prolog` for the writing side. */
export interface HookEvent {
  readonly hook: 'prolog' | 'epilog';
  /** Kernel boot id at the time. */
  readonly boot: string;
  /** Seconds since boot at the time, as the kernel prints them. */
  readonly uptimeS: number;
  readonly jobId: number;
  /** SLURMD_NODENAME; empty where Slurm did not say. */
  readonly node: string;
  /** The other variables of the whitelist that were set, cleaned: valid UTF-8, no control characters, bounded length. */
  readonly variables: Readonly<Record<string, string>>;
}

const MAGIC = 'eit-event 1';
const END_MARK = 'end';
const LONGEST_VALUE = 16_384;

/**
 * Parses an event file of the hooks: NUL-ended fields, the first `eit-event 1`, the last `end`, between them
 * `name=value`. Values come from a job's environment and are data: bytes that are not UTF-8 and control characters
 * become U+FFFD, long values are cut.
 * @throws EitError EIT_HOOK_EVENT where it is not a whole event
 */
export function parseHookEvent(bytes: Uint8Array): HookEvent {
  const fields = new TextDecoder('utf-8').decode(bytes).split('\0');
  if (fields[0] !== MAGIC) throw new EitError('EIT_HOOK_EVENT', `does not begin with "${MAGIC}"`);
  if (fields.at(-1) !== '' || fields.at(-2) !== END_MARK) {
    throw new EitError('EIT_HOOK_EVENT', `is not whole: "${END_MARK}" is missing at its end`);
  }

  const values = new Map<string, string>();
  for (const field of fields.slice(1, -2)) {
    const equals = field.indexOf('=');
    if (equals > 0) values.set(field.slice(0, equals), cleanValue(field.slice(equals + 1)));
  }
  const hook = values.get('hook');
  if (hook !== 'prolog' && hook !== 'epilog') throw new EitError('EIT_HOOK_EVENT', `hook is "${hook ?? ''}"`);
  const job = values.get('SLURM_JOB_ID') ?? '';
  const jobId = wholeNumber(job);
  if (jobId === undefined || jobId === 0) throw new EitError('EIT_HOOK_EVENT', `SLURM_JOB_ID is "${job}"`);

  const variables = Object.fromEntries(
    [...values].filter(([name, value]) => /^[A-Z]/.test(name) && value !== ''),
  );
  return {
    hook,
    boot: values.get('boot') ?? '',
    uptimeS: Number.parseFloat(values.get('uptime') ?? '') || 0,
    jobId,
    node: values.get('SLURMD_NODENAME') ?? '',
    variables,
  };
}

/** Digits as a whole number below 2^53, else undefined. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

/** A value from a hostile environment as text that is safe to keep: one line, valid, bounded. */
export function cleanValue(text: string): string {
  return [...text.slice(0, LONGEST_VALUE)]
    .map((char) => (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(char) ? '\uFFFD' : char))
    .join('');
}
