import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventFolder } from '../../../src/agent/event-folder';
import { Outbox } from '../../../src/agent/outbox';
import type { EitRecord, HostRecord } from '../../../src/generated/record';
import type { DurableWork } from '../../../src/ledger/durable';
import { Spool } from '../../../src/ledger/spool';

let dir: string;
let logged: string[];
let checkpoints: number[];
let shipped: number;
/** What is done while the checkpoint is on its way to the disk. */
let meanwhile: (() => void) | null;
let failure: Error | null;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-outbox-'));
  logged = [];
  checkpoints = [];
  shipped = 0;
  meanwhile = null;
  failure = null;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(): Outbox {
  const outbox: Outbox = new Outbox({
    spool: new Spool(join(dir, 'spool')),
    events: new EventFolder(dir),
    log: (level, text) => logged.push(`${level} ${text}`),
    beforeWrite: () => checkpoint(outbox),
    afterWrite: () => (shipped += 1),
  });
  return outbox;
}

function* checkpoint(outbox: Outbox): DurableWork<void> {
  if (failure !== null) throw failure;
  const fd = openSync(join(dir, 'checkpoint'), 'w');
  meanwhile?.();
  try {
    yield { fd, of: 'file' };
  } finally {
    closeSync(fd);
  }
  checkpoints.push(outbox.records.length);
}

const line = (seq: number): EitRecord =>
  ({
    schema: 1,
    kind: 'host',
    tool: '0.1.0',
    cluster: 'lab',
    host: 'h',
    boot: '0123abcd',
    instance: '0123456789ab',
    seq,
    from: '2026-05-01T10:00:00.000Z',
    to: '2026-05-01T10:05:00.000Z',
    ms: 300_000,
    nodes: [],
    domains: {},
    cpu: { cpus: 1, busy_us: 0, runs_us: 0 },
  }) satisfies HostRecord;

function written(): number[] {
  const [file = ''] = readdirSync(join(dir, 'spool/lab'));
  return readFileSync(join(dir, 'spool/lab', file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => (JSON.parse(text) as EitRecord).seq);
}

test('lines that come while others are being written are written after them, once', async () => {
  const outbox = open();
  outbox.add([line(0)], []);
  outbox.flush();
  expect(outbox.isWriting).toBe(true);
  outbox.add([line(1)], []);
  outbox.flush();
  await outbox.settled();
  expect(written()).toEqual([0, 1]);
  expect({ isEmpty: outbox.isEmpty, isWriting: outbox.isWriting, shipped }).toEqual({
    isEmpty: true,
    isWriting: false,
    shipped: 2,
  });
});

test('a line stays among the records until it is on disk: a checkpoint in between holds it', async () => {
  const outbox = open();
  outbox.add([line(0)], []);
  let held = 0;
  meanwhile = () => (held = outbox.records.length);
  outbox.flush();
  await outbox.settled();
  expect(held).toBe(1);
  expect(checkpoints).toEqual([1]);
});

test('closed in mid-write it writes no more: the checkpoint and the spool may be another agent’s by now', async () => {
  const outbox = open();
  outbox.add([line(0)], []);
  meanwhile = () => outbox.close();
  outbox.flush();
  await outbox.settled();
  outbox.flush();
  await outbox.settled();
  expect(checkpoints).toEqual([]);
  expect(readdirSync(dir)).not.toContain('spool');
  expect(shipped).toBe(0);
});

test('where the checkpoint cannot be written, the lines wait and are tried again', async () => {
  const outbox = open();
  outbox.add([line(0)], []);
  failure = new Error('no space');
  outbox.flush();
  await outbox.settled();
  expect(logged).toEqual([expect.stringContaining('no space; kept in memory and tried again')]);
  expect(outbox.records).toHaveLength(1);
  failure = null;
  outbox.flushNow();
  expect(written()).toEqual([0]);
  outbox.close();
});
