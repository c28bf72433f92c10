import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoolNews } from '../../../src/ledger/spool-news';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-news-'));
  mkdirSync(join(dir, 'lab'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const add = (text: string) => appendFileSync(join(dir, 'lab/2026-11-24.0.ndjson'), text);
const line = (more: object, pad = 0) =>
  `${JSON.stringify({ kind: 'run', user: 'x'.repeat(pad), ...more })}\n`;

test('the last line of a run is news once; other lines are none', () => {
  const news = new SpoolNews(dir);
  expect([news.hasEnd(), news.hasEnd()]).toEqual([true, false]);
  add(line({ job: 1 }));
  expect(news.hasEnd()).toBe(false);
  add(line({ job: 1, end: { by: 'epilog' } }));
  expect([news.hasEnd(), news.hasEnd()]).toEqual([true, false]);
});

test('what a user calls their things is no end', () => {
  const news = new SpoolNews(dir);
  news.hasEnd();
  add(line({ account: '"end":{', user: '\\"end":{"' }));
  expect(news.hasEnd()).toBe(false);
});

test.each([1_048_560, 1_048_566, 1_048_570, 1_048_573, 1_048_576, 2_097_140])(
  'an end behind %i other bytes, across the border of two pieces, is seen',
  (bytes) => {
    const news = new SpoolNews(dir);
    news.hasEnd();
    const start = line({}).length;
    add('x'.repeat(bytes - start) + line({ end: {} }));
    expect(news.hasEnd()).toBe(true);
  },
);

test('a file that is gone, and a spool that is not there, have none', () => {
  const news = new SpoolNews(dir);
  add(line({}));
  news.hasEnd();
  rmSync(join(dir, 'lab'), { recursive: true });
  expect(news.hasEnd()).toBe(false);
});
