import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withHostLock } from '../../../src/ledger/host-lock';

let ledger: string;
beforeEach(() => (ledger = mkdtempSync(join(tmpdir(), 'eit-lock-'))));
afterEach(() => rmSync(ledger, { recursive: true, force: true }));

const warnings: string[] = [];
const warn = (message: string) => void warnings.push(message);
const holder = () => join(ledger, '.h1.lock');

test('holds the lock while it works, and no longer, also when the work fails', async () => {
  expect(await withHostLock(ledger, 'h1', () => existsSync(holder()), warn)).toBe(true);
  const failing = withHostLock(
    ledger,
    'h1',
    () => {
      throw new Error('full');
    },
    warn,
  );
  await expect(failing).rejects.toThrow('full');
  expect(existsSync(holder())).toBe(false);
  expect(warnings).toEqual([]);
});

test('another machine of the same name is kept out, and told', async () => {
  mkdirSync(holder());
  const work = jest.fn();
  await expect(withHostLock(ledger, 'h1', work, warn)).rejects.toMatchObject({ code: 'EIT_LEDGER_LOCKED' });
  expect(work).not.toHaveBeenCalled();
  await withHostLock(ledger, 'h2', work, warn);
  expect(work).toHaveBeenCalledTimes(1);
});

test('one that has not shown itself for longer than five minutes is dead', async () => {
  mkdirSync(holder());
  const past = Date.now() / 1000 - 310;
  utimesSync(holder(), past, past);
  expect(await withHostLock(ledger, 'h1', () => 'done', warn)).toBe('done');
});
