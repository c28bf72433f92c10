import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../../src/generated/record';
import { finishNow } from '../../../src/ledger/durable';
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

test('a record goes to the file of its cluster and of the UTC day of its end', () => {
  finishNow(
    new Spool(dir).write([RECORD, { ...RECORD, seq: 1, cluster: 'beta', to: '2026-11-23T23:59:59.999Z' }]),
  );
  expect(read('lab/2026-11-24.ndjson').map((line) => JSON.parse(line) as unknown)).toEqual([RECORD]);
  expect(read('beta/2026-11-23.ndjson')).toHaveLength(1);
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
  expect(read('lab/2026-11-24.ndjson')).toHaveLength(1);
});

test('a folder that cannot be written is an error that names the file', () => {
  writeFileSync(join(dir, 'lab'), 'in the way');
  expect(() => finishNow(new Spool(dir).write([RECORD]))).toThrow(
    expect.objectContaining({
      code: 'EIT_SPOOL',
      message: expect.stringContaining('lab/2026-11-24.ndjson') as string,
    }),
  );
});
