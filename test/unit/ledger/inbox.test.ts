import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import type { EitRecord } from '../../../src/generated/record';
import { type InboxQuery, readInbox } from '../../../src/ledger/inbox';
import { Skipped } from '../../../src/ledger/record-line';
import { hostRecord, runRecord } from '../report/records';

let ledger: string;
beforeEach(() => {
  ledger = mkdtempSync(join(tmpdir(), 'eit-inbox-'));
});
afterEach(() => rmSync(ledger, { recursive: true, force: true }));

const DAY = '2026-03-02';
const wholeDay = { fromMs: Date.parse('2026-03-02T00:00:00Z'), toMs: Date.parse('2026-03-03T00:00:00Z') };

function put(text: string, { cluster = 'alpha', day = DAY, host = 'n1' } = {}): string {
  const path = join(ledger, cluster, 'inbox', day, `${host}.ndjson`);
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, text);
  return path;
}

function lines(...records: unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

async function read(query: Partial<InboxQuery> = {}): Promise<{ records: EitRecord[]; skipped: Skipped }> {
  const skipped = new Skipped();
  const records: EitRecord[] = [];
  for await (const record of readInbox(ledger, { ...wholeDay, skipped, ...query })) records.push(record);
  return { records, skipped };
}

test('reads every record of every host once', async () => {
  const [a, b, c] = [
    runRecord({ seq: 0 }),
    hostRecord({ seq: 1 }),
    runRecord({ seq: 0, host: 'n2', node: 'n2' }),
  ];
  put(lines(a, b, a));
  put(lines(c), { host: 'n2' });
  put(lines(c), { host: 'n2-again' });
  const { records, skipped } = await read();
  expect(records).toEqual([a, b, c]);
  expect(skipped.total).toBe(0);
});

test('the same number of another instance, host or cluster is another record', async () => {
  const all = [
    runRecord(),
    runRecord({ instance: 'ffffffffffff' }),
    runRecord({ host: 'n2' }),
    runRecord({ cluster: 'beta' }),
  ];
  put(lines(...all));
  expect((await read()).records).toEqual(all);
});

const whole = JSON.stringify(runRecord({ seq: 5 }));
test.each([
  ['a half line', `${whole.slice(0, 90)}\n`, 'not JSON'],
  ['a half line at the end', whole.slice(0, 90), 'half line at the end'],
  ['an empty line', '\n', 'empty line'],
  ['zeros that a crash left', `${'\0'.repeat(64)}\n`, 'not JSON'],
  ['another JSON value', '42\n', 'refused by the schema'],
  ['null', 'null\n', 'refused by the schema'],
  ['a record with an unknown key', lines({ ...runRecord({ seq: 5 }), extra: 1 }), 'refused by the schema'],
  ['a record that lacks a key', lines({ schema: 1, kind: 'run' }), 'refused by the schema'],
  [
    'a 13th month',
    lines(runRecord({ seq: 5, from: '2026-03-02T10:00:00.000Z', to: '2026-13-02T10:00:00.000Z' })),
    'refused by the schema',
  ],
  ['a newer version', lines({ ...runRecord(), schema: 2, anything: true }), 'newer schema'],
  ['a kind nobody knows', lines({ ...runRecord(), kind: 'meter' }), 'refused by the schema'],
  [
    'a key that means something to JavaScript',
    `${whole.replace('"package-0"', '"__proto__"')}\n`,
    'refused by the schema',
  ],
  ['a line over 1 MB', `${'x'.repeat((1 << 20) + 1)}\n`, 'line over 1 MB'],
  ['a line over 3 MB at the end', 'x'.repeat(3 << 20), 'line over 1 MB'],
])('%s is passed over and counted, its neighbours are read', async (_, damage, reason) => {
  const [before, after] = [runRecord({ seq: 1 }), runRecord({ seq: 2 })];
  put(lines(before));
  put(damage);
  const isOpenEnded = !damage.endsWith('\n');
  if (!isOpenEnded) put(lines(after));
  const { records, skipped } = await read();
  expect(records).toEqual(isOpenEnded ? [before] : [before, after]);
  expect(skipped.byReason).toEqual([[reason, 1]]);
});

test('a last line that only lacks its newline is read', async () => {
  put(whole);
  expect((await read()).records).toEqual([JSON.parse(whole)]);
});

test('lines and characters that lie across the pieces of a large file are whole', async () => {
  const all = Array.from({ length: 4000 }, (_, seq) =>
    runRecord({ seq, user: `ü€😀${'é'.repeat(seq % 7)}` }),
  );
  put(lines(...all));
  const { records, skipped } = await read();
  expect(records).toEqual(all);
  expect(skipped.total).toBe(0);
});

test('only the days around the window are opened, and only the clusters asked for', async () => {
  for (const [seq, day] of [
    '2026-02-28',
    '2026-03-01',
    '2026-03-02',
    '2026-03-03',
    '2026-03-04',
    '2026-03-05',
  ].entries()) {
    put(lines(runRecord({ seq, from: `${day}T01:00:00.000Z` })), { day });
  }
  put(lines(runRecord({ cluster: 'beta' })), { cluster: 'beta' });
  put(lines(runRecord({ seq: 99 })), { day: 'tmp' });
  const days = (await read({ clusters: ['alpha'] })).records.map((record) => record.to.slice(0, 10));
  expect(days).toEqual(['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04']);
});

test('no link within the inbox is followed, and no pipe is waited on', async () => {
  const outside = join(ledger, 'outside.ndjson');
  writeFileSync(outside, lines(runRecord()));
  const path = put(lines(runRecord({ seq: 1 })));
  symlinkSync(outside, join(dirname(path), 'n2.ndjson'));
  symlinkSync(dirname(path), join(ledger, 'alpha/inbox/2026-03-01'));
  expect(spawnSync('mkfifo', [join(dirname(path), 'n3.ndjson')]).status).toBe(0);
  const { records, skipped } = await read();
  expect(records.map(({ seq }) => seq)).toEqual([1]);
  expect(skipped.byReason).toEqual([
    ['symbolic link', 2],
    ['not a plain file', 1],
  ]);
});

test('a cluster that the admin keeps elsewhere is followed', async () => {
  put(lines(runRecord()), { cluster: 'elsewhere/alpha' });
  symlinkSync(join(ledger, 'elsewhere/alpha'), join(ledger, 'alpha'));
  expect((await read()).records).toHaveLength(1);
});

test.each([
  ['missing', () => rmSync(ledger, { recursive: true }), 'is the shared storage mounted'],
  [
    'a file',
    () => {
      rmSync(ledger, { recursive: true });
      writeFileSync(ledger, '');
    },
    'Check the storage',
  ],
])('a ledger that is %s is an error that says how to mend it', async (_, spoil, mend) => {
  spoil();
  await expect(read()).rejects.toMatchObject({
    code: 'EIT_LEDGER_UNREADABLE',
    exitStatus: 1,
    message: expect.stringContaining(mend),
  });
});

test('a ledger without a record is an empty one', async () => {
  expect((await read()).records).toEqual([]);
});

test('tells its progress by files', async () => {
  put(lines(runRecord()));
  put(lines(runRecord({ host: 'n2' })), { host: 'n2' });
  const seen: number[][] = [];
  await read({ onProgress: (done, files) => seen.push([done, files]) });
  expect(seen).toEqual([
    [0, 2],
    [1, 2],
    [2, 2],
  ]);
});

test('the order of lines and lines shipped again change nothing', async () => {
  const all = Array.from({ length: 8 }, (_, seq) => runRecord({ seq }));
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(all, { minLength: 8 }), fc.subarray(all), async (order, again) => {
      const path = put('');
      writeFileSync(path, lines(...order, ...again));
      const { records } = await read();
      expect([...records].sort((a, b) => a.seq - b.seq)).toEqual(all);
    }),
    { numRuns: 30 },
  );
});
