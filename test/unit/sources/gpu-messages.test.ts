import fc from 'fast-check';
import { type GpuReading, type GpuSnapshot, THROTTLE_REASONS } from '../../../src/sources/gpu';
import {
  GpuLines,
  type GpuMessage,
  MOST_LINE_CHARS,
  formatGpuMessage,
  parseGpuMessage,
} from '../../../src/sources/gpu-messages';
import { isMissing } from '../../../src/sources/source';

const READING: GpuReading = {
  uuid: 'GPU-513536b6-7d19-9063-b049-1e69664bb298',
  pciBusId: '0000:3b:00.0',
  index: 1,
  minor: 0,
  model: 'NVIDIA A100-SXM4-80GB',
  power: { powerW: 301.25, averagedMs: 1000 },
  energyMillijoules: 123_456_789_012,
  utilization: 0.5,
  memory: { usedBytes: 1024, totalBytes: 85_899_345_920 },
  performanceState: 0,
  throttling: ['sw_power_cap'],
  processes: [{ pid: 42, smPart: 0.25, memoryBytes: null, instance: { gpu: 1, compute: 0 } }],
  instances: [
    { uuid: null, index: 0, gpu: 1, compute: 0, multiprocessors: 14, memory: null },
    {
      uuid: 'MIG-GPU-513536b6-7d19-9063-b049-1e69664bb298/2/0',
      index: 1,
      gpu: 2,
      compute: 0,
      multiprocessors: 28,
      memory: { usedBytes: 0, totalBytes: 1024 },
    },
  ],
};
const SNAPSHOT: GpuSnapshot = {
  monoNs: 98_765_432_109_876_543n,
  source: 'nvml',
  driver: '550.54.15',
  gpus: [READING],
};

function roundTrip(message: GpuMessage): unknown {
  const line = formatGpuMessage(message);
  expect(line.endsWith('\n')).toBe(true);
  expect(line.indexOf('\n')).toBe(line.length - 1);
  return parseGpuMessage(line.slice(0, -1));
}

