import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendLines } from '../../../src/ledger/append';
import { finishNow } from '../../../src/ledger/durable';
import { noMounts, testUnless } from '../../integration/hook-home';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'eit-append-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const append = (text: string) => finishNow(appendLines(join(dir, 'f'), Buffer.from(text), 0o600));
const content = () => readFileSync(join(dir, 'f'), 'utf8');

test('makes the file and appends', () => {
  append('a\n');
  append('b\nc\n');
  expect(content()).toBe('a\nb\nc\n');
});

test('a half line that a crash left is ended, so that it spoils no other', () => {
  writeFileSync(join(dir, 'f'), 'whole\n{"half');
  append('next\n');
  expect(content()).toBe('whole\n{"half\nnext\n');
});

testUnless(noMounts)('where the disk fills in the middle, the file is as it was', () => {
  writeFileSync(join(dir, 'run.js'), FILL);
  const script = `mount -t tmpfs -o size=64k tmpfs ${dir}/disk && exec ${process.execPath} ${dir}/run.js ${dir}/disk`;
  const built = spawnSync(
    'npx',
    [
      'esbuild',
      join(__dirname, '../../../src/ledger/append.ts'),
      '--bundle',
      '--platform=node',
      `--outfile=${dir}/append.js`,
    ],
    { cwd: join(__dirname, '../../..'), encoding: 'utf8' },
  );
  expect(built.status).toBe(0);
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', `mkdir ${dir}/disk; ${script}`], {
    encoding: 'utf8',
  });
  expect({ stdout, stderr }).toEqual({ stdout: 'ENOSPC first\n\n', stderr: '' });
});

const FILL = `
  const { appendLines } = require('./append.js');
  const write = (lines) => { for (const { fd } of appendLines(file, lines, 0o600)) fsyncSync(fd); };
  const { fsyncSync, readFileSync } = require('node:fs');
  const file = process.argv[2] + '/f';
  write(Buffer.from('first\\n'));
  let code = 'none';
  try { write(Buffer.alloc(200000, 'x')); } catch (error) { code = error.code; }
  console.log(code, readFileSync(file, 'utf8'));
`;
