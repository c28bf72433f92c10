// What reading GPUs costs a host: for numbers of GPUs and each way of reading them, the CPU time of eit-gpu and of the agent's side
// a reading, part of one core at the default interval, memory and wake-ups. NVML is the stub of the tests, nvidia-smi the fake of
// the tests, which prints documents as long as a real one; neither's own work is counted, nor that of a driver. Beside them a
// program that does nothing but print a line each interval, by Node.js as eit-gpu is.
// Where a card is, the real nvidia-smi comes last, with what it costs itself.
// Usage: npm run bench:gpu [-- GPUS,GPUS,... [nvml,terminal,pipes [READINGS [WARM_UP]]]]      readings a window (there are five)
// and before the first
import { execFileSync, fork, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';

const [gpuList = '1,4,8,16', wayList = 'nvml,terminal,pipes', readings = '20', warmUp = '60'] =
  process.argv.slice(2);
const INTERVAL_MS = 970;
const WINDOWS = 5;
/** Readings before anything is measured: Node.js compiles what runs often, and eit-gpu runs as long as jobs do. */
const WARM_UP = Number(warmUp);
const FLAGS = ['--max-old-space-size=64', '--max-semi-space-size=1'];
const PROCESSES_A_GPU = 2;

const top = join(import.meta.dirname, '../..');
const template = join(top, 'test/fixtures/nvidia-smi/rtx-4000-sff-ada-v13.xml');
const home = realpathSync(mkdtempSync(join(tmpdir(), 'eit-bench-')));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const host = join(home, 'gpu-host.cjs');
await build({
  entryPoints: [join(top, 'test/bench/gpu-host.ts')],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['koffi', 'node-pty'],
  outfile: host,
  logLevel: 'error',
});
const eitGpu = join(top, 'dist/eit-gpu.js');
/** Where it finds no node-pty, it calls nvidia-smi again and again, through pipes. */
const eitGpuAlone = join(home, 'eit-gpu.js');
copyFileSync(eitGpu, eitGpuAlone);
const library = join(home, 'libnvidia-ml.so.1');
const compiler = ['-O1', '-shared', '-fPIC', '-DSTILL'];
execFileSync('cc', [...compiler, '-o', library, join(top, 'test/nvml-stub/nvml.c')]);

const WAYS = {
  nvml: (gpus) => {
    writeFileSync(join(home, 'nvml.conf'), ['driver 550.54.15', ...gpus.flatMap(stubLines), ''].join('\n'));
    return { program: eitGpu, nvidia: 'nvml', more: { nvml_library: library } };
  },
  terminal: (gpus) => ({ program: eitGpu, nvidia: 'nvidia-smi', nvidiaSmi: installFake(gpus) }),
  pipes: (gpus) => ({ program: eitGpuAlone, nvidia: 'nvidia-smi', nvidiaSmi: installFake(gpus) }),
};

console.log(
  `Node.js ${process.version}, an interval of ${INTERVAL_MS} ms, the median of ${WINDOWS} times ${readings} readings, ${new Date().toISOString().slice(0, 10)}\n`,
);
console.log(
  '| GPUs | way | KB a document | eit-gpu a reading (ms) | agent a reading (ms) | % of one core, both | lowest and highest | to a line printed | RSS (MB) | of it anonymous | wake-ups a reading |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|---|');
const baseMs = await measureLine();
for (const count of gpuList.split(',').map(Number)) {
  const gpus = Array.from({ length: count }, (_, index) => index);
  for (const way of wayList.split(',')) await measure(count, way, WAYS[way](gpus));
}
await measureCard();

/** CPU time of a program that prints a line each interval, per line (ms). */
async function measureLine() {
  const text = `setInterval(() => process.stdout.write('line\\n'), ${INTERVAL_MS})`;
  const child = spawn(process.execPath, [...FLAGS, '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = 0;
  child.stdout.on('data', () => (lines += 1));
  try {
    const windows = await watch(() => ({ count: lines, own: look(child.pid) }));
    const perLine = windows.map(({ before, after }) => cost(before, after, 'own'));
    const { rssKb, anonKb } = windows.at(-1).after.own;
    row([
      0,
      'a line printed',
      0,
      ms(median(perLine)),
      0,
      percent(median(perLine)),
      range(perLine),
      '1.0',
      mb(rssKb),
      mb(anonKb),
      wakeUps(windows),
    ]);
    return median(perLine);
  } finally {
    child.kill();
  }
}

async function measure(count, way, { program, nvidia, nvidiaSmi = 'nvidia-smi', more = {} }) {
  const settings = {
    gpu: { nvidia, interval_ms: INTERVAL_MS, watch: 'jobs', order: 'nvml', ...more },
    nvidia_smi: nvidiaSmi,
    bmc: {},
    gpuProgram: program,
  };
  const child = fork(host, [JSON.stringify(settings)], { execArgv: FLAGS });
  try {
    const windows = await watch(async () => ({
      ...(await ask(child)),
      own: look(childrenOf(child.pid)[0]),
      agent: look(child.pid),
    }));
    const own = windows.map(({ before, after }) => cost(before, after, 'own'));
    const agent = windows.map(({ before, after }) => cost(before, after, 'agent'));
    const both = own.map((each, i) => each + agent[i]);
    const { rssKb, anonKb } = windows.at(-1).after.own;
    row([
      count,
      way,
      way === 'nvml' ? 0 : Math.round(documentBytes(nvidiaSmi) / 1000),
      ms(median(own)),
      ms(median(agent)),
      percent(median(both)),
      range(both),
      (median(own) / baseMs).toFixed(1),
      mb(rssKb),
      mb(anonKb),
      wakeUps(windows),
    ]);
    return windows;
  } finally {
    child.disconnect();
    await new Promise((resolve) => child.once('exit', resolve));
  }
}

/** The real nvidia-smi, left running under a terminal. */
async function measureCard() {
  const nvidiaSmi = ['/usr/bin/nvidia-smi', '/usr/local/bin/nvidia-smi'].find((path) => existsSync(path));
  if (!existsSync('/proc/driver/nvidia/version') || nvidiaSmi === undefined) {
    console.log('\nNo card here: what nvidia-smi itself costs, and the driver, was not measured.');
    return;
  }
  const gpus = execFileSync(nvidiaSmi, ['-L'], { encoding: 'utf8' }).trim().split('\n').length;
  await measure(gpus, 'nvml, the card', { program: eitGpu, nvidia: 'nvml' });
  await measure(gpus, 'terminal, the card', { program: eitGpu, nvidia: 'nvidia-smi', nvidiaSmi });
  const program = spawn(nvidiaSmi, ['-q', '-x', '-lms', String(INTERVAL_MS)], { stdio: 'ignore' });
  try {
    await sleep(10 * INTERVAL_MS);
    const before = look(program.pid);
    await sleep(Number(readings) * WINDOWS * INTERVAL_MS);
    const after = look(program.pid);
    const cpu = (100 * (after.cpuMs - before.cpuMs)) / (after.atMs - before.atMs);
    console.log(`\nnvidia-smi itself, of this card: ${cpu.toFixed(3)} % of one core.`);
  } finally {
    program.kill();
  }
}

/** Takes the state before and after each window of so many readings, when it is warm. */
async function watch(state) {
  while ((await state()).count < WARM_UP) await sleep(INTERVAL_MS);
  const windows = [];
  for (let i = 0; i < WINDOWS; i++) {
    const before = await state();
    await sleep(Number(readings) * INTERVAL_MS);
    windows.push({ before, after: await state() });
  }
  return windows;
}

function ask(child) {
  return new Promise((resolve, reject) => {
    child.once('message', ({ samples, trouble }) => {
      if (trouble === null) resolve({ count: samples });
      else reject(new Error(trouble));
    });
    child.send('how many');
  });
}

function look(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  const value = (text, key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)[1]);
  const whole = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    atMs: performance.now(),
    // Nanoseconds on a CPU, of all threads.
    cpuMs: tasks.reduce(
      (sum, task) => sum + Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
      0,
    ),
    rssKb: value(whole, 'VmRSS'),
    anonKb: value(whole, 'RssAnon'),
    switches: tasks.reduce(
      (sum, task) => sum + value(readFileSync(`${task}/status`, 'utf8'), 'voluntary_ctxt_switches'),
      0,
    ),
  };
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function cost(before, after, whose) {
  return (after[whose].cpuMs - before[whose].cpuMs) / (after.count - before.count);
}

function wakeUps(windows) {
  const each = ({ before, after }) =>
    (after.own.switches - before.own.switches) / (after.count - before.count);
  return median(windows.map(each)).toFixed(0);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function range(values) {
  return `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`;
}

function ms(value) {
  return value.toFixed(2);
}

/** Part of one core, at one reading an interval. */
function percent(perReadingMs) {
  return ((100 * perReadingMs) / INTERVAL_MS).toFixed(3);
}

function mb(kb) {
  return (kb / 1000).toFixed(1);
}

function row(cells) {
  console.log(`| ${cells.join(' | ')} |`);
}

/** One GPU of the stub (its lines are described in nvml.c). */
function stubLines(index) {
  const bus = (0x1b + index).toString(16);
  return [
    `gpu ${uuidOf(index)} 0 ${bus} 0 ${index} 9.0 NVIDIA H100 80GB HBM3`,
    `energy ${index} ${300_000 + index}`,
    `power ${index} 300000 300000 310000`,
    `state ${index} 80 85899345920 4294967296 0 0`,
    ...processesOf(index).map(({ pid }) => `process ${index} c ${pid} 536870912 40 60`),
  ];
}

function installFake(gpus) {
  const path = join(home, 'nvidia-smi');
  const constant = (powerW) => ({ startNs: '0', pieces: [{ kind: 'constant', forS: 1, powerW }] });
  const config = {
    layout: 'new',
    template,
    gpus: gpus.map((index) => ({
      uuid: uuidOf(index),
      pci: `00000000:${(0x1b + index).toString(16).toUpperCase()}:00.0`,
      minor: index,
      name: 'NVIDIA H100 80GB HBM3',
      architecture: 'Hopper',
      power: constant(300 + index),
      processes: processesOf(index),
    })),
  };
  writeFileSync(`${path}.json`, JSON.stringify(config));
  const words = [
    process.execPath,
    join(top, 'test/fake-nvidia-smi/nvidia-smi.mjs'),
    `--fake-config=${path}.json`,
  ];
  writeFileSync(path, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

function documentBytes(program) {
  const file = join(home, 'document.xml');
  execFileSync('/bin/sh', ['-c', `'${program}' -q -x >'${file}'`]);
  return statSync(file).size;
}

function uuidOf(index) {
  return `GPU-000000${index.toString(16).padStart(2, '0')}-aaaa-bbbb-cccc-0123456789ab`;
}

function processesOf(index) {
  return Array.from({ length: PROCESSES_A_GPU }, (_, i) => ({
    pid: 10_000 + 10 * index + i,
    usedMib: 512,
    name: 'python3',
  }));
}
