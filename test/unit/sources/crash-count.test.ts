import { CrashCount } from '../../../src/sources/crash-count';

test('crashes within the time count, other ends do not', () => {
  const crashes = new CrashCount(3, 1000);
  expect(crashes.add('SIGSEGV', 0)).toBe(false);
  expect(crashes.add('SIGKILL', 10)).toBe(false);
  expect(crashes.add(null, 20)).toBe(false);
  expect(crashes.add('SIGABRT', 500)).toBe(false);
  // The first is forgotten by now.
  expect(crashes.add('SIGBUS', 1000)).toBe(false);
  expect(crashes.add('SIGILL', 1499)).toBe(true);
});
