import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fakeGpu } from '../fake-nvidia-smi/gpus';
import { installFakeNvidiaSmi } from '../fake-nvidia-smi/install';
import { NvmlStub, StubBuilds, gpuLine } from '../nvml-stub/nvml-stub';

/** dist/ alone, as it is unpacked on a node: without node_modules. */
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-dist-'));
  cpSync(join(__dirname, '../../dist'), join(dir, 'dist'), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The lines of eit-gpu up to its first snapshot, or its end. */
async function linesOf(args: readonly string[]): Promise<Record<string, unknown>[]> {
  const child = spawn(process.execPath, [join(dir, 'dist/eit-gpu.js'), '--interval-ms', '100', ...args], {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lines: Record<string, unknown>[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(JSON.parse(line) as Record<string, unknown>);
    if ('snapshot' in lines.at(-1)!) break;
  }
  child.stdin.end();
  await ended;
  return lines;
}

test('NVML is called by the package that the bundle brings', async () => {
  const builds = new StubBuilds();
  const stub = new NvmlStub(builds, [gpuLine(0), 'energy 0 300000', 'power 0 300000']);
  try {
    const lines = await linesOf(['--reader', 'nvml', '--nvml', stub.library]);
    expect(lines).toEqual([{ snapshot: expect.objectContaining({ source: 'nvml' }) as unknown }]);
  } finally {
    stub.remove();
    builds.remove();
  }
});

test('nvidia-smi is run under a terminal by the package that the bundle brings', async () => {
  const fake = installFakeNvidiaSmi(dir, { layout: '570', gpus: [fakeGpu(0)] });
  const lines = await linesOf(['--reader', 'nvidia-smi', '--nvidia-smi', fake.path]);
  expect(lines).toEqual([
    { program: { pid: fake.starts()[0]?.pid, startTicks: expect.any(Number) as number } },
    { snapshot: expect.objectContaining({ source: 'nvidia_smi' }) as unknown },
  ]);
});

test('without the packages it says what is missing and how to mend it', async () => {
  rmSync(join(dir, 'dist/native'), { recursive: true });
  const fake = installFakeNvidiaSmi(dir, { layout: '570', gpus: [fakeGpu(0)] });
  const lines = await linesOf(['--nvidia-smi', fake.path]);
  expect(lines).toEqual([
    { absent: { nvml: expect.stringContaining('koffi') as string } },
    { warning: expect.stringContaining('node-pty is not installed') as string },
    { program: { pid: expect.any(Number) as number, startTicks: expect.any(Number) as number } },
    { snapshot: expect.objectContaining({ source: 'nvidia_smi' }) as unknown },
  ]);
});
