import fc from 'fast-check';

/** Whether this is `npm run test:long`: large counts in full. */
const isLong = process.env.EIT_TEST_LONG === '1';

/** How often to do what `npm run test:long` does `full` times and an ordinary run `small` times. */
export function scaled(small: number, full: number): number {
  return isLong ? full : small;
}

if (isLong) {
  fc.configureGlobal({ numRuns: 10_000 });
  jest.setTimeout(3_600_000);
}
