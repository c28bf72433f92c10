import fc from 'fast-check';

/** Whether this is `npm run test:long`: large counts in full. */
export const isLong = process.env.EIT_TEST_LONG === '1';

/** How often to do what `npm run test:long` does `full` times and an ordinary run `small` times. */
export function scaled(small: number, full: number): number {
  return isLong ? full : small;
}

// An ordinary run tries the same cases each time, so that one that fails is of the change at hand. The long run looks for new ones.
const SEED = 20_200_131;

fc.configureGlobal(
  isLong || process.env.EIT_TEST_SEED === 'new'
    ? { ...(isLong && { numRuns: 10_000 }) }
    : { seed: Number(process.env.EIT_TEST_SEED ?? SEED) },
);
if (isLong) jest.setTimeout(3_600_000);