describe('what is written is read back', () => {
  test.each<GpuMessage>([
    { kind: 'snapshot', snapshot: SNAPSHOT },
    { kind: 'snapshot', snapshot: { ...SNAPSHOT, source: 'nvidia_smi', gpus: [] } },
    { kind: 'absent', reasons: { nvml: 'no driver', nvidia_smi: 'no program' } },
    { kind: 'waiting', reason: 'nvidia-smi has not answered for 12 s' },
    { kind: 'warning', text: 'one GPU "1" cannot be read' },
    { kind: 'program', program: { pid: 4711, startTicks: 181_234 } },
  ])('$kind', (message) => {
    expect(roundTrip(message)).toEqual(message);
  });

  test('a GPU of which next to nothing is known', () => {
    const { energyMillijoules: _, ...unknown } = {
      ...READING,
      uuid: null,
      index: null,
      minor: null,
      power: { missing: 'the GPU is lost' },
      utilization: null,
      memory: null,
      performanceState: null,
      throttling: null,
      processes: null,
      instances: null,
    };
    const message: GpuMessage = { kind: 'snapshot', snapshot: { ...SNAPSHOT, gpus: [unknown] } };
    expect(roundTrip(message)).toEqual(message);
  });

  test('any readings of the type', () => {
    const bytes = fc.maxSafeNat();
    const memory = fc.option(fc.record({ usedBytes: bytes, totalBytes: bytes }));
    // JSON knows no -0.
    const part = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
    const reading: fc.Arbitrary<GpuReading> = fc.record({
      uuid: fc.option(fc.uuid().map((uuid) => `GPU-${uuid}`)),
      pciBusId: fc.constantFrom('0000:3b:00.0', '10000:ff:1f.7'),
      index: fc.option(fc.nat(255)),
      minor: fc.option(fc.nat(255)),
      model: fc.string({ unit: 'grapheme-ascii', maxLength: 96 }),
      power: fc.record({ powerW: fc.nat(3000), averagedMs: fc.nat(1000) }),
      energyMillijoules: fc.oneof(bytes, fc.constant({ missing: 'lost' })),
      utilization: fc.option(part),
      memory,
      performanceState: fc.option(fc.nat(15)),
      throttling: fc.option(fc.subarray([...THROTTLE_REASONS])),
      processes: fc.option(
        fc.array(
          fc.record({
            pid: fc.nat(4_194_304),
            smPart: fc.option(part),
            memoryBytes: fc.option(bytes),
            instance: fc.option(fc.record({ gpu: fc.nat(15), compute: fc.nat(7) })),
          }),
        ),
      ),
      instances: fc.constant(null),
    });
    fc.assert(
      fc.property(
        fc.array(reading, { maxLength: 16 }),
        fc.bigInt({ min: 0n, max: 2n ** 63n }),
        (gpus, monoNs) => {
          const message: GpuMessage = { kind: 'snapshot', snapshot: { ...SNAPSHOT, monoNs, gpus } };
          expect(roundTrip(message)).toEqual(message);
        },
      ),
    );
  });

  test('a snapshot that would be too long goes without its processes', () => {
    const processes = Array.from({ length: 8000 }, (_, index) => ({
      pid: 1_000_000 + index,
      smPart: 0.123456789,
      memoryBytes: 85_899_345_920,
      instance: null,
    }));
    const gpus = Array.from({ length: 4 }, () => ({ ...READING, processes }));
    const line = formatGpuMessage({ kind: 'snapshot', snapshot: { ...SNAPSHOT, gpus } });
    expect(line.length).toBeLessThan(MOST_LINE_CHARS);
    const without = gpus.map((gpu) => ({ ...gpu, processes: null }));
    expect(parseGpuMessage(line.trim())).toEqual({
      kind: 'snapshot',
      snapshot: { ...SNAPSHOT, gpus: without },
    });
  });
});

