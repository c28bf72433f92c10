/** Ways to make nvidia-smi tell again and again, the best first: each so many ms, each so many s, by calling it again. */
export type Repeat = 'milliseconds' | 'seconds' | 'calls';

/** What nvidia-smi is asked for. */
export interface NvidiaSmiRequest {
  /** Only some sections: they are cheaper to make and to read than all. */
  readonly hasSections: boolean;
  readonly repeat: Repeat;
}

/** The sections of nvidia-smi -d (nvidia-smi(1)) that readings come from. */
const SECTIONS = 'MEMORY,UTILIZATION,POWER,PERFORMANCE,PIDS';

/** nvidia-smi(1), "RETURN VALUE": a supplied argument or flag is invalid. */
const INVALID_ARGUMENT_STATUS = 2;

/** The arguments that ask for it; a whole number of seconds is rounded up. */
export function argumentsOf({ hasSections, repeat }: NvidiaSmiRequest, intervalMs: number): string[] {
  const args = ['-q', '-x', ...(hasSections ? ['-d', SECTIONS] : [])];
  if (repeat === 'milliseconds') args.push('-lms', String(intervalMs));
  if (repeat === 'seconds') args.push('-l', String(Math.ceil(intervalMs / 1000)));
  return args;
}

/**
 * Whether a program that ended without an answer does not know what it was asked for. Old versions end with another status,
 * but all say `Option -lms is not recognized` or `Invalid combination of input arguments`.
 */
export function isRefusal(status: number | null, text: string): boolean {
  return (
    status !== 0 &&
    (status === INVALID_ARGUMENT_STATUS ||
      /\bnot recogni[sz]ed\b|\binvalid (combination|argument|option)/i.test(text))
  );
}

/**
 * What to ask for instead of what was refused: without sections, then with a coarser loop, then without one.
 * @param text what it said; the option that it names is dropped first
 * @returns null where nothing is left to drop
 */
export function askLess(refused: NvidiaSmiRequest, text: string): NvidiaSmiRequest | null {
  const namesLoop = /\boption\W+(lms|l|loop|loop-ms)\d*\b/i.test(text);
  if (refused.hasSections && !namesLoop) return withoutSections(refused);
  return withCoarserRepeat(refused) ?? (refused.hasSections ? withoutSections(refused) : null);
}

/** The same, but everything that it tells. */
export function withoutSections(request: NvidiaSmiRequest): NvidiaSmiRequest {
  return { ...request, hasSections: false };
}

/** The same, repeated by the next worse way; null after the last. */
export function withCoarserRepeat({ hasSections, repeat }: NvidiaSmiRequest): NvidiaSmiRequest | null {
  if (repeat === 'calls') return null;
  return { hasSections, repeat: repeat === 'milliseconds' ? 'seconds' : 'calls' };
}
