import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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
  expect(
    await withHostLock(
      { ledger, host: 'h1', markPath: join(ledger, 'mark') },
      () => existsSync(holder()),
      warn,
    ),
  ).toBe(true);
  const failing = withHostLock(
    { ledger, host: 'h1', markPath: join(ledger, 'mark') },
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
  await expect(
    withHostLock({ ledger, host: 'h1', markPath: join(ledger, 'mark') }, work, warn),
  ).rejects.toMatchObject({ code: 'EIT_LEDGER_LOCKED' });
  expect(work).not.toHaveBeenCalled();
  await withHostLock({ ledger, host: 'h2', markPath: join(ledger, 'mark') }, work, warn);
  expect(work).toHaveBeenCalledTimes(1);
});

test('one that has not shown itself for longer than five minutes is dead', async () => {
  mkdirSync(holder());
  const past = Date.now() / 1000 - 310;
  utimesSync(holder(), past, past);
  expect(await withHostLock({ ledger, host: 'h1', markPath: join(ledger, 'mark') }, () => 'done', warn)).toBe(
    'done',
  );
});

test('a lock that a killed process of this host left is taken at once, another machine’s is not', async () => {
  const place = { ledger, host: 'h1', markPath: join(ledger, 'mark') };
  let mark = '';
  await withHostLock(place, () => (mark = readFileSync(place.markPath, 'utf8')), warn);
  // As the killed one left both, but for the time, which is this folder's.
  mkdirSync(holder());
  expect(mark.split('\n')[0]).toBe(holder());
  writeFileSync(place.markPath, `${holder()}\n${statSync(holder()).mtimeMs}\n`);
  expect(await withHostLock(place, () => 'done', warn)).toBe('done');
  mkdirSync(holder());
  await expect(withHostLock(place, () => 'done', warn)).rejects.toMatchObject({ code: 'EIT_LEDGER_LOCKED' });
});
