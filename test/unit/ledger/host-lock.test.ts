import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withHostLock } from '../../../src/ledger/host-lock';

let ledger: string;
let warnings: string[];
beforeEach(() => {
  warnings = [];
  ledger = mkdtempSync(join(tmpdir(), 'eit-lock-'));
});
afterEach(() => rmSync(ledger, { recursive: true, force: true }));

const warn = (message: string) => void warnings.push(message);
const lock = () => join(ledger, '.h1.lock');
const place = (holder = 'me', host = 'h1') => ({ ledger, host, holder });
const left = () => readdirSync(ledger);
/** Another's lock of so long ago. */
const others = (ageMs: number, holder = 'other') => {
  symlinkSync(holder, lock());
  const at = (Date.now() - ageMs) / 1000;
  lutimesSync(lock(), at, at);
};
const LOCKED = expect.objectContaining({ code: 'EIT_LEDGER_LOCKED' }) as Error;

test('holds the lock while it works, and no longer, also when the work fails', () => {
  expect(withHostLock(place(), () => readlinkSync(lock()), warn)).toBe('me');
  expect(left()).toEqual([]);
  const failing = () => {
    throw new Error('full');
  };
  expect(() => withHostLock(place(), failing, warn)).toThrow('full');
  expect([left(), warnings]).toEqual([[], []]);
});

test.each([0, 290_000, -290_000])(
  'another machine of the same name, seen %i ms ago, is kept out, and told',
  (ageMs) => {
    others(ageMs);
    const work = jest.fn();
    expect(() => withHostLock(place(), work, warn)).toThrow(LOCKED);
    expect(work).not.toHaveBeenCalled();
    expect(readlinkSync(lock())).toBe('other');
    withHostLock(place('me', 'h2'), work, warn);
    expect(work).toHaveBeenCalledTimes(1);
  },
);

test.each([310_000, -310_000])('one that was last seen %i ms ago is dead', (ageMs) => {
  others(ageMs);
  expect(withHostLock(place(), () => readlinkSync(lock()), warn)).toBe('me');
  expect(left()).toEqual([]);
});

test('a lock that a killed process of this spool left is taken at once', () => {
  others(1000, 'me');
  const before = lstatSync(lock()).mtimeMs;
  expect(withHostLock(place(), () => lstatSync(lock()).mtimeMs, warn)).toBeGreaterThan(before);
  expect(left()).toEqual([]);
});

test('one that was thought dead, and wakes up while another has the lock, writes no more and lets it be', () => {
  const work = (showAlive: () => void) => {
    showAlive();
    rmSync(lock());
    symlinkSync('other', lock());
    expect(showAlive).toThrow(LOCKED);
    return 'woken';
  };
  expect(withHostLock(place(), work, warn)).toBe('woken');
  expect(warnings).toEqual([expect.stringContaining('was lost: another machine has it')]);
  expect(readlinkSync(lock())).toBe('other');
});

test('what cannot be written is said as such; something else in the lock’s place is no lock of ours', () => {
  const gone = { ...place(), ledger: join(ledger, 'nowhere') };
  expect(() => withHostLock(gone, () => 0, warn)).toThrow(
    expect.objectContaining({ code: 'EIT_LEDGER_UNWRITABLE' }),
  );
  mkdirSync(lock());
  expect(() => withHostLock(place(), () => 0, warn)).toThrow(LOCKED);
});
