import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Missing } from '../../../src/sources/source';
import type { NvidiaSmiOptions } from '../../../src/sources/nvidia-smi';
import type { FakeConfig } from '../../fake-nvidia-smi/config';
import { describeTerminal } from '../../fake-nvidia-smi/describe-terminal';
import { fakeGpu } from '../../fake-nvidia-smi/gpus';
import { type FakeNvidiaSmi, installFakeNvidiaSmi } from '../../fake-nvidia-smi/install';
import { type Reading, isAlive, startReading, until } from '../../fake-nvidia-smi/reading';

type Options = NonNullable<FakeConfig['options']>;

const NO_PTY: Missing = { missing: 'node-pty is not installed; mend' };
const SECTIONS = 'MEMORY,UTILIZATION,POWER,PERFORMANCE,PIDS';

let dir: string;
let fake: FakeNvidiaSmi;
let reading: Reading | null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-smi-'));
  reading = null;
});
afterEach(async () => {
  reading?.reader.stop();
  await until(() => fake.starts().every(({ pid }) => !isAlive(pid)));
  rmSync(dir, { recursive: true, force: true });
});

function install(config: Partial<FakeConfig> = {}): FakeNvidiaSmi {
  fake = installFakeNvidiaSmi(dir, { layout: 'new', gpus: [fakeGpu(0)], ...config });
  return fake;
}

function start(config: Partial<FakeConfig>, options: Partial<NvidiaSmiOptions>): Reading {
  reading = startReading(install(config).path, options);
  return reading;
}

function argsOfStarts(): string[] {
  return fake.starts().map(({ args }) => args.join(' ').replace(SECTIONS, 'SOME'));
}

describeTerminal('nvidia-smi under a terminal', (pty) => {
  test('one process tells of the GPUs again and again', async () => {
    const { reader, snapshots, problems } = start({ gpus: [fakeGpu(0), fakeGpu(1)] }, { pty });
    expect(reader.note).toBeNull();
    await until(() => snapshots.length >= 5);
    expect(snapshots[4]).toMatchObject({
      source: 'nvidia_smi',
      driver: '610.57.04',
      gpus: [
        {
          uuid: fakeGpu(0).uuid,
          pciBusId: '0000:1b:00.0',
          minor: 0,
          power: { powerW: 100, averagedMs: 1000 },
        },
        {
          uuid: fakeGpu(1).uuid,
          pciBusId: '0000:2b:00.0',
          minor: 1,
          power: { powerW: 100, averagedMs: 1000 },
        },
      ],
    });
    expect(argsOfStarts()).toEqual(['-q -x -d SOME -lms 20']);
    expect(problems).toEqual([]);
  });

  test('the time of a snapshot is when its document began to come, not when it was complete', async () => {
    const gpus = [fakeGpu(0), fakeGpu(1), fakeGpu(2)];
    const { snapshots } = start({ gpus, gpuMs: 100 }, { pty });
    await until(() => snapshots.length >= 3);
    const documents = fake.documents();
    for (const [index, { monoNs }] of snapshots.entries()) {
      const { readNs } = documents[index]!;
      expect(monoNs).toBeLessThan(readNs[2]!);
      // After the document before it was complete.
      if (index > 0) expect(monoNs).toBeGreaterThan(documents[index - 1]!.readNs[2]!);
    }
  });

  test('a document comes when it is printed, not when a block is full', async () => {
    const { snapshots } = start({}, { pty, intervalMs: 3_600_000 });
    await until(() => snapshots.length === 1);
    expect(fake.documents()).toHaveLength(1);
  });

  test.each<[string, Options, string[]]>([
    ['some sections where it serves them with XML', { d: 'ignored' }, ['-d SOME -lms 20']],
    ['all where it refuses', { d: 'refused' }, ['-d SOME -lms 20', '-lms 20']],
    ['all where the answer does not tell which GPU', { d: 'filters' }, ['-d SOME -lms 20', '-lms 20']],
    ['all where the answer is no XML', { d: 'text' }, ['-d SOME -lms 20', '-lms 20']],
    ['each second where it knows no milliseconds', { lms: 'refused' }, ['-d SOME -lms 20', '-d SOME -l 1']],
    [
      'each second where it takes milliseconds but ends',
      { lms: 'ignored' },
      ['-d SOME -lms 20', '-d SOME -l 1'],
    ],
    [
      'all each second where it refuses both',
      { d: 'refused', lms: 'refused' },
      ['-d SOME -lms 20', '-d SOME -l 1', '-l 1'],
    ],
  ])('asks for %s', async (_name, options, asked) => {
    const { reader, snapshots, pauses, problems } = start({ options }, { pty });
    const last = `-q -x ${asked.at(-1)}`;
    await until(() => snapshots.length >= 1 && argsOfStarts().at(-1) === last);
    // What a program writes right before its end a busy machine can lose under a terminal: then it is asked the same once more.
    const starts = argsOfStarts();
    const isLost = starts.length > asked.length;
    expect(starts.filter((args, i) => args !== starts[i - 1])).toEqual(asked.map((args) => `-q -x ${args}`));
    if (!isLost) expect({ pauses, problems }).toEqual({ pauses: [], problems: [] });
    expect(reader.note).toBeNull();
  });

  test('is called each interval where it repeats in no way, and that is noted', async () => {
    const { reader, snapshots, pauses } = start({ options: { lms: 'refused', l: 'refused' } }, { pty });
    await until(() => snapshots.length >= 3);
    expect(argsOfStarts().slice(0, 4)).toEqual([
      '-q -x -d SOME -lms 20',
      '-q -x -d SOME -l 1',
      '-q -x -d SOME',
      '-q -x -d SOME',
    ]);
    expect(reader.note).toMatch(/^nvidia-smi is called each 0\.02 s .* refuses -lms and -l\)$/);
    expect(pauses).toEqual([]);
  });

  test('what it has refused once it is not asked for again', async () => {
    const { snapshots } = start(
      { options: { d: 'refused' }, failures: [{ kind: 'exit', status: 15, document: 3 }] },
      { pty },
    );
    await until(() => snapshots.length >= 7);
    expect(argsOfStarts().slice(1)).toEqual(
      argsOfStarts()
        .slice(1)
        .map(() => '-q -x -lms 20'),
    );
  });

  test('power that no GPU tells is no reason to lose the rest', async () => {
    const { snapshots } = start({ failures: [{ kind: 'power', text: 'N/A' }] }, { pty });
    await until(() => snapshots.length >= 2);
    expect(snapshots[1]!.gpus).toMatchObject([{ uuid: fakeGpu(0).uuid, power: { missing: 'power is N/A' } }]);
    expect(argsOfStarts()).toEqual(['-q -x -d SOME -lms 20', '-q -x -lms 20']);
  });

  test('processes that come and go are seen while it runs', async () => {
    const processesFile = join(dir, 'processes.json');
    const { snapshots } = start({ gpus: [fakeGpu(0, { processesFile })] }, { pty });
    const pids = (): (number | undefined)[] =>
      snapshots.at(-1)?.gpus.flatMap(({ processes }) => processes?.map(({ pid }) => pid)) ?? [];
    await until(() => snapshots.length > 0);
    expect(pids()).toEqual([]);
    writeFileSync(processesFile, JSON.stringify([{ pid: 4711, usedMib: 100 }]));
    await until(() => pids().includes(4711));
    rmSync(processesFile);
    await until(() => pids().length === 0);
    expect(fake.starts()).toHaveLength(1);
  });
});

