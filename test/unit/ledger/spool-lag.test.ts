import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSpoolLag } from '../../../src/ledger/spool-lag';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-lag-'));
  mkdirSync(join(dir, 'lab'));
  mkdirSync(join(dir, '.shipper'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const line = (to: string) => `${JSON.stringify({ to })}\n`;

function file(name: string, text: string): void {
  writeFileSync(join(dir, 'lab', name), text);
}

function shipped(bytes: Readonly<Record<string, number>>): void {
  writeFileSync(join(dir, '.shipper/shipped.json'), JSON.stringify(bytes));
}

test('an empty spool waits for nothing', () => {
  expect(readSpoolLag(dir)).toEqual({
    totalBytes: 0,
    waitingBytes: 0,
    oldestWaitingMs: null,
    lastShippedMs: null,
  });
});

test('what waits is what was not carried, from the first such line on', () => {
  const first = line('2026-03-01T00:00:00.000Z');
  const second = line('2026-03-01T00:05:00.000Z');
  file('2026-03-01.ndjson', `${first}${second}`);
  file('2026-03-02.ndjson', line('2026-03-02T00:00:00.000Z'));
  expect(readSpoolLag(dir)).toMatchObject({
    totalBytes: first.length * 3,
    waitingBytes: first.length * 3,
    oldestWaitingMs: Date.parse('2026-03-01T00:00:00Z'),
  });
  shipped({ 'lab/2026-03-01.ndjson': first.length });
  const lag = readSpoolLag(dir);
  expect(lag).toMatchObject({
    waitingBytes: first.length * 2,
    oldestWaitingMs: Date.parse('2026-03-01T00:05:00Z'),
  });
  expect(Math.abs((lag.lastShippedMs ?? 0) - Date.now())).toBeLessThan(60_000);
  shipped({ 'lab/2026-03-01.ndjson': first.length * 2, 'lab/2026-03-02.ndjson': first.length });
  expect(readSpoolLag(dir)).toMatchObject({
    totalBytes: first.length * 3,
    waitingBytes: 0,
    oldestWaitingMs: null,
  });
});

test('a file that is shorter than what was carried of it was made anew', () => {
  file('2026-03-01.ndjson', line('2026-03-01T00:00:00.000Z'));
  shipped({ 'lab/2026-03-01.ndjson': 10_000 });
  expect(readSpoolLag(dir).oldestWaitingMs).toBe(Date.parse('2026-03-01T00:00:00Z'));
});

test.each([
  ['a half line', '{"to":"2026-03-01T00'],
  ['no JSON', 'xyz\n'],
  ['no time', '{"to":5}\n'],
  ['null', 'null\n'],
])('%s tells no time, and what waits is told all the same', (_, text) => {
  file('2026-03-01.ndjson', text);
  expect(readSpoolLag(dir)).toMatchObject({ waitingBytes: text.length, oldestWaitingMs: null });
});
