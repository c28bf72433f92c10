import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NvidiaSmiOptions } from '../../../src/sources/nvidia-smi';
import { timesFor } from '../../../src/sources/nvidia-smi-times';
import type { NodePty } from '../../../src/sources/nvidia-smi-terminal';
import type { Missing } from '../../../src/sources/source';
import type { FakeConfig } from '../../fake-nvidia-smi/config';
import { describeTerminal } from '../../fake-nvidia-smi/describe-terminal';
import { fakeGpu } from '../../fake-nvidia-smi/gpus';
import { type FakeNvidiaSmi, installFakeNvidiaSmi } from '../../fake-nvidia-smi/install';
import { type Reading, isAlive, startReading, until } from '../../fake-nvidia-smi/reading';

const NO_PTY: Missing = { missing: 'node-pty is not installed; mend' };
const LOST = 'Unable to determine the device handle for GPU 0000:1B:00.0: GPU is lost.';
const NO_DRIVER =
  "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n";
const PAGE = '<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1></body></html>\n';

let dir: string;
let fake: FakeNvidiaSmi | null;
let reading: Reading | null;
let pids: number[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-smi-'));
  fake = reading = null;
  pids = [];
});
afterEach(async () => {
  reading?.reader.stop();
  await until(() => allPids().every((pid) => !isAlive(pid)));
  rmSync(dir, { recursive: true, force: true });
});

function allPids(): number[] {
  return [...pids, ...(fake?.starts().map(({ pid }) => pid) ?? [])];
}

function start(config: Partial<FakeConfig>, options: Partial<NvidiaSmiOptions>): Reading {
  fake = installFakeNvidiaSmi(dir, { layout: 'new', gpus: [fakeGpu(0)], ...config });
  reading = startReading(fake.path, options);
  return reading;
}

function startScript(script: string, options: Partial<NvidiaSmiOptions>): Reading {
  const path = join(dir, 'nvidia-smi');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  reading = startReading(path, options);
  return reading;
}

const problemOf = ({ reader }: Reading): string => reader.problem ?? '';

