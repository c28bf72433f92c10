import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EitError } from '../../../src/errors';
import { type GpuReading, THROTTLE_REASONS } from '../../../src/sources/gpu';
import { NvidiaSmiDocuments } from '../../../src/sources/nvidia-smi-documents';
import { type NvidiaSmiLog, parseNvidiaSmi } from '../../../src/sources/nvidia-smi-xml';
import { isMissing } from '../../../src/sources/source';
import { scaled } from '../../scale';
import { ANSWERS, answer, answerOf } from './nvidia-smi';

const DOCUMENTS = [...ANSWERS.map(answer), answerOf('h100-mig-590-load', 3), answerOf('h100-590-load', 8)];

/** Numbers from 0 to 1 in an order that a seed gives (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NUMBERS = [
  '-1',
  '0',
  '0.00',
  '1e9',
  'NaN',
  '99999999999999999999',
  '4294967295',
  '-0',
  '3000.01',
  '',
  '1,5',
  '٣',
];
const WORDS = [
  'N/A',
  '[N/A]',
  'ERR!',
  '[Unknown Error]',
  'GPU is lost',
  'Enabled',
  'None',
  '&amp;',
  '\u0000',
  '\u001b[2J',
];
const PIECES = [
  '<',
  '>',
  '</',
  '/>',
  '"',
  '&#0;',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?xml version="1.0"?>',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<__proto__>',
  '</gpu>',
  '<gpu id="00000000:01:00.0">',
  '<process_name>',
  '</process_name>',
  '<supported_clocks>',
  '</supported_clocks>',
  '<nvidia_smi_log>',
  '</nvidia_smi_log>',
  '<gpu_power_readings><average_power_draw>2999 W</average_power_draw></gpu_power_readings>',
];

/** One change to a document. */
function mutate(text: string, random: () => number): string {
  const below = (most: number): number => Math.floor(random() * most);
  const pick = (values: readonly string[]): string => values[below(values.length)] ?? '';
  const at = below(text.length + 1);
  const until = Math.min(text.length, at + 1 + below(random() < 0.5 ? 20 : 4000));
  /** Replaces one of the places that `form` finds, by chance. */
  const replaceOne = (form: RegExp, replacement: (found: string) => string): string => {
    const found = [...text.slice(at, at + 5000).matchAll(form)].at(0);
    if (found === undefined) return text;
    const begin = at + found.index;
    return text.slice(0, begin) + replacement(found[0]) + text.slice(begin + found[0].length);
  };
  switch (below(12)) {
    case 0: // a byte
      return text.slice(0, at) + String.fromCodePoint(below(256)) + text.slice(at + 1);
    case 1: // a bit
      return (
        text.slice(0, at) +
        String.fromCodePoint((text.codePointAt(at) ?? 0) ^ (1 << below(8))) +
        text.slice(at + 1)
      );
    case 2: // a piece is lost
      return text.slice(0, at) + text.slice(until);
    case 3: // the end is lost
      return text.slice(0, at);
    case 4: // a piece comes twice
      return text.slice(0, until) + text.slice(at);
    case 5: // a tag becomes another
      return replaceOne(/<\/?[a-z_]+>/g, () => pick(text.match(/<\/?[a-z_]+>/g) ?? []));
    case 6: // a number becomes another
      return replaceOne(/\d+(?:\.\d+)?/g, () => pick(NUMBERS));
    case 7: // a value becomes another
      return replaceOne(/(?<=>)[^<>\n]+(?=<)/g, () =>
        pick([...WORDS, ...NUMBERS.map((number) => `${number} W`)]),
      );
    case 8: // two documents become one
      return text.slice(0, at) + pick(DOCUMENTS).slice(below(20_000));
    case 9: // something comes in between
      return text.slice(0, at) + pick(PIECES) + text.slice(at);
    case 10: // something goes on and on
      return text.slice(0, at) + pick([...PIECES, '<a>', 'x', '\n']).repeat(below(2000)) + text.slice(at);
    default: // a section is in another place
      return text.slice(0, at) + text.slice(until) + text.slice(at, until);
  }
}

function expectPlausible({ driver, gpus, warnings }: NvidiaSmiLog): void {
  expect(driver).toMatch(/^(?:\d{1,5}(?:\.\d{1,5}){1,3}|unknown)$/);
  expect(gpus.length).toBeLessThanOrEqual(128);
  expect(new Set(gpus.map(({ pciBusId }) => pciBusId)).size).toBe(gpus.length);
  for (const warning of warnings) expect(warning).toMatch(/^[\x20-\x7e]{1,250}$/);
  for (const gpu of gpus) expectPlausibleGpu(gpu);
}

