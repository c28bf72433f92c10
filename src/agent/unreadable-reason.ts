/** Why a domain cannot be read, as a label of metrics: few values, whatever a driver says. */
export const UNREADABLE_REASONS = [
  'left_alone',
  'permission',
  'gone',
  'slow',
  'implausible',
  'other',
] as const;
export type UnreadableReason = (typeof UNREADABLE_REASONS)[number];

const PATTERNS: readonly (readonly [UnreadableReason, RegExp])[] = [
  ['left_alone', /no job with GPUs runs|\blet go\b|switched off|\bsleeps\b/],
  ['permission', /\bmay not (?:read|run)\b|\bEACCES\b|\bEPERM\b/],
  ['gone', /\bENOENT\b|\bENODEV\b|\bENXIO\b|not there|does not list|no longer|removed/],
  ['slow', /\btook \d|for more than|may hang|time-?out|no answer/],
  ['implausible', /\bholds\b|\bsays\b|was reset|wrapped|no value/],
];

/** @param missing what the source says, in words ({@link Missing}) */
export function unreadableReason(missing: string): UnreadableReason {
  return PATTERNS.find(([, pattern]) => pattern.test(missing))?.[0] ?? 'other';
}