/** Each is tried under a terminal and with pipes: what is told of must be the same. */
function troubles(pty: NodePty | Missing): void {
  test('a program that ends without an answer is started again after growing pauses; its words are told', async () => {
    const all = start({ failures: [{ kind: 'instead', text: NO_DRIVER, status: 9 }] }, { pty });
    await until(() => all.pauses.length >= 3);
    expect(all.pauses.slice(0, 3)).toEqual([1, 2, 3]);
    expect(problemOf(all)).toMatch(
      /\/nvidia-smi ended with status 9: "NVIDIA-SMI has failed because it couldn't comm/,
    );
    // It was not asked for less: that is not what it lacks.
    for (const { args } of fake!.starts()) expect(args).toContain('-d');

    fake!.configure({ layout: 'new', gpus: [fakeGpu(0)] });
    await until(() => all.snapshots.length > 0);
    expect(all.problems.at(-1)).toBeNull();
  });

  test('pauses begin anew after a good document', async () => {
    const all = start({ failures: [{ kind: 'instead', text: NO_DRIVER, status: 9 }] }, { pty });
    await until(() => all.pauses.length >= 2);
    fake!.configure({
      layout: 'new',
      gpus: [fakeGpu(0)],
      failures: [{ kind: 'exit', status: 15, document: 2 }],
    });
    await until(() => all.snapshots.length > 0);
    const before = all.pauses.length;
    fake!.configure({
      layout: 'new',
      gpus: [fakeGpu(0)],
      failures: [{ kind: 'instead', text: '', status: 255 }],
    });
    await until(() => all.pauses.length > before);
    expect(all.pauses[before]).toBe(1);
  });

  test('a document that is cut off is not told', async () => {
    const failures: FakeConfig['failures'] = [{ kind: 'partial', status: 255, start: 1 }];
    const all = start({ gpus: [fakeGpu(0), fakeGpu(1)], failures }, { pty });
    await until(() => all.snapshots.length > 0);
    expect(all.snapshots[0]!.gpus).toHaveLength(2);
    expect(all.problems[0]).toMatch(/ended with status 255/);
    expect(fake!.documents().every(({ start: number }) => number > 1)).toBe(true);
  });

  test('text before the XML is a warning, told once', async () => {
    const all = start({ failures: [{ kind: 'noise', text: `${LOST}\u001b[2J` }] }, { pty });
    await until(() => all.snapshots.length >= 3);
    expect(all.warnings).toEqual([`nvidia-smi says "${LOST}?[2J"`]);
    expect(all.problems).toEqual([]);
  });

  test('a lost GPU does not take the others along', async () => {
    const all = start({ gpus: [fakeGpu(0), fakeGpu(1)], failures: [{ kind: 'lost', gpu: 0 }] }, { pty });
    await until(() => all.snapshots.length > 0);
    expect(all.snapshots[0]!.gpus).toMatchObject([
      { uuid: null, pciBusId: '0000:1b:00.0', power: { missing: 'power is GPU is lost' } },
      { uuid: fakeGpu(1).uuid, power: { powerW: 100 } },
    ]);
  });

  test.each(['N/A', '[N/A]', 'ERR!'])('power that is %p is handed on as not known', async (text) => {
    const all = start({ failures: [{ kind: 'power', text }] }, { pty });
    await until(() => all.snapshots.length > 0);
    expect(all.snapshots[0]!.gpus[0]!.power).toEqual({ missing: `power is ${text}` });
  });

  test('a layout that nobody knows gives GPUs without power', async () => {
    const all = start({ failures: [{ kind: 'layout' }] }, { pty });
    await until(() => all.snapshots.length > 0);
    expect(all.snapshots[0]!.gpus).toMatchObject([
      { uuid: fakeGpu(0).uuid, power: { missing: 'power is not there' } },
    ]);
  });

  test('an answer without anything in it is a problem, and the next is taken', async () => {
    const all = start({ failures: [{ kind: 'empty', start: 1, document: 1 }] }, { pty });
    await until(() => all.snapshots.length > 0);
    expect(all.problems.slice(0, 2)).toEqual([
      'the answer of nvidia-smi cannot be read: EIT_PARSE: no driver_version',
      null,
    ]);
  });

  test('an answer without a GPU is a problem, not a snapshot', async () => {
    const all = start({ gpus: [] }, { pty });
    await until(() => all.problems.length > 0);
    expect({ problem: all.reader.problem, snapshots: all.snapshots }).toEqual({
      problem: 'nvidia-smi tells of no GPU',
      snapshots: [],
    });
  });

  test('a parser that throws anything at all stops nothing', async () => {
    let isBroken = true;
    const parse: NvidiaSmiOptions['parse'] = () => {
      if (isBroken) throw new TypeError('of undefined');
      return { driver: '1', gpus: [{ ...GPU }], warnings: ['odd', 'odd'] };
    };
    const all = start({}, { pty, parse });
    await until(() => all.problems.length > 0);
    expect(problemOf(all)).toBe('the answer of nvidia-smi cannot be read: TypeError: of undefined');
    isBroken = false;
    await until(() => all.snapshots.length > 0);
    expect(all.warnings).toEqual(['odd']);
  });

  test('a splitter that throws stops nothing either', async () => {
    const all = start(
      {},
      {
        pty,
        documents: () => ({
          noise: null,
          push: () => {
            throw new RangeError('too long');
          },
        }),
      },
    );
    await until(() => all.pauses.length >= 2);
    expect(problemOf(all)).toMatch(/nvidia-smi wrote what cannot be split.* too long/);
  });

  test('a page of HTML is no answer', async () => {
    const all = start({ failures: [{ kind: 'instead', text: PAGE, status: 0 }] }, { pty });
    await until(() => all.pauses.length >= 2);
    expect({ snapshots: all.snapshots, problem: problemOf(all) }).toEqual({
      snapshots: [],
      problem: expect.stringMatching(/ended with status 0: "<!DOCTYPE html>"$/),
    });
  });

  test('one that prints without an end is killed', async () => {
    const all = startScript("exec yes '<gpu>'", { pty, documents: () => ({ noise: null, push: () => [] }) });
    await until(() => all.pauses.length >= 1);
    expect(all.problems.at(-1)).toMatch(/\/nvidia-smi wrote 16 MiB without an end and was killed$/);
  });

  test('one that prints text without an end is killed', async () => {
    const all = startScript('exec yes "GPU 0: \u001b]0;H100"', { pty });
    await until(() => all.pauses.length >= 1);
    expect(problemOf(all)).toMatch(/writes text instead of XML, "GPU 0: \?\]0;H100", and was killed$/);
  });

  test('one that does not answer in time is killed with those it started, and started again', async () => {
    const file = join(dir, 'pids');
    const script = `trap '' TERM HUP INT; sleep 1000 & echo $$ $! >> '${file}'; wait`;
    const all = startScript(script, { pty, times: { firstMs: 500, quietMs: 500 } });
    await until(() => all.pauses.length >= 2 && existsSync(file));
    expect(all.problems).toContain(`${join(dir, 'nvidia-smi')} gave no answer for 0.5 s and was killed`);
    all.reader.stop();
    await until(() => all.reader.pid === null);
    pids = readFileSync(file, 'utf8').trim().split(/\s+/).map(Number);
    expect(pids.length % 2).toBe(0);
    await until(() => pids.every((pid) => !isAlive(pid)));
  });

  test('a slow start has a limit of its own', async () => {
    const all = start({ startMs: 900 }, { pty, times: { firstMs: 3_600_000, quietMs: 600 } });
    await until(() => all.snapshots.length > 0);
    expect(fake!.starts()).toHaveLength(1);
  });

  test.each<[string, () => string, RegExp]>([
    ['is not there', () => join(dir, 'nvidia-smi'), /^there is no .*\/nvidia-smi$/],
    ['is not in any folder', () => 'eit-no-such-smi', /^there is no eit-no-such-smi in \/usr\/sbin, /],
    ['others could replace', () => writeProgram(0o777), /someone else could replace .*\/nvidia-smi/],
    ['may not be run', () => writeProgram(0o644), /may not run .*\/nvidia-smi \(EACCES\)$/],
  ])('one that %s: why, and it is looked for again', async (_name, make, problem) => {
    reading = startReading(make(), { pty });
    await until(() => reading!.pauses.length >= 2);
    expect(reading.reader.problem).toMatch(problem);
  });

  test('a name is looked for in the folders of programs', async () => {
    fake = installFakeNvidiaSmi(dir, { layout: 'new', gpus: [fakeGpu(0)] });
    reading = startReading('nvidia-smi', { pty, folders: ['/nowhere', dir] });
    await until(() => reading!.snapshots.length > 0);
  });

  test('stop leaves nothing running; start reads on', async () => {
    const all = start({}, { pty });
    for (let round = 1; round <= 3; round += 1) {
      const before = all.snapshots.length;
      all.reader.start();
      all.reader.start();
      await until(() => all.snapshots.length > before + 1);
      all.reader.stop();
      const stopped = all.snapshots.length;
      await until(() => fake!.starts().every(({ pid }) => !isAlive(pid)));
      expect(all.snapshots).toHaveLength(stopped);
    }
    await until(() => all.reader.pid === null);
    expect(all.reader.problem).toBeNull();
  });

  test('stopped in a pause it is not started after it', async () => {
    let pauses = 0;
    const pause = { reset: () => undefined, take: () => ((pauses += 1) > 2 ? 3_600_000 : 5) };
    const all = start({ failures: [{ kind: 'instead', text: '', status: 9 }] }, { pty, pause });
    await until(() => pauses > 2);
    all.reader.stop();
    const before = fake!.starts().length;
    fake!.configure({ layout: 'new', gpus: [fakeGpu(0)] });
    all.reader.start();
    await until(() => all.snapshots.length > 0);
    expect(fake!.starts().length).toBeGreaterThan(before);
  });
}