function expectPlausibleGpu(gpu: GpuReading): void {
  const { power, utilization, memory, instances } = gpu;
  if (isMissing(power)) {
    expect(power.missing).toMatch(/^[\x20-\x7e]{1,150}$/);
  } else {
    expect(power.powerW).toBeGreaterThan(0);
    expect(power.powerW).toBeLessThanOrEqual(3000);
    expect([0, 1000]).toContain(power.averagedMs);
  }
  expect(gpu).not.toHaveProperty('energyMillijoules');
  expect(gpu.uuid ?? 'GPU-0').toMatch(/^GPU-[\w/-]{1,96}$/);
  expect(gpu.pciBusId).toMatch(/^[\da-f]{4,8}:[\da-f]{2}:[01][\da-f]\.[0-7]$/);
  expect(gpu.model).toMatch(/^[\x20-\x7e]{1,80}$/);
  expectWhole(gpu.index ?? 0, 127);
  expectWhole(gpu.minor ?? 0, 2 ** 20);
  expectWhole(gpu.performanceState ?? 0, 15);
  if (utilization !== null) expectWithin(utilization, 1);
  if (instances !== null) expect(utilization).toBeNull();
  for (const { usedBytes, totalBytes } of [memory, ...(instances ?? []).map((one) => one.memory)].filter(
    isThere,
  )) {
    expectWhole(totalBytes, 2 ** 44);
    expectWhole(usedBytes, totalBytes);
  }
  for (const reason of gpu.throttling ?? []) expect(THROTTLE_REASONS).toContain(reason);
  for (const { pid, smPart, memoryBytes } of gpu.processes ?? []) {
    expectWhole(pid, 2 ** 22);
    expect(pid).toBeGreaterThan(0);
    expect(smPart).toBeNull();
    expectWhole(memoryBytes ?? 0, 2 ** 44);
  }
  for (const { index, gpu: of, compute, multiprocessors } of instances ?? []) {
    for (const value of [index, of, compute, multiprocessors]) expectWhole(value, 10_000);
  }
}

const isThere = <T>(value: T | null): value is T => value !== null;

function expectWithin(value: number, most: number): void {
  if (!(value >= 0 && value <= most)) throw new Error(`${value} is not from 0 to ${most}`);
}

function expectWhole(value: number, most: number): void {
  expectWithin(value, most);
  if (!Number.isInteger(value)) throw new Error(`${value} is not whole`);
}

/** Bytes in use after what nobody holds is gone. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

const SEED = 20_260_812;
const ROUNDS = scaled(2_000, 100_000);

test(`${ROUNDS} spoilt documents: readings that can be or an EitError, and the next document comes out whole`, () => {
  const random = generator(SEED);
  const splitter = new NvidiaSmiDocuments();
  const next = answer('h100-590-load').trimEnd();
  const counts = { read: 0, refused: 0, changed: 0 };
  let heapAfterFirst = 0;

  for (let round = 0; round < ROUNDS; round += 1) {
    const whole = DOCUMENTS[Math.floor(random() * DOCUMENTS.length)] ?? '';
    let spoilt = whole;
    for (let change = Math.floor(random() * 4); change >= 0; change -= 1) spoilt = mutate(spoilt, random);
    const cut = Math.floor(random() * spoilt.length);
    const documents: (string | null)[] = [spoilt.slice(0, cut), spoilt.slice(cut)].map((piece) => {
      splitter.push(piece);
      return splitter.settle();
    });
    splitter.push(next);
    if (splitter.settle() !== next)
      throw new Error(`round ${round}: the next document did not come out whole`);
    expect(splitter.heldBytes).toBe(0);
    // What is whole goes the way of the agent; what is not is read as if it had been asked for once.
    const complete = documents.filter(isThere);
    for (const xml of complete.length > 0 ? complete : [spoilt]) {
      try {
        const log = parseNvidiaSmi(xml);
        expectPlausible(log);
        counts.read += 1;
        if (spoilt !== whole) counts.changed += 1;
      } catch (error) {
        if (!(error instanceof EitError)) throw new Error(`round ${round}`, { cause: error });
        expect(error.message).toMatch(/^[\x20-\x7e]{10,250}$/);
        counts.refused += 1;
      }
    }
    if (round === Math.floor(ROUNDS / 4)) heapAfterFirst = heapBytes();
  }

  // Both happen often, so that both are tried.
  expect(counts.changed).toBeGreaterThan(ROUNDS / 10);
  expect(counts.refused).toBeGreaterThan(ROUNDS / 10);
  expect(heapBytes() - heapAfterFirst).toBeLessThan(16 * 1024 * 1024);
});

test('a generator gives the same documents for the same seed', () => {
  const spoilt = (seed: number): string => mutate(answer('tesla-t4'), generator(seed));
  expect(spoilt(1)).toBe(spoilt(1));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => spoilt(seed))).size).toBeGreaterThan(10);
});
