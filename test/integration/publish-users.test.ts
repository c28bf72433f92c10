import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_LIMITS, sqlText, withDuckDb } from '../../src/archive/duckdb';
import { rowsOf } from '../../src/archive/part';
import { readState } from '../../src/archive/taken-state';
import type { ArchiveManifest } from '../../src/generated/manifest';
import { LEDGER } from './report-command';
import { TestLedger } from '../unit/archive/compacted';

const missing = spawnSync('setfacl', ['--version']).status === 0 ? undefined : 'needs setfacl (package acl)';
const USERS = 250;
const FIRST_UID = 100_000;
const privacy = { mode: 'private', adminUids: [], coordinators: new Map() } as const;
const line = JSON.parse(
  readFileSync(join(LEDGER, 'alpha/inbox/2026-01-31/a1.ndjson'), 'utf8')
    .split('\n')
    .find((text) => text.includes('"kind":"run"')) ?? '',
) as Record<string, unknown>;
const MONTHS = ['2026-01', '2026-02'];
const nowMs = Date.parse('2026-03-02T12:00:00Z');

/** A line a user and month, twice: more users than DuckDB has files open. */
function fill(ledger: string): void {
  for (const [m, month] of MONTHS.entries()) {
    const day = `${month}-15`;
    const lines = Array.from({ length: USERS * 2 }, (_, i) => ({
      ...line,
      seq: m * USERS * 2 + i,
      job: 1 + i,
      uid: FIRST_UID + (i % USERS),
      user: `u${i % USERS}`,
      started: `${day}T10:00:00.000Z`,
      from: `${day}T10:00:00.000Z`,
      to: `${day}T10:05:00.000Z`,
    }));
    mkdirSync(join(ledger, 'alpha/inbox', day), { recursive: true });
    writeFileSync(
      join(ledger, 'alpha/inbox', day, 'a1.ndjson'),
      lines.map((one) => `${JSON.stringify(one)}\n`).join(''),
    );
  }
}

async function unpublished(ledger: string): Promise<unknown> {
  const manifest = JSON.parse(readFileSync(join(ledger, 'alpha/manifest.json'), 'utf8')) as ArchiveManifest;
  return (await readState(join(ledger, 'alpha', manifest.state))).unpublished;
}

(missing === undefined ? describe : describe.skip)(
  `users' own files${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let it: TestLedger;
    beforeEach(() => {
      it = new TestLedger();
      fill(it.dir);
    });
    afterEach(() => it.remove());
    const folder = () => join(it.dir, 'alpha/by-user');
    const uids = () => readdirSync(folder()).filter((name) => /^\d+$/.test(name));

    test('one a user and month, however many users; together they are the archive', async () => {
      const done = await it.compact('alpha', nowMs, { privacy });
      expect(done.published).toBe(USERS * MONTHS.length);
      expect(uids()).toHaveLength(USERS);
      for (const uid of uids()) {
        expect(readdirSync(join(folder(), uid)).sort()).toEqual(MONTHS.map((month) => `${month}.parquet`));
      }
      expect(await held()).toEqual({ lines: USERS * MONTHS.length * 2, users: USERS, strays: 0 });
      expect(readdirSync(folder()).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(await unpublished(it.dir)).toEqual(new Map());
    }, 120_000);

    /** What all users' files hold, and how many of their rows lie in somebody else's folder. */
    const held = () =>
      withDuckDb(REPORT_LIMITS, async (connection) => {
        const [row] = await rowsOf(
          connection,
          'SELECT sum(lines)::INTEGER AS lines, count(DISTINCT uid)::INTEGER AS users, ' +
            "count_if(NOT contains(filename, concat('/by-user/', uid, '/')))::INTEGER AS strays " +
            `FROM read_parquet(${sqlText(join(folder(), '*/*.parquet'))}, filename = true)`,
        );
        return row;
      });

    test('what was not published is remembered, and is the next time, without new lines', async () => {
      writeFileSync(join(it.dir, 'alpha/by-user'), 'in the way');
      await expect(it.compact('alpha', nowMs, { privacy })).rejects.toThrow();
      expect(await unpublished(it.dir)).toMatchObject(
        new Map(MONTHS.map((month) => [month, expect.anything()])),
      );
      rmSync(folder());
      const done = await it.compact('alpha', nowMs, { privacy });
      expect(done).toMatchObject({ records: 0, published: USERS * MONTHS.length });
      expect((await it.compact('alpha', nowMs, { privacy })).published).toBe(0);
    }, 120_000);

    test('a ledger that was open is published as a whole when it becomes private', async () => {
      expect((await it.compact('alpha', nowMs)).published).toBe(0);
      expect(await unpublished(it.dir)).toBe('all');
      expect((await it.compact('alpha', nowMs, { privacy })).published).toBe(USERS * MONTHS.length);
      expect(await unpublished(it.dir)).toEqual(new Map());
    }, 120_000);

    test('what a compaction that was killed left goes with the next, and files without news stay', async () => {
      await it.compact('alpha', nowMs, { privacy });
      mkdirSync(join(folder(), '.new-0123/uid=1'), { recursive: true });
      const before = statSync(join(folder(), String(FIRST_UID), '2026-01.parquet')).ino;
      await it.compact('alpha', nowMs, { privacy });
      expect(readdirSync(folder()).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(statSync(join(folder(), String(FIRST_UID), '2026-01.parquet')).ino).toBe(before);
    }, 120_000);
  },
);