const GPU = {
  ...{
    uuid: 'GPU-1',
    pciBusId: '0000:1b:00.0',
    index: 0,
    minor: 0,
    model: 'H100',
    utilization: null,
    memory: null,
  },
  ...{
    power: { powerW: 1, averagedMs: 0 },
    performanceState: null,
    throttling: null,
    processes: null,
    instances: null,
  },
};

function writeProgram(mode: number): string {
  const path = join(dir, 'nvidia-smi');
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
  return path;
}

describe('trouble with nvidia-smi through pipes', () => {
  troubles(NO_PTY);

  test.each([14, 255])('status %i with a good answer is a warning', async (status) => {
    const all = start({ failures: [{ kind: 'exit', status }] }, { pty: NO_PTY });
    await until(() => all.snapshots.length >= 3);
    expect({ problems: all.problems, pauses: all.pauses }).toEqual({ problems: [], pauses: [] });
    expect(all.warnings).toEqual([expect.stringMatching(`ended with status ${status}; its answer is used$`)]);
  });
});

describeTerminal('trouble with nvidia-smi under a terminal', (pty) => {
  troubles(pty);

  test('one that ends in its loop is started again', async () => {
    const all = start({ failures: [{ kind: 'exit', status: 14, document: 3, start: 1 }] }, { pty });
    await until(() => all.snapshots.length >= 5);
    expect(all.pauses).toEqual([1]);
    expect(all.problems).toEqual([expect.stringMatching(/nvidia-smi ended with status 14$/), null]);
  });

  test('one that a signal ends is started again', async () => {
    const all = start({}, { pty });
    await until(() => all.snapshots.length > 0);
    process.kill(all.reader.pid!, 'SIGSEGV');
    await until(() => all.problems.length >= 2);
    expect(all.problems).toEqual([expect.stringMatching(/nvidia-smi ended with SIGSEGV$/), null]);
  });

  test('one that hangs in its loop, deaf to signals, is killed and started again', async () => {
    const failures: FakeConfig['failures'] = [{ kind: 'hang', document: 3, start: 1 }];
    const all = start({ failures }, { pty, times: { firstMs: 3_600_000, quietMs: 800 } });
    await until(() => fake!.starts().length >= 2 && all.reader.problem === null && all.snapshots.length > 3);
    expect(all.problems.slice(0, 2)).toEqual([
      expect.stringMatching(
        /gave no answer for 0\.8 s and was killed, but has not ended; it is started again when/,
      ),
      expect.stringMatching(/gave no answer for 0\.8 s and was killed$/),
    ]);
    expect(isAlive(fake!.starts()[0]!.pid)).toBe(false);
  });

  test('while one that was killed has not ended, no other is started, also after stop and start', async () => {
    const ends = new HeldEnds(pty);
    const failures: FakeConfig['failures'] = [{ kind: 'hang', document: 2, start: 1 }];
    const all = start({ failures }, { pty: ends, times: { firstMs: 3_600_000, quietMs: 300 } });
    await until(() => problemOf(all) !== '');
    const { pid } = all.reader;
    await sleep(100);
    all.reader.stop();
    expect(all.reader.problem).toBeNull();
    all.reader.start();
    await sleep(100);
    expect(problemOf(all)).toBe(
      'the nvidia-smi that was stopped has not ended; it is started again when it has',
    );
    expect({ starts: fake!.starts().length, pid: all.reader.pid }).toEqual({ starts: 1, pid });
    ends.tell();
    const before = all.snapshots.length;
    await until(() => all.snapshots.length > before);
    expect(fake!.starts()).toHaveLength(2);
  });

  test('a terminal that cannot be had is a problem, and is tried again', async () => {
    let tries = 0;
    const sometimes: NodePty = {
      spawn: (...args) => {
        tries += 1;
        if (tries < 3) throw new Error('forkpty(3) failed.');
        return pty.spawn(...args);
      },
    };
    const all = start({}, { pty: sometimes });
    await until(() => all.snapshots.length > 0);
    expect(all.problems).toEqual([
      expect.stringMatching(/nvidia-smi cannot be started: Error: forkpty\(3\) failed\.$/),
      null,
    ]);
  });
});

/** Tells the ends of programs only when it is told to: to us it is as if the killed waited in the kernel (state D). */
class HeldEnds implements NodePty {
  readonly #pty: NodePty;
  readonly #held: (() => void)[] = [];
  #isHolding = true;

  constructor(pty: NodePty) {
    this.#pty = pty;
  }

  spawn(...args: Parameters<NodePty['spawn']>): ReturnType<NodePty['spawn']> {
    const child = this.#pty.spawn(...args);
    return {
      pid: child.pid,
      fd: child.fd,
      onData: (listener) => child.onData(listener),
      on: (event, listener) => child.on(event, listener),
      destroy: () => child.destroy(),
      onExit: (listener) =>
        child.onExit((end) => {
          if (this.#isHolding) this.#held.push(() => listener(end));
          else listener(end);
        }),
    };
  }

  tell(): void {
    this.#isHolding = false;
    for (const end of this.#held.splice(0)) end();
  }
}

test.each([
  [970, 10_000],
  [2000, 10_000],
  [30_000, 150_000],
])('each %i ms a document may take %i ms, and the first of a process a minute', (intervalMs, quietMs) => {
  expect(timesFor(intervalMs)).toEqual({ firstMs: 60_000, quietMs });
});