describe('nvidia-smi through pipes', () => {
  test('is called each interval where there is no terminal; how to mend that is noted', async () => {
    const { reader, snapshots, problems } = start({}, { pty: NO_PTY, intervalMs: 100 });
    await until(() => snapshots.length >= 4);
    expect(new Set(argsOfStarts())).toEqual(new Set(['-q -x -d SOME']));
    expect(reader.note).toBe(
      'nvidia-smi is called each 0.1 s instead of being left running, which costs more: node-pty is not installed; mend',
    );
    expect(problems).toEqual([]);
  });

  test('there is never more than one call, though they take longer than the interval', async () => {
    const { snapshots } = start({ startMs: 60 }, { pty: NO_PTY });
    let most = 0;
    await until(() => {
      most = Math.max(most, fake?.starts().filter(({ pid }) => isAlive(pid)).length);
      return snapshots.length >= 4;
    });
    expect(most).toBe(1);
  });

  test.each(['530', '535', '570', 'new'] as const)('the layout of drivers %s', async (layout) => {
    const { snapshots } = start({ layout }, { pty: NO_PTY });
    await until(() => snapshots.length > 0);
    expect(snapshots[0]!.gpus).toMatchObject([{ uuid: fakeGpu(0).uuid, power: { powerW: 100 } }]);
  });

  test.each<[Options, string[]]>([
    [{ d: 'refused' }, ['-q -x -d SOME', '-q -x', '-q -x']],
    [{ d: 'filters' }, ['-q -x -d SOME', '-q -x', '-q -x']],
    [{ d: 'ignored' }, ['-q -x -d SOME', '-q -x -d SOME']],
  ])('asks for all where %j', async (options, asked) => {
    const { snapshots } = start({ options }, { pty: NO_PTY });
    await until(() => snapshots.length >= 3);
    expect(argsOfStarts().slice(0, asked.length)).toEqual(asked);
  });
});
