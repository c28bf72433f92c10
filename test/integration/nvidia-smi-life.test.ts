import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describeTerminal } from '../fake-nvidia-smi/describe-terminal';
import { fakeGpu } from '../fake-nvidia-smi/gpus';
import { type FakeNvidiaSmi, installFakeNvidiaSmi } from '../fake-nvidia-smi/install';
import { isAlive, until } from '../fake-nvidia-smi/reading';

const TOP = join(__dirname, '../..');

/** A process of its own that reads; it stops at the third snapshot if it is told so, and has nothing else to do. */
const PROGRAM = `
import { NvidiaSmi } from '${TOP}/src/sources/nvidia-smi';
import { loadNodePty } from '${TOP}/src/sources/nvidia-smi-terminal';
import { TinyDocuments, tinyParse } from '${TOP}/test/fake-nvidia-smi/tiny-parser';
const [, , program, how, stopAt] = process.argv;
let count = 0;
const reader = new NvidiaSmi({
  program,
  intervalMs: 20,
  now: () => process.hrtime.bigint(),
  parse: tinyParse,
  documents: () => new TinyDocuments(),
  pty: how === 'pipes' ? { missing: 'left out' } : loadNodePty(require),
  onSnapshot: () => {
    count += 1;
    if (count === Number(stopAt)) reader.stop();
    console.log(count);
  },
});
reader.start();
`;

let dir: string;
let fake: FakeNvidiaSmi;
let child: ChildProcess;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'eit-smi-'));
  fake = installFakeNvidiaSmi(dir, { layout: 'new', gpus: [fakeGpu(0)] });
  writeFileSync(join(dir, 'reader.ts'), PROGRAM);
});
afterEach(async () => {
  child.kill('SIGKILL');
  await until(() => fake.starts().every(({ pid }) => !isAlive(pid)));
  rmSync(dir, { recursive: true, force: true });
});

/** Starts the process; its output tells the snapshots. */
async function start(
  how: 'pty' | 'pipes',
  stopAt: number,
): Promise<{ output: () => string; end: Promise<unknown> }> {
  const outfile = join(dir, 'reader.cjs');
  await build({
    absWorkingDir: TOP,
    entryPoints: [join(dir, 'reader.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['node-pty'],
  });
  child = spawn(process.execPath, [outfile, fake.path, how, String(stopAt)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH: join(TOP, 'node_modules') },
  });
  let output = '';
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const end = new Promise((resolve) => child.on('close', (status, signal) => resolve(signal ?? status)));
  return { output: () => output, end };
}

test('through pipes it keeps no process from ending', async () => {
  const { output, end } = await start('pipes', 0);
  // It ends at once: a call that runs and a timer that waits are no reason to stay.
  expect(await end).toBe(0);
  expect(output()).toBe('');
});

describeTerminal('a process that reads nvidia-smi under a terminal', () => {
  test('ends by itself once it has stopped', async () => {
    const { output, end } = await start('pty', 3);
    expect(await end).toBe(0);
    expect(output()).toBe('1\n2\n3\n');
    expect(fake.starts()).toHaveLength(1);
  });

  test('takes nvidia-smi along when it is killed', async () => {
    const { output, end } = await start('pty', 0);
    await until(() => output().includes('2\n'));
    const [{ pid } = { pid: 0 }] = fake.starts();
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    expect(await end).toBe('SIGKILL');
    await until(() => !isAlive(pid));
  });
});
