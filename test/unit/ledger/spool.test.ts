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
import type { RunRecord } from '../../../src/generated/record';
import { finishNow } from '../../../src/ledger/durable';
import { readInbox } from '../../../src/ledger/inbox';
import { Skipped } from '../../../src/ledger/record-line';
import { shipSpool } from '../../../src/ledger/shipper';
import { Spool } from '../../../src/ledger/spool';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'eit-spool-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const RECORD: RunRecord = {
  schema: 1,
  kind: 'run',
  tool: '0.1.0',
  cluster: 'lab',
  host: 'h',
  boot: '0123abcd',
  instance: '0123456789ab',
  seq: 0,
  from: '2026-11-23T23:55:00.000Z',
  to: '2026-11-24T00:00:00.001Z',
  ms: 300_001,
  node: 'n1',
  job: 1,
  restart: 0,
  started: '2026-11-23T23:55:00.000Z',
  measured_uj: {},
};
const read = (file: string) => readFileSync(join(dir, file), 'utf8').split('\n').slice(0, -1);
/** The one file of a cluster, day and kind; its name ends with a token. */
const fileOf = (cluster: string, start: string) => {
  const names = readdirSync(join(dir, cluster)).filter((name) => name.startsWith(start));
  expect(names).toHaveLength(1);
  return join(cluster, names[0]!);
};

test('a record goes to the file of its cluster and of the UTC day of its end', () => {
  finishNow(
    new Spool(dir).write([RECORD, { ...RECORD, seq: 1, cluster: 'beta', to: '2026-11-23T23:59:59.999Z' }]),
  );
  expect(read(fileOf('lab', '2026-11-24.')).map((line) => JSON.parse(line) as unknown)).toEqual([RECORD]);
  expect(read(fileOf('beta', '2026-11-23.'))).toHaveLength(1);
});

test('a record that its schema refuses is kept aside, with the reason', () => {
  const refused = finishNow(
    new Spool(dir).write([
      { ...RECORD, ms: 0.5 },
      { ...RECORD, seq: 1 },
    ]),
  );
  expect(refused.map(({ reason }) => reason)).toEqual([expect.stringMatching(/\/ms must be integer/)]);
  expect(read('lab/refused.ndjson')).toHaveLength(1);
  expect(read(fileOf('lab', '2026-11-24.'))).toHaveLength(1);
});

test('a folder that cannot be written is an error that names the file', () => {
  writeFileSync(join(dir, 'lab'), 'in the way');
  expect(() => finishNow(new Spool(dir).write([RECORD]))).toThrow(
    expect.objectContaining({
      code: 'EIT_SPOOL',
      message: expect.stringContaining(join(dir, 'lab')) as string,
    }),
  );
});

test('a file is added to until it is large, also by the next agent; then there is a new one, whose name none has had', () => {
  const write = (seq: number) =>
    finishNow(new Spool(dir, { maxBytes: 16_000, now: () => 5 }).write([{ ...RECORD, seq }]));
  const names = new Set<string>();
  for (let seq = 0; seq < 20; seq++) {
    write(seq);
    for (const name of readdirSync(join(dir, 'lab'))) names.add(name);
    // As when the spool was pruned: the clock stands still, and the name is a new one all the same.
    if (seq === 9) for (const name of readdirSync(join(dir, 'lab'))) rmSync(join(dir, 'lab', name));
  }
  const left = readdirSync(join(dir, 'lab'));
  expect(left.length).toBeGreaterThan(1);
  expect(left.length).toBeLessThan(10);
  expect(names.size).toBe(2 * left.length);
  const seqs = left.flatMap((name) =>
    read(join('lab', name)).map((line) => (JSON.parse(line) as RunRecord).seq),
  );
  expect(seqs.sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
});

test('a half line that a crash left in the middle of a file is one line that cannot be read, and the rest arrives', async () => {
  finishNow(new Spool(dir).write([RECORD]));
  appendFileSync(
    join(dir, fileOf('lab', '2026-11-24.')),
    JSON.stringify({ ...RECORD, seq: 1 }).slice(0, 100),
  );
  finishNow(new Spool(dir).write([{ ...RECORD, seq: 2 }]));
  mkdirSync(join(dir, '.shipper'));
  shipSpool({ spoolDir: dir, ledger: join(dir, 'var/ledger'), varDir: join(dir, 'var'), host: 'h' });
  const skipped = new Skipped();
  const seqs: number[] = [];
  for await (const { seq } of readInbox(join(dir, 'var/ledger'), {
    fromMs: 0,
    toMs: Date.UTC(2027, 0),
    skipped,
  }))
    seqs.push(seq);
  expect([seqs, skipped.byReason]).toEqual([[0, 2], [['not JSON', 1]]]);
});
