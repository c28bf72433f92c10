import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
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
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shipped, readShipped } from '../../../src/ledger/shipped';
import { shipSpool } from '../../../src/ledger/shipper';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-ship-'));
  mkdirSync(join(dir, 'spool/lab'), { recursive: true });
  mkdirSync(join(dir, 'spool/.shipper'));
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
  writeFileSync(join(dir, 'spool/.shipper/shipped.json'), '{"lab/2026-11-23.ndjson":2}');
  shipSpool(paths());
  expect(inbox('2026-11-23')).toBe('a\nb\nb\n');
  writeFileSync(join(dir, 'spool/.shipper/shipped.json'), '{"torn');
  shipSpool(paths());
  expect(inbox('2026-11-23')).toBe('a\nb\nb\na\nb\n');
});

test('where it cannot be written down how far it came, nothing is carried again at each try', () => {
  spool('2026-11-23', 'a\n');
  const progress = new Shipped(join(dir, 'spool'));
  rmSync(join(dir, 'spool/.shipper'), { recursive: true });
  const SAID = expect.objectContaining({ code: 'EIT_SPOOL' }) as Error;
  for (let i = 0; i < 3; i++) expect(() => shipSpool(paths(), progress)).toThrow(SAID);
  spool('2026-11-23', 'b\n');
  expect(() => shipSpool(paths(), progress)).toThrow(SAID);
  expect(inbox('2026-11-23')).toBe('a\nb\n');
  mkdirSync(join(dir, 'spool/.shipper'));
  expect(shipSpool(paths(), progress)).toBe(0);
  expect(shipSpool(paths())).toBe(0);
  // Whoever wants it all once more removes what is written down.
  rmSync(join(dir, 'spool/.shipper/shipped.json'));
  expect(shipSpool(paths(), progress)).toBe(4);
});

test.each([
  ['is shorter than what was carried', 'b\n', 'a\naa\nb\n'],
  ['has no end of a line there', 'bbbbbbbb\n', 'a\naa\nbbbbbbbb\n'],
])('a file that was made anew by somebody and %s is carried from its beginning', (_, text, carried) => {
  spool('2026-11-23', 'a\naa\n');
  shipSpool(paths());
  writeFileSync(join(dir, 'spool/lab/2026-11-23.ndjson'), text);
  shipSpool(paths());
  expect(inbox('2026-11-23')).toBe(carried);
});

test.each([
  ['a link', (path: string) => symlinkSync('/etc/passwd', path)],
  ['a folder', (path: string) => mkdirSync(path)],
  ['a pipe', (path: string) => void spawnSync('mkfifo', [path])],
  ['a list', (path: string) => writeFileSync(path, '[1]')],
  [
    'nonsense',
    (path: string) => writeFileSync(path, '{"lab/2026-11-23.ndjson": -5, "__proto__": 7, "x": "y"}'),
  ],
])('where shipped.json is %s nothing counts as carried', (_, make) => {
  const path = join(dir, 'spool/.shipper/shipped.json');
  make(path);
  const found = [...readShipped(join(dir, 'spool'))].filter(([key]) => key.includes('/'));
  expect(found).toEqual([]);
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
      mkdirSync(join(dir, 'spool/.shipper'));
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
