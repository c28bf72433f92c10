import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shipSpool } from '../../../src/ledger/shipper';

const NOW_MS = Date.UTC(2026, 10, 23, 12);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-prune-'));
  mkdirSync(join(dir, 'spool/lab'), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ship = (nowMs: number) =>
  shipSpool(
    { spoolDir: join(dir, 'spool'), ledger: join(dir, 'var/ledger'), varDir: join(dir, 'var'), host: 'h1' },
    nowMs,
  );
const spool = (day: string, text: string) => appendFileSync(join(dir, `spool/lab/${day}.ndjson`), text);
const spooled = () => readdirSync(join(dir, 'spool/lab')).sort();
const offsets = () => JSON.parse(readFileSync(join(dir, 'spool/shipped.json'), 'utf8')) as object;
const inbox = (day: string) => readFileSync(join(dir, `var/ledger/lab/inbox/${day}/h1.ndjson`), 'utf8');

test('what has been carried is kept for seven days and then removed, with its offset', () => {
  for (const day of ['2026-11-01', '2026-11-15', '2026-11-16', '2026-11-23']) spool(day, `${day}\n`);
  ship(NOW_MS);
  expect(spooled()).toEqual(['2026-11-16.ndjson', '2026-11-23.ndjson']);
  expect(offsets()).toEqual({ 'lab/2026-11-16.ndjson': 11, 'lab/2026-11-23.ndjson': 11 });
  expect([inbox('2026-11-01'), inbox('2026-11-15')]).toEqual(['2026-11-01\n', '2026-11-15\n']);
  ship(NOW_MS + 86_400_000);
  expect(spooled()).toEqual(['2026-11-23.ndjson']);
});

test('an old file of which a part has not been carried stays', () => {
  spool('2026-11-01', 'a\nhalf');
  ship(NOW_MS);
  expect(spooled()).toEqual(['2026-11-01.ndjson']);
  spool('2026-11-01', ' line\n');
  ship(NOW_MS);
  expect([spooled(), inbox('2026-11-01')]).toEqual([[], 'a\nhalf line\n']);
});

test('an old file that cannot be carried stays until it can', () => {
  spool('2026-11-01', 'a\n');
  mkdirSync(join(dir, 'var/ledger/lab'), { recursive: true });
  writeFileSync(join(dir, 'var/ledger/lab/inbox'), 'in the way');
  expect(() => ship(NOW_MS)).toThrow(/records wait in/);
  expect(spooled()).toEqual(['2026-11-01.ndjson']);
  rmSync(join(dir, 'var/ledger/lab/inbox'));
  ship(NOW_MS);
  expect([spooled(), inbox('2026-11-01')]).toEqual([[], 'a\n']);
});

test('a file that is made anew under a removed one’s name is carried from its begin', () => {
  spool('2026-11-01', 'a\n');
  ship(NOW_MS);
  spool('2026-11-01', 'b\nc\n');
  ship(NOW_MS);
  expect(inbox('2026-11-01')).toBe('a\nb\nc\n');
});
