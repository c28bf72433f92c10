import fc from 'fast-check';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shipSpool } from '../../../src/ledger/shipper';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-ship-'));
  mkdirSync(join(dir, 'spool/lab'), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const paths = (ledger = join(dir, 'var/ledger')) => ({
  spoolDir: join(dir, 'spool'),
  ledger,
  varDir: join(dir, 'var'),
  host: 'h1',
});
const spool = (day: string, text: string) => appendFileSync(join(dir, `spool/lab/${day}.ndjson`), text);
const inbox = (day: string) => readFileSync(join(dir, `var/ledger/lab/inbox/${day}/h1.ndjson`), 'utf8');

test('carries whole lines to the day’s inbox file, each once', () => {
  spool('2026-11-22', 'a\n');
  spool('2026-11-23', 'b\nhalf');
  expect(shipSpool(paths())).toBe(4);
  expect(shipSpool(paths())).toBe(0);
  spool('2026-11-23', ' line\n');
  shipSpool(paths());
  expect([inbox('2026-11-22'), inbox('2026-11-23')]).toEqual(['a\n', 'b\nhalf line\n']);
});

test('a crash between carrying and writing down how far repeats lines and loses none', () => {
  spool('2026-11-23', 'a\nb\n');
  shipSpool(paths());
  writeFileSync(join(dir, 'spool/shipped.json'), '{"lab/2026-11-23.ndjson":2}');
  shipSpool(paths());
  expect(inbox('2026-11-23')).toBe('a\nb\nb\n');
  writeFileSync(join(dir, 'spool/shipped.json'), '{"torn');
  shipSpool(paths());
  expect(inbox('2026-11-23')).toBe('a\nb\nb\na\nb\n');
});

test('a ledger that is not there is not made where it could be an unmounted folder', () => {
  spool('2026-11-23', 'a\n');
  const shared = join(dir, 'shared/ledger');
  mkdirSync(join(dir, 'shared'));
  expect(() => shipSpool(paths(shared))).toThrow(expect.objectContaining({ code: 'EIT_LEDGER_UNWRITABLE' }));
  expect(() => shipSpool(paths(shared))).toThrow(/is it mounted\?.*install -d -m 0711/);
  expect(existsSync(shared)).toBe(false);
  mkdirSync(shared);
  shipSpool(paths(shared));
  expect(readdirSync(join(shared, 'lab/inbox'))).toEqual(['2026-11-23']);
});

test('what cannot be written stays in the spool and comes later', () => {
  spool('2026-11-23', 'a\n');
  mkdirSync(join(dir, 'var/ledger/lab'), { recursive: true });
  writeFileSync(join(dir, 'var/ledger/lab/inbox'), 'in the way');
  expect(() => shipSpool(paths())).toThrow(/records wait in/);
  rmSync(join(dir, 'var/ledger/lab/inbox'));
  shipSpool(paths());
  expect(inbox('2026-11-23')).toBe('a\n');
});

test.each([0o700, 0o750, 0o755])(
  'the inbox is its owner’s alone, whatever the ledger’s folder is: %o',
  (mode) => {
    const ledger = join(dir, 'var/ledger');
    mkdirSync(ledger, { recursive: true });
    chmodSync(ledger, mode);
    spool('2026-11-23', 'a\n');
    const umask = process.umask(0);
    shipSpool(paths());
    process.umask(umask);
    const modeOf = (path: string) => statSync(join(ledger, path)).mode & 0o777;
    const made = ['lab/inbox', 'lab/inbox/2026-11-23', 'lab/inbox/2026-11-23/h1.ndjson'];
    expect(made.map(modeOf)).toEqual([0o700, 0o700, 0o600]);
    expect(modeOf('lab')).toBe(0o711);
  },
);

test('a ledger that nobody made is not for anybody to list', () => {
  spool('2026-11-23', 'a\n');
  shipSpool(paths());
  expect(statSync(join(dir, 'var/ledger')).mode & 0o066).toBe(0);
});

test('however the lines come in, they all arrive in order', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z\n]{0,8}$/), { maxLength: 20 }), (pieces) => {
      rmSync(join(dir, 'spool'), { recursive: true, force: true });
      rmSync(join(dir, 'var'), { recursive: true, force: true });
      mkdirSync(join(dir, 'spool/lab'), { recursive: true });
      for (const piece of pieces) {
        spool('2026-11-23', piece);
        shipSpool(paths());
      }
      const text = pieces.join('');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      expect(whole === '' ? '' : inbox('2026-11-23')).toBe(whole);
    }),
    { numRuns: 50 },
  );
});