describe('what is of another form is refused, by its place', () => {
  const spoilt = (change: object): string => {
    const json = { ...SNAPSHOT, monoNs: '1', gpus: [{ ...READING, ...change }] };
    const message = parseGpuMessage(JSON.stringify({ snapshot: json }));
    return isMissing(message) ? message.missing : 'taken';
  };

  test.each<[string, object]>([
    ['uuid is of another form', { uuid: '../../etc' }],
    ['uuid is of another form', { uuid: `GPU-${'a'.repeat(200)}` }],
    ['pciBusId is of another form', { pciBusId: '3B:00.0' }],
    ['index is no whole number', { index: 1.5 }],
    ['index is no number from 0 to 65535', { index: -1 }],
    ['minor is no whole number', { minor: '0' }],
    ['model is no text', { model: null }],
    ['power is no object', { power: 300 }],
    ['power.powerW is no number from 0 to 3000', { power: { powerW: 1e9, averagedMs: 0 } }],
    ['power.powerW is no number from 0 to 3000', { power: { powerW: null, averagedMs: 0 } }],
    ['energyMillijoules is no whole number', { energyMillijoules: 0.5 }],
    ['energyMillijoules is no whole number', { energyMillijoules: null }],
    ['utilization is no number from 0 to 1', { utilization: 87 }],
    ['memory.usedBytes is no whole number', { memory: { usedBytes: '1', totalBytes: 2 } }],
    ['performanceState is no number from 0 to 15', { performanceState: 32 }],
    ['throttling[0] is none of sw_power_cap', { throttling: ['gpu_idle'] }],
    ['processes is no list', { processes: {} }],
    ['processes[0] is no object', { processes: [null] }],
    ['processes[0].pid is no number from 0 to', { processes: [{ pid: 2 ** 40 }] }],
    ['processes[0].smPart is no number', { processes: [{ pid: 1, smPart: 2 }] }],
    ['processes has more than', { processes: Array.from({ length: 10_000 }, () => null) }],
    ['instances[0].gpu is no whole number', { instances: [{ uuid: null, index: 0 }] }],
  ])('%s', (words, change) => {
    expect(spoilt(change)).toContain(`a snapshot of another form: gpus[0].${words}`);
  });

  test.each([
    ['{"snapshot":null}', 'a snapshot of another form: snapshot is no object'],
    ['{"snapshot":{"monoNs":12}}', 'a snapshot of another form: monoNs is no decimal string'],
    ['{"snapshot":{"monoNs":"-1"}}', 'a snapshot of another form: monoNs is no decimal string'],
    ['{"snapshot":{"monoNs":"1","source":"rsmi"}}', 'source is none of nvml, nvidia_smi'],
    ['', 'a line that is no JSON: '],
    ['\u001b[31mSegmentation fault', 'a line that is no JSON: ?[31mSegmentation fault'],
    ['null', 'a line that is no object'],
    ['[1]', 'a line of another form: [1]'],
    ['{"warning":1}', 'a line of another form: {"warning":1}'],
    ['{"absent":"nvml"}', '"absent" is no object'],
    ...[
      'null',
      '{"pid":4711}',
      '{"pid":"4711","startTicks":1}',
      '{"pid":1,"startTicks":1}',
      '{"pid":0,"startTicks":1}',
      '{"pid":-4711,"startTicks":1}',
      '{"pid":5000000,"startTicks":1}',
      `{"pid":${process.pid},"startTicks":1}`,
      '{"pid":4711,"startTicks":-1}',
      '{"pid":4711,"startTicks":1.5}',
    ].map((program) => [`{"program":${program}}`, 'a line of another form: {"program":']),
  ])('%j', (line, reason) => {
    expect(parseGpuMessage(line)).toEqual({ missing: expect.stringContaining(reason) });
  });

  test('what is not known is left out, and text is made fit for a terminal', () => {
    const json = { ...SNAPSHOT, monoNs: '1', gpus: [{ ...READING, model: 'A\u001b[2J100', secret: 'x' }] };
    expect(parseGpuMessage(JSON.stringify({ snapshot: json }))).toEqual({
      kind: 'snapshot',
      snapshot: { ...SNAPSHOT, monoNs: 1n, gpus: [{ ...READING, model: 'A?[2J100' }] },
    });
    expect(parseGpuMessage('{"warning":"\\u001b]0;x\\u0007","x":1}')).toEqual({
      kind: 'warning',
      text: '?]0;x?',
    });
    expect(parseGpuMessage('{"absent":{"nvml":"a\\nb","__proto__":"x","nvidia_smi":7}}')).toEqual({
      kind: 'absent',
      reasons: { nvml: 'a?b' },
    });
  });

  test('nothing that comes is thrown back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parseGpuMessage(text);
        parseGpuMessage(`{"snapshot":{"monoNs":"1","source":"nvml","driver":"","gpus":[${text}]}}`);
      }),
    );
  });
});

describe('lines out of pieces', () => {
  test('however they are cut', () => {
    const text = '{"warning":"é"}\n\nsecond\n';
    fc.assert(
      fc.property(fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 8 }), (cuts) => {
        const lines = new GpuLines();
        const bytes = Buffer.from(text);
        const ends = [...cuts, bytes.length].sort((a, b) => a - b);
        const seen = ends.flatMap((end, index) => lines.push(bytes.subarray(ends[index - 1] ?? 0, end)));
        expect(seen).toEqual(['{"warning":"é"}', '', 'second']);
      }),
    );
  });

  test('one that has no end is told of once, and the next is read', () => {
    const lines = new GpuLines();
    const piece = Buffer.alloc(64 * 1024, 'x');
    const seen = Array.from({ length: 64 }, () => lines.push(piece)).flat();
    expect(seen).toEqual([{ missing: 'a line of more than 1048576 characters' }]);
    expect(lines.push(Buffer.from('end\nnext\n'))).toEqual(['next']);
  });
});
