import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EitError } from '../../../src/errors';
import {
  acceleratorNamed,
  parseAccelerators,
  PRECISIONS,
  readAccelerators,
} from '../../../src/hardware/accelerators';
import { dramPowerW } from '../../../src/hardware/dram-power';
import { findModel } from '../../../src/hardware/model-table';
import { parseProcessors, processorNamed, readProcessors } from '../../../src/hardware/processors';

const data = join(__dirname, '../../../data/hardware');
const accelerators = readAccelerators(join(data, 'accelerators.csv'));
const processors = readProcessors(join(data, 'processors.csv'));

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof EitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return '';
}

test.each<[string, string, number, number | undefined]>([
  // As drivers name them, with the power and the dense fp16 peak of the maker's data sheet.
  ['Tesla V100-PCIE-16GB', 'NVIDIA Tesla V100 PCIe', 250, 112],
  ['Tesla V100-SXM2-32GB', 'NVIDIA Tesla V100 SXM2', 300, 125],
  ['Tesla T4', 'NVIDIA Tesla T4', 70, 65],
  ['NVIDIA A100-PCIE-40GB', 'NVIDIA A100 PCIe 40GB', 250, 312],
  ['NVIDIA A100 80GB PCIe', 'NVIDIA A100 PCIe 80GB', 300, 312],
  ['NVIDIA A100-SXM4-80GB', 'NVIDIA A100 SXM4', 400, 312],
  ['NVIDIA H100 80GB HBM3', 'NVIDIA H100 SXM', 700, 989.5],
  ['NVIDIA H100 PCIe', 'NVIDIA H100 PCIe', 350, 756.5],
  ['NVIDIA H200', 'NVIDIA H200 SXM', 700, 989.5],
  ['NVIDIA L40S', 'NVIDIA L40S', 350, 362.05],
  ['NVIDIA B200', 'NVIDIA B200', 1000, 2250],
  ['NVIDIA GH200 480GB', 'NVIDIA GH200', 1000, 990],
  ['NVIDIA GeForce RTX 3090', 'NVIDIA GeForce RTX 3090', 350, 71],
  ['AMD Instinct MI300X', 'AMD Instinct MI300X', 750, 1307.4],
  // A half of the module: what Slurm counts as a GPU.
  ['AMD Instinct MI250X', 'AMD Instinct MI250X', 280, 191.5],
])('%s is %s, %d W', (driver, name, tdpW, fp16) => {
  const found = findModel(accelerators, driver);
  expect([found?.name, found?.tdpW, found?.peakTflops.fp16]).toEqual([name, tdpW, fp16]);
});

test('no peak is the one of sparse matrices', () => {
  for (const { name, peakTflops: peak } of accelerators.models) {
    // 8 bits are at most twice as fast as 16: a sparse figure of one of them stands out.
    for (const eight of [peak.fp8, peak.int8])
      if (eight !== undefined && peak.fp16 !== undefined && !/MI|RTX 4090|RTX 30/.test(name))
        expect(eight / peak.fp16).toBeLessThan(2.05);
    if (peak.tf32 !== undefined && peak.fp16 !== undefined)
      expect([name, peak.tf32 <= peak.fp16 * 0.51]).toEqual([name, true]);
  }
});

test('a name that is of several models is asked about', () => {
  expect(messageOf(() => acceleratorNamed(accelerators, 'A100'))).toBe(
    'EIT_USAGE: data/hardware has no GPU "A100": did you mean NVIDIA A100 PCIe 40GB or NVIDIA A100 PCIe 80GB or NVIDIA A100 SXM4? Their power differs.',
  );
  expect(messageOf(() => acceleratorNamed(accelerators, 'MI300Y'))).toContain('MI300X');
  expect(acceleratorNamed(accelerators, 'v100 sxm2').tdpW).toBe(300);
  expect(messageOf(() => acceleratorNamed(accelerators, '\u001b[31m'))).not.toContain('\u001b');
});

test.each<[string, string, number, number]>([
  ['Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz', 'Intel Xeon Gold 6148', 20, 150],
  ['AMD EPYC 7763 64-Core Processor', 'AMD EPYC 7763', 64, 280],
  ['Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz', 'Intel Xeon E5-2680 v3', 12, 120],
  ['Intel(R) Xeon(R) Platinum 8480+', 'Intel Xeon Platinum 8480+', 56, 350],
  ['11th Gen Intel(R) Core(TM) i7-11700 @ 2.50GHz', 'Intel Core i7-11700', 8, 65],
])('/proc/cpuinfo says %s', (model, name, cores, tdpW) => {
  expect(findModel(processors, model)).toEqual({ name, cores, tdpW });
});

test('a CPU is found by the end of its name, and what is near is told', () => {
  expect(processorNamed(processors, 'Gold 6148').tdpW).toBe(150);
  expect(messageOf(() => processorNamed(processors, 'EPYC 7764'))).toContain('did you mean EPYC 7763');
  expect(findModel(processors, '')).toBeNull();
});

test.each([
  [64 * 2 ** 30, 23.84],
  [0, 0],
])('%d bytes of memory draw %d W', (bytes, watts) => {
  expect(dramPowerW(bytes)).toBe(watts);
});

const text = readFileSync(join(data, 'accelerators.csv'), 'utf8');

test.each<[string, string, string]>([
  ['another header', text.replace('tdp_w', 'tdp'), 'accelerators.csv:1: expected the columns'],
  [
    'a line with a field too few',
    `${text}NVIDIA X,PCIe\n`,
    `accelerators.csv:${text.trimEnd().split('\n').length + 1}: `,
  ],
  ['power of 0', text.replace(',235,1,', ',0,1,'), 'accelerators.csv:2: "0" is not as it should be'],
  ['two models of one name', `${text}${text.split('\n')[1]}\n`, 'two models are called k40'],
])('%s is an error of the data', (_, damaged, message) => {
  expect(messageOf(() => parseAccelerators(damaged))).toContain(message);
});

test('a CPU without cores is an error of the data', () => {
  expect(messageOf(() => parseProcessors('name,cores,tdp_w\nA 1,0,10\n'))).toContain('processors.csv:2');
  expect(messageOf(() => readProcessors('/nowhere/processors.csv'))).toContain('EIT_DATA_FILE: cannot read');
});

test('every model of the table has a peak of some precision', () => {
  for (const { name, peakTflops } of accelerators.models)
    expect([name, PRECISIONS.some((one) => peakTflops[one] !== undefined)]).toEqual([name, true]);
});
