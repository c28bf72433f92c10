import fc from 'fast-check';
import { EitError } from '../../../src/errors';
import type { GpuProcess, GpuReading, MigInstance } from '../../../src/sources/gpu';
import { NvidiaSmiDocuments } from '../../../src/sources/nvidia-smi-documents';
import { isPlainName } from '../../../src/sources/nvidia-smi-processes';
import { type HostChecks, type NvidiaSmiLog, parseNvidiaSmi } from '../../../src/sources/nvidia-smi-xml';
import { isMissing } from '../../../src/sources/source';
import { scaled } from '../../scale';
import { ANSWERS, answer, answerOf, document } from './nvidia-smi';

const MIB = 1024 * 1024;
const MASKED = 'GPU-00000000-0000-0000-0000-000000000000';

const memory = (usedMib: number, totalMib: number): GpuReading['memory'] => ({
  usedBytes: usedMib * MIB,
  totalBytes: totalMib * MIB,
});
const process = (pid: number, mib: number, instance: GpuProcess['instance'] = null): GpuProcess => ({
  pid,
  smPart: null,
  memoryBytes: mib * MIB,
  instance,
});
const instance = (
  index: number,
  gpu: number,
  multiprocessors: number,
  usedMib: number,
  totalMib: number,
): MigInstance => ({
  uuid: null,
  index,
  gpu,
  compute: 0,
  multiprocessors,
  memory: memory(usedMib, totalMib),
});

/** What all of the answers have in common, unless a line says otherwise. */
const COMMON = {
  index: 0,
  minor: 0,
  utilization: 0,
  throttling: [],
  processes: [],
  instances: null,
} as const;

const H100 = { uuid: MASKED, pciBusId: '0000:00:09.0', model: 'NVIDIA H100 80GB HBM3', performanceState: 0 };
const H200 = { uuid: MASKED, pciBusId: '0000:83:00.0', model: 'NVIDIA H200', performanceState: 0 };
const L40S = { uuid: MASKED, pciBusId: '0000:01:00.0', model: 'NVIDIA L40S', performanceState: 0 };
const RTX_2080 = { uuid: MASKED, pciBusId: '0000:0c:00.0', model: 'NVIDIA GeForce RTX 2080 SUPER' };

/** Written by hand from the XML: the driver, and the one GPU. */
const READINGS: Readonly<
  Record<string, [string, Omit<GpuReading, keyof typeof COMMON> & Partial<GpuReading>]>
> = {
  'gtx-1660-ti': [
    '418.43',
    {
      uuid: 'GPU-304a277d-3545-63b8-3a36-dfde3c992989',
      pciBusId: '0000:43:00.0',
      model: 'Graphics Device',
      power: { powerW: 8.93, averagedMs: 0 },
      memory: memory(0, 5912),
      performanceState: 8,
    },
  ],
  'quadro-p400': [
    '418.43',
    {
      uuid: 'GPU-8f750be4-dfbc-23b9-b33f-da729a536494',
      pciBusId: '0000:43:00.0',
      model: 'Quadro P400',
      power: { missing: 'power_draw says "N/A"' },
      memory: memory(0, 1998),
      performanceState: 8,
    },
  ],
  'tesla-t4': [
    '515.105.01',
    {
      uuid: 'GPU-d37e67a5-91dd-3774-a5cb-99096249601a',
      pciBusId: '0000:00:1e.0',
      model: 'Tesla T4',
      power: { powerW: 26.78, averagedMs: 0 },
      memory: memory(1032, 15360),
      performanceState: 0,
      processes: [process(675, 22), process(5762, 1005)],
    },
  ],
  'rtx-3090-v12': [
    '525.147.05',
    {
      uuid: 'GPU-12345678-aaaa-bbbb-cccc-0123456789ab',
      pciBusId: '0000:00:10.0',
      model: 'NVIDIA GeForce RTX 3090',
      power: { powerW: 27.23, averagedMs: 1000 },
      memory: memory(1, 24576),
      performanceState: 8,
    },
  ],
  'rtx-3080-v12': [
    '536.40',
    {
      uuid: 'GPU-19d6d965-2acc-f646-00f8-4c76979aabb4',
      pciBusId: '0000:04:00.0',
      minor: null,
      model: 'NVIDIA GeForce RTX 3080',
      power: { powerW: 22.78, averagedMs: 1000 },
      memory: memory(1128, 10240),
      performanceState: 8,
      processes: [
        process(835, 550),
        process(1481, 18),
        process(2214, 79),
        process(4044, 541),
        process(42416, 159),
      ],
    },
  ],
  'a100-sxm4-v12': [
    '535.54.03',
    {
      uuid: 'GPU-513536b6-7d19-9063-b049-1e69664bb298',
      pciBusId: '0000:01:00.0',
      minor: 1,
      model: 'NVIDIA A100-SXM4-80GB',
      // GA100: of the moment, though Ampere.
      power: { powerW: 67.03, averagedMs: 0 },
      utilization: null,
      memory: memory(50, 81920),
      performanceState: 0,
      instances: [0, 1, 2, 3].map((index) => instance(index, index + 3, 14, 12, 19968)),
    },
  ],
  'rtx-3060-v12': [
    '570.124.04',
    {
      uuid: 'GPU-d6889ff6-2523-9142-ca3c-1ca3f396a625',
      pciBusId: '0000:2d:00.0',
      model: 'NVIDIA GeForce RTX 3060',
      power: { powerW: 11.6, averagedMs: 1000 },
      memory: memory(116, 12288),
      performanceState: 8,
    },
  ],
  'rtx-4000-sff-ada-v13': [
    '595.84',
    {
      uuid: 'GPU-37037c3f-65c8-ec4d-24a9-420204ad8026',
      pciBusId: '0000:06:00.0',
      model: 'NVIDIA RTX 4000 SFF Ada Generation',
      power: { powerW: 8.81, averagedMs: 1000 },
      memory: memory(3534, 20475),
      performanceState: 8,
      processes: [process(1842, 410), process(3190, 451), process(4937, 160), process(34626, 183)],
    },
  ],
  'h100-590-idle': [
    '590.48.01',
    { ...H100, power: { powerW: 69.85, averagedMs: 1000 }, memory: memory(0, 81559) },
  ],
  'h100-590-load': [
    '590.48.01',
    {
      ...H100,
      power: { powerW: 629.45, averagedMs: 1000 },
      utilization: 1,
      memory: memory(19818, 81559),
      processes: [process(11327, 2566), process(11328, 1542), process(11345, 15690)],
    },
  ],
  'h100-mig-590-idle': [
    '590.48.01',
    {
      ...H100,
      power: { powerW: 71.27, averagedMs: 1000 },
      utilization: null,
      memory: memory(59, 81559),
      instances: [
        instance(0, 2, 60, 26, 40448),
        instance(1, 3, 32, 17, 20096),
        instance(2, 9, 16, 9, 9984),
        instance(3, 10, 16, 9, 9984),
      ],
    },
  ],
  'h100-mig-590-load': [
    '590.48.01',
    {
      ...H100,
      power: { powerW: 432.21, averagedMs: 1000 },
      utilization: null,
      memory: memory(11125, 81559),
      processes: [
        process(21180, 2296, { gpu: 2, compute: 0 }),
        process(21181, 1272, { gpu: 2, compute: 0 }),
        process(21198, 7484, { gpu: 2, compute: 0 }),
      ],
      instances: [
        instance(0, 2, 60, 11091, 40448),
        instance(1, 3, 32, 17, 20096),
        instance(2, 9, 16, 9, 9984),
        instance(3, 10, 16, 9, 9984),
      ],
    },
  ],
  'h200-590-idle': [
    '590.48.01',
    { ...H200, power: { powerW: 77.67, averagedMs: 1000 }, memory: memory(0, 143771) },
  ],
  'h200-590-load': [
    '590.48.01',
    {
      ...H200,
      power: { powerW: 627.32, averagedMs: 1000 },
      utilization: 1,
      memory: memory(32362, 143771),
      processes: [process(10291, 2566), process(10293, 1542), process(10309, 28234)],
    },
  ],
  'l40s-595-idle': [
    '595.80',
    { ...L40S, power: { powerW: 183.28, averagedMs: 1000 }, utilization: 1, memory: memory(0, 46068) },
  ],
  'l40s-595-load': [
    '595.80',
    {
      ...L40S,
      power: { powerW: 110.24, averagedMs: 1000 },
      utilization: 0.09,
      memory: memory(1235, 46068),
      processes: [process(20037, 538), process(20038, 681)],
    },
  ],
  // Before Ampere there is no average.
  'rtx-2080-super-610-idle': [
    '610.57.04',
    {
      ...RTX_2080,
      power: { powerW: 38.89, averagedMs: 0 },
      memory: memory(211, 8192),
      performanceState: 8,
      processes: [process(1720, 173), process(4556, 3)],
    },
  ],
  'rtx-2080-super-610-load': [
    '610.57.04',
    {
      ...RTX_2080,
      power: { powerW: 97.75, averagedMs: 0 },
      utilization: 0.08,
      memory: memory(815, 8192),
      performanceState: 2,
      processes: [process(1720, 173), process(4556, 3), process(28511, 230), process(28512, 370)],
    },
  ],
};

/** The one GPU of a document with `sections`. */
function reading(sections: string, options?: Parameters<typeof document>[1]): GpuReading {
  const [gpu, ...others] = parseNvidiaSmi(document(sections, options)).gpus;
  expect(others).toEqual([]);
  if (gpu === undefined) throw new Error('no GPU');
  return gpu;
}

/** What came of it: the answer, or the message of the error with which it is refused. */
function outcome(xml: string): NvidiaSmiLog | string {
  try {
    return parseNvidiaSmi(xml);
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    expect(error.code).toBe('EIT_NVIDIA_SMI');
    expect(error.message).toMatch(/^[\x20-\x7e]{10,250}$/);
    return error.message;
  }
}

test.each(ANSWERS)('%s: all that its XML says', (name) => {
  const [driver, gpu] = READINGS[name] ?? [];
  expect(parseNvidiaSmi(answer(name))).toEqual({
    driver,
    gpus: [{ ...COMMON, ...gpu, ...(name === 'a100-sxm4-v12' ? { index: null } : {}) }],
    warnings: name === 'a100-sxm4-v12' ? ['nvidia-smi shows 1 of 4 GPUs'] : [],
  });
});

test('of a host with eight GPUs each has its own place, id and readings', () => {
  const { gpus, warnings } = parseNvidiaSmi(answerOf('rtx-4000-sff-ada-v13', 8));
  expect(warnings).toEqual([]);
  expect(gpus.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(gpus.map(({ pciBusId }) => pciBusId)).toEqual(
    ['10', '11', '12', '13', '14', '15', '16', '17'].map((bus) => `0000:${bus}:00.0`),
  );
  expect(new Set(gpus.map(({ uuid }) => uuid)).size).toBe(8);
  for (const { power, processes } of gpus) {
    expect(power).toEqual({ powerW: 8.81, averagedMs: 1000 });
    expect(processes).toHaveLength(4);
  }
});

describe('power', () => {
  const average = (value: string): string => `<average_power_draw>${value}</average_power_draw>`;
  const instant = (value: string): string => `<instant_power_draw>${value}</instant_power_draw>`;
  const draw = (value: string): string => `<power_draw>${value}</power_draw>`;
  const board = (draws: string): string => `<gpu_power_readings>${draws}</gpu_power_readings>`;

  test.each([
    ['both', average('300.10 W') + instant('412.00 W'), 300.1, 1000],
    ['the other way round', instant('412.00 W') + average('300.10 W'), 300.1, 1000],
    ['no average', average('N/A') + instant('412.00 W'), 412, 0],
    ['an average of 0', average('0.00 W') + instant('412.00 W'), 412, 0],
    ['an average that cannot be', average('30000.00 W') + instant('412.00 W'), 412, 0],
    ['no instant', average('300.10 W') + instant('N/A'), 300.1, 1000],
    ['only instant', instant('412.00 W'), 412, 0],
    ['padded', average(' N/A ') + instant('\t412.00 W\n'), 412, 0],
    ['all three', draw('200.00 W') + average('300.10 W') + instant('412.00 W'), 300.1, 1000],
  ])('%s: the average, else that of the moment', (_name, draws, powerW, averagedMs) => {
    expect(reading(board(draws)).power).toEqual({ powerW, averagedMs });
  });

  test.each([
    ['Ampere', 'NVIDIA GeForce RTX 3090', 1000],
    ['Ampere', 'NVIDIA A40', 1000],
    ['Ampere', 'NVIDIA RTX A3000 Laptop GPU', 1000],
    ['Ampere', 'NVIDIA RTX A1000', 1000],
    ['Ada Lovelace', 'NVIDIA L40S', 1000],
    ['Hopper', 'NVIDIA H100 80GB HBM3', 1000],
    ['Blackwell', 'NVIDIA B200', 1000],
    ['Rubin', 'NVIDIA R100', 1000],
    ['Ampere', 'NVIDIA A100-SXM4-40GB', 0],
    ['Ampere', 'A100-PCIE-40GB', 0],
    ['Ampere', 'NVIDIA A100 80GB PCIe', 0],
    ['Ampere', 'NVIDIA A100X', 0],
    ['Ampere', 'NVIDIA A800-SXM4-80GB', 0],
    ['Ampere', 'NVIDIA A30', 0],
    ['Turing', 'Tesla T4', 0],
    ['Volta', 'Tesla V100-SXM2-32GB', 0],
    ['Pascal', 'Tesla P100-PCIE-16GB', 0],
    ['Maxwell', 'Tesla M60', 0],
    ['Kepler', 'Tesla K80', 0],
    ['N/A', 'NVIDIA GeForce RTX 3090', 0],
    ['Unknown', 'NVIDIA GeForce RTX 3090', 0],
  ])('a lone power_draw of %s, %s is a mean over %d ms', (architecture, model, averagedMs) => {
    const names = `<product_name>${model}</product_name><product_architecture>${architecture}</product_architecture>`;
    const expected = { powerW: 55.5, averagedMs };
    expect(reading(`${names}<power_readings>${draw('55.50 W')}</power_readings>`).power).toEqual(expected);
    expect(reading(names + board(draw('55.50 W'))).power).toEqual(expected);
  });

  test.each([
    ['N/A', /says "N\/A"/],
    ['[N/A]', /says "\[N\/A\]"/],
    ['ERR!', /says "ERR!"/],
    ['[Unknown Error]', /says "\[Unknown Error\]"/],
    ['Unknown Error', /says "Unknown Error"/],
    ['GPU is lost', /says "GPU is lost"/],
    ['Insufficient Permissions', /says "Insufficient Permissions"/],
    ['Requested functionality has been deprecated', /says "Requested functionality has been deprecated"/],
    ['', /is empty/],
    ['  \n ', /is empty/],
    ['0.00 W', /says 0 W: it does not measure/],
    ['0 W', /says 0 W: it does not measure/],
    ['-12.00 W', /says "-12.00 W"/],
    ['5000.01 W', /says 5000.01 W, which no GPU draws/],
    ['4294967.29 W', /which no GPU draws/],
    ['99999999999999999999 W', /says "9+ W"/],
    ['NaN W', /says "NaN W"/],
    ['Infinity W', /says/],
    ['1e3 W', /says/],
    ['0x64 W', /says/],
    ['55,50 W', /says/],
    ['.5 W', /says/],
    ['5. W', /says/],
    ['55.50', /says/],
    ['55.50 mW', /says/],
    ['55.50 kW', /says/],
    ['55.50 w', /says/],
    ['55.50 W W', /says/],
    ['5 5.50 W', /says/],
    ['55.50&#32;W', /says/],
    ['\u001b[2J55.50 W', /says "\?\[2J55.50 W"/],
    ['<b/>55.50 W', /^nvidia-smi tells no power of the board$/],
  ])('of %j is missing, and says why', (value, reason) => {
    const { power } = reading(board(draw(value)));
    expect(isMissing(power) && power.missing).toMatch(reason);
    expect(isMissing(power) && power.missing).toMatch(/^[\x20-\x7e]{1,150}$/);
  });

  test.each([
    ['0.01 W', 0.01],
    ['3000 W', 3000],
    ['700 W', 700],
    ['55.500000 W', 55.5],
  ])('of %j is power', (value, powerW) => {
    expect(reading(board(draw(value))).power).toMatchObject({ powerW });
  });

  test('where none of the two is told, the reason is of the one that is preferred', () => {
    expect(reading(board(average('ERR!') + instant('N/A'))).power).toEqual({
      missing: 'average_power_draw says "ERR!"',
    });
  });

  test('of the module, of the memory and the limits are not the power of the board', () => {
    const module = `<module_power_readings>${average('900.00 W')}${draw('900.00 W')}</module_power_readings>`;
    const chips = `<gpu_memory_power_readings>${average('85.83 W')}</gpu_memory_power_readings>`;
    const limits = '<current_power_limit>700.00 W</current_power_limit>';
    expect(reading(module + chips + board(average('N/A') + limits)).power).toEqual({
      missing: 'average_power_draw says "N/A"',
    });
    expect(reading(module + chips + board(average('629.45 W'))).power).toMatchObject({ powerW: 629.45 });
    expect(reading(module + chips + limits).power).toEqual({
      missing: 'nvidia-smi tells no power of the board',
    });
  });

  test('sections in the section (610: limits) are passed over', () => {
    const ceiling =
      '<gpu_ceiling_power_limit><current_power_limit>250.00 W</current_power_limit></gpu_ceiling_power_limit>';
    const within = board(average('N/A') + instant('97.75 W') + ceiling);
    expect(reading(within).power).toEqual({ powerW: 97.75, averagedMs: 0 });
  });

  test('a section that only says N/A is a reason', () => {
    expect(reading('<gpu_power_readings>N/A</gpu_power_readings>').power).toEqual({
      missing: 'gpu_power_readings says "N/A"',
    });
  });

  test('the newer section is used where a driver has both', () => {
    const older = `<power_readings>${draw('1.00 W')}</power_readings>`;
    expect(reading(older + board(average('300.00 W'))).power).toMatchObject({ powerW: 300 });
    expect(reading(older + board('')).power).toMatchObject({ powerW: 1 });
  });

  test('of a section told twice the first counts', () => {
    expect(reading(board(average('300.00 W')) + board(average('9.00 W'))).power).toMatchObject({
      powerW: 300,
    });
    expect(reading(board(average('300.00 W') + average('9.00 W'))).power).toMatchObject({ powerW: 300 });
  });

  test.each([
    ['the newest tags in the old section', `<power_readings>${average('300.00 W')}</power_readings>`],
    ['no section', average('300.00 W') + instant('412.00 W')],
  ])('a layout not seen yet, %s: the newest rules, with one warning for all GPUs', (_name, sections) => {
    const two = document(`${sections}</gpu><gpu id="00000000:3C:00.0">${sections}`, { attached: '2' });
    const { gpus, warnings } = parseNvidiaSmi(two);
    expect(gpus.map(({ power }) => power)).toEqual([
      { powerW: 300, averagedMs: 1000 },
      { powerW: 300, averagedMs: 1000 },
    ]);
    expect(warnings).toEqual(['power is not where the versions of nvidia-smi known up to now have it']);
  });

  test('a layout in which there is none: missing, with one warning', () => {
    const { gpus, warnings } = parseNvidiaSmi(document('<board_power><watts>300 W</watts></board_power>'));
    expect(gpus[0]?.power).toEqual({ missing: 'nvidia-smi tells no power of the board' });
    expect(warnings).toEqual(['power is not where the versions of nvidia-smi known up to now have it']);
  });
});

describe('identity', () => {
  test.each([
    ['00000000:3B:00.0', '0000:3b:00.0'],
    ['0000:3b:00.0', '0000:3b:00.0'],
    ['3B:00.0', '0000:3b:00.0'],
    ['0001:00:1E.0', '0001:00:1e.0'],
    ['00010000:3B:1F.7', '10000:3b:1f.7'],
  ])('the PCI bus id %s is %s', (id, pciBusId) => {
    expect(reading('', { id }).pciBusId).toBe(pciBusId);
  });

  test.each(['', 'N/A', '../../etc', '3B', '00000000:3B:20.0', '00000000:3B:00.8', '123456789:3B:00.0'])(
    'where %j is no PCI bus id, it is looked for in the section pci, and else the GPU is left out',
    (id) => {
      const whole = '<pci><pci_bus_id>00000000:AF:00.0</pci_bus_id></pci>';
      const parts =
        '<pci><pci_bus>AF</pci_bus><pci_device>00</pci_device><pci_domain>0000</pci_domain></pci>';
      expect(reading(whole, { id }).pciBusId).toBe('0000:af:00.0');
      expect(reading(parts, { id }).pciBusId).toBe('0000:af:00.0');
      expect(parseNvidiaSmi(document('', { id }))).toEqual({
        driver: '999.1',
        gpus: [],
        warnings: ['the GPU at position 0 is left out: nvidia-smi tells no PCI bus id of it'],
      });
    },
  );

  test('a GPU that is left out keeps its position', () => {
    const xml = document('</gpu><gpu id="00000000:3C:00.0">', { id: '', attached: '2' });
    expect(parseNvidiaSmi(xml).gpus.map(({ index, pciBusId }) => [index, pciBusId])).toEqual([
      [1, '0000:3c:00.0'],
    ]);
  });

  test('a GPU that is lost has its PCI bus id, and reasons', () => {
    const xml = answer('h100-590-load').replaceAll(/>(?:[^<>\n]*)<\/(?!driver|attached)/g, '>GPU is lost</');
    expect(parseNvidiaSmi(xml).gpus).toEqual([
      {
        uuid: null,
        pciBusId: '0000:00:09.0',
        index: 0,
        minor: null,
        model: 'unknown',
        power: { missing: 'average_power_draw says "GPU is lost"' },
        utilization: null,
        memory: null,
        performanceState: null,
        throttling: null,
        processes: [],
        instances: null,
      },
    ]);
  });

  test('several GPUs at one PCI bus id are one without power: nobody knows whose it is', () => {
    const draw = '<gpu_power_readings><average_power_draw>50 W</average_power_draw></gpu_power_readings>';
    const xml = document(`${draw}</gpu><gpu id="0000:3b:00.0">${draw}`, { attached: '2' });
    const { gpus, warnings } = parseNvidiaSmi(xml);
    expect(gpus.map(({ power }) => power)).toEqual([
      { missing: 'nvidia-smi shows more than one GPU at 0000:3b:00.0' },
    ]);
    expect(warnings).toEqual(['nvidia-smi shows more than one GPU at 0000:3b:00.0']);
  });

  test('several GPUs with one UUID are known by their PCI bus ids', () => {
    const xml = document(`<uuid>${MASKED}</uuid></gpu><gpu id="00000000:3C:00.0"><uuid>${MASKED}</uuid>`, {
      attached: '2',
    });
    const { gpus, warnings } = parseNvidiaSmi(xml);
    expect(gpus.map(({ uuid, pciBusId }) => [uuid, pciBusId])).toEqual([
      [null, '0000:3b:00.0'],
      [null, '0000:3c:00.0'],
    ]);
    expect(warnings).toContain(`nvidia-smi shows more than one GPU with the UUID ${MASKED}`);
  });

  test.each([
    ['<uuid>GPU-37037c3f-65c8-ec4d-24a9-420204ad8026</uuid>', 'GPU-37037c3f-65c8-ec4d-24a9-420204ad8026'],
    ['<uuid>N/A</uuid>', null],
    ['<uuid>GPU-$(reboot)</uuid>', null],
    ['<uuid>MIG-37037c3f</uuid>', null],
    [`<uuid>GPU-${'0'.repeat(200)}</uuid>`, null],
    ['', null],
  ])('%s', (section, uuid) => {
    expect(reading(section).uuid).toBe(uuid);
  });

  test.each([
    ['<minor_number>7</minor_number>', 7],
    ['<minor_number>N/A</minor_number>', null],
    ['<minor_number>-1</minor_number>', null],
    ['<minor_number>0x7</minor_number>', null],
    ['<minor_number>4294967295</minor_number>', null],
    ['', null],
  ])('%s', (section, minor) => {
    expect(reading(section).minor).toBe(minor);
  });

  test.each([
    ['<product_name>NVIDIA H200</product_name>', 'NVIDIA H200'],
    ['<product_name>NVIDIA \u001b[31m\u00ae\nH200</product_name>', 'NVIDIA ?[31m??H200'],
    [`<product_name>${'x'.repeat(100)}</product_name>`, `${'x'.repeat(77)}...`],
    ['<product_name>ERR!</product_name>', 'unknown'],
    ['<product_name/>', 'unknown'],
    ['', 'unknown'],
  ])('%j', (section, model) => {
    expect(reading(section).model).toBe(model);
  });
});

describe('the version of the driver', () => {
  const version = (tags: string): NvidiaSmiLog =>
    parseNvidiaSmi(document('').replace('<driver_version>999.1</driver_version>', tags));

  test.each([
    ['<driver_version>595.84</driver_version>', '595.84'],
    ['<driver_version>610.57.04 [Deprecated; use KMD Version]</driver_version>', '610.57.04'],
    ['<kmd_version>615.10.01</kmd_version>', '615.10.01'],
    ['<driver_version>610.57 x</driver_version><kmd_version>610.57.04</kmd_version>', '610.57.04'],
  ])('%s', (tags, driver) => {
    expect(version(tags).driver).toBe(driver);
  });

  test.each(['', '<driver_version>N/A</driver_version>', '<driver_version>5\u001b[0m</driver_version>'])(
    'of %j is unknown, with a warning; the readings are there',
    (tags) => {
      const { driver, gpus, warnings } = version(tags);
      expect(driver).toBe('unknown');
      expect(gpus).toHaveLength(1);
      expect(warnings.join('\n')).toMatch(/^nvidia-smi tells no version of its driver[\x20-\x7e]*$/m);
    },
  );
});

describe('what else is told', () => {
  test.each([
    ['100 %', 1],
    ['0 %', 0],
    ['37 %', 0.37],
    ['101 %', null],
    ['-1 %', null],
    ['37', null],
    ['N/A', null],
  ])('a utilization of %s', (value, utilization) => {
    expect(reading(`<utilization><gpu_util>${value}</gpu_util></utilization>`).utilization).toBe(utilization);
  });

  test.each([
    ['1 MiB', '2 MiB', { usedBytes: MIB, totalBytes: 2 * MIB }],
    ['0 MiB', '81559 MiB', { usedBytes: 0, totalBytes: 81559 * MIB }],
    ['N/A', '81559 MiB', null],
    ['1 MiB', 'N/A', null],
    ['3 MiB', '2 MiB', null],
    ['0 MiB', '0 MiB', null],
    ['-1 MiB', '2 MiB', null],
    ['1 GiB', '2 GiB', null],
    ['1 MiB', '999999999 MiB', null],
  ])('memory of %s of %s', (used, total, expected) => {
    const section = `<fb_memory_usage><total>${total}</total><used>${used}</used></fb_memory_usage>`;
    expect(reading(section).memory).toEqual(expected);
    expect(reading(section.replaceAll('fb_', 'bar1_')).memory).toBeNull();
  });

  test.each([
    ['P0', 0],
    ['P15', 15],
    ['P16', null],
    ['Unknown', null],
    ['P-1', null],
    ['Requested functionality has been deprecated', null],
  ])('P-state %s', (value, state) => {
    expect(reading(`<performance_state>${value}</performance_state>`).performanceState).toBe(state);
  });

  const reasons = (name: string, states: Readonly<Record<string, string>>): string => {
    const tags = Object.entries(states).map(
      ([reason, state]) => `<clocks_${name}_reason_${reason}>${state}</clocks_${name}_reason_${reason}>`,
    );
    return `<clocks_${name}_reasons>${tags.join('')}</clocks_${name}_reasons>`;
  };

  test.each(['event', 'throttle'])('reasons to hold clocks back, called %s reasons', (name) => {
    const states = {
      gpu_idle: 'Active',
      applications_clocks_setting: 'Active',
      sw_power_cap: 'Active',
      hw_slowdown: 'Not Active',
      hw_thermal_slowdown: 'Active',
      hw_power_brake_slowdown: 'N/A',
      sync_boost: 'Active',
      sw_thermal_slowdown: 'Not Active',
    };
    expect(reading(reasons(name, states)).throttling).toEqual(['sw_power_cap', 'hw_thermal_slowdown']);
    expect(reading(reasons(name, { sw_power_cap: 'Not Active' })).throttling).toEqual([]);
    expect(reading(reasons(name, { sw_power_cap: 'N/A' })).throttling).toBeNull();
    expect(reading(reasons(name, { gpu_idle: 'Active' })).throttling).toBeNull();
  });

  test('counters of reasons are none', () => {
    const counters =
      '<clocks_event_reasons_counters><clocks_event_reasons_counters_sw_power_cap>1 us' +
      '</clocks_event_reasons_counters_sw_power_cap></clocks_event_reasons_counters>';
    expect(reading(counters).throttling).toBeNull();
  });
});

describe('processes', () => {
  const info = (tags: string): string => `<process_info>${tags}</process_info>`;
  const of = (infos: string): readonly GpuProcess[] | null =>
    reading(`<processes>${infos}</processes>`).processes;

  test.each([
    ['<processes></processes>', []],
    ['<processes/>', []],
    ['<processes>\n\t\t</processes>', []],
    ['<processes>None</processes>', []],
    ['<processes>N/A</processes>', null],
    ['<processes>Insufficient Permissions</processes>', null],
    ['', null],
  ])('%j', (section, processes) => {
    expect(reading(section).processes).toEqual(processes);
  });

  test('one whose memory is not told is there; one without a number is not', () => {
    const infos = [
      info('<pid>17</pid><used_memory>N/A</used_memory>'),
      info('<pid>0</pid><used_memory>1 MiB</used_memory>'),
      info('<pid>-5</pid>'),
      info('<pid>99999999</pid>'),
      info('<used_memory>1 MiB</used_memory>'),
    ];
    expect(of(infos.join(''))).toEqual([{ pid: 17, smPart: null, memoryBytes: null, instance: null }]);
  });

  test('one is told once an instance', () => {
    const one = '<pid>17</pid><used_memory>5 MiB</used_memory>';
    const inside = (compute: number): string =>
      `${one}<gpu_instance_id>1</gpu_instance_id><compute_instance_id>${compute}</compute_instance_id>`;
    const later = one.replace('5 MiB', '6 MiB');
    expect(of(info(one) + info(later) + info(inside(0)) + info(inside(1)) + info(inside(1)))).toEqual([
      process(17, 5),
      process(17, 5, { gpu: 1, compute: 0 }),
      process(17, 5, { gpu: 1, compute: 1 }),
    ]);
  });

  test('half of an instance is none', () => {
    expect(of(info('<pid>17</pid><gpu_instance_id>1</gpu_instance_id>'))?.[0]?.instance).toBeNull();
  });

  const ONE = info('<pid>17</pid>');
  test.each([
    ['text', `${ONE}text`],
    ['another tag', info('<pid>17</pid><nice>1</nice>')],
    ['another section', `${ONE}<process_list></process_list>`],
    ['a tag in a value', info('<pid>17<pid>18</pid></pid>')],
    ['an attribute', info('<pid a="b">17</pid>')],
    ['a tag twice', info('<pid>17</pid><pid>18</pid>')],
    ['a process in a process', info(`<pid>17</pid>${ONE}`)],
    ['a comment', `<!-- -->${ONE}`],
    ['a line feed in a name', info('<pid>17</pid><process_name>a\nb</process_name>')],
    ['an end in a name', info('<pid>17</pid><process_name></processes></process_name>')],
    ['more than can be', ONE.repeat(1025)],
  ])('none are told where there is %s, and all else is', (_what, infos) => {
    const sections = '<power_readings><power_draw>50 W</power_draw></power_readings><uuid>GPU-7</uuid>';
    const { gpus, warnings } = parseNvidiaSmi(document(`${sections}<processes>${infos}</processes>`));
    expect(gpus).toEqual([{ ...reading(sections), processes: null }]);
    expect(warnings).toEqual([
      expect.stringMatching(/^the processes of 0000:3b:00\.0 are not used: [ -~]+$/),
    ]);
  });
});

describe('the name of a process', () => {
  const HEAD = '<?xml version="1.0" ?>\n<nvidia_smi_log>\n\t<driver_version>580.95.05</driver_version>\n';
  /** As nvidia-smi prints it: names as they are. */
  const printed = (names: readonly (readonly string[])[]): string => {
    const gpus = names.map((of, gpu) => {
      const processes = of.map((name, place) => {
        const tags = [
          '<gpu_instance_id>N/A</gpu_instance_id>',
          '<compute_instance_id>N/A</compute_instance_id>',
          `<pid>${pidOf(gpu, place)}</pid>`,
          '<type>C</type>',
          `<process_name>${name}</process_name>`,
          '<used_memory>16 MiB</used_memory>',
        ];
        return `\t\t\t<process_info>\n${tags.map((tag) => `\t\t\t\t${tag}\n`).join('')}\t\t\t</process_info>\n`;
      });
      return `\t<gpu id="00000000:${gpu + 1}B:00.0">
\t\t<uuid>GPU-${gpu}</uuid>
\t\t<gpu_power_readings>\n\t\t\t<average_power_draw>${100 + gpu}.50 W</average_power_draw>\n\t\t</gpu_power_readings>
\t\t<processes>\n${processes.join('')}\t\t</processes>\n\t\t<accounted_processes>\n\t\t</accounted_processes>\n\t</gpu>\n\n`;
    });
    return `${HEAD}\t<attached_gpus>${names.length}</attached_gpus>\n${gpus.join('')}</nvidia_smi_log>`;
  };
  const pidOf = (gpu: number, place: number): number => 1000 + 100 * gpu + place;

  /** What the host knows of itself, as eit-gpu asks it. */
  const hostOf = (names: readonly (readonly string[])[]): HostChecks => ({
    isThere: (pciBusId) => names.some((_of, gpu) => pciBusId === `0000:${gpu + 1}b:00.0`),
    isItsName: (pid, name) =>
      isPlainName(
        names.flat()[names.flatMap((of, gpu) => of.map((_n, i) => pidOf(gpu, i))).indexOf(pid)] ?? null,
        name,
      ),
  });
  const read = (names: readonly (readonly string[])[]): NvidiaSmiLog => {
    const splitter = new NvidiaSmiDocuments();
    splitter.push(printed(names));
    const whole = splitter.settle();
    if (whole === null) throw new Error('the document is lost');
    return parseNvidiaSmi(whole, hostOf(names));
  };

  const FORGED = `x</process_name>
\t\t\t\t<used_memory>16 MiB</used_memory>
\t\t\t</process_info>
\t\t\t<process_info>
\t\t\t\t<gpu_instance_id>N/A</gpu_instance_id>
\t\t\t\t<compute_instance_id>N/A</compute_instance_id>
\t\t\t\t<pid>4711</pid>
\t\t\t\t<type>C</type>
\t\t\t\t<process_name>y`;

  test('that holds a whole other process, tag for tag, makes none of that GPU told', () => {
    const { gpus, warnings } = read([['a'], ['b', FORGED], ['c']]);
    expect(gpus.map(({ processes }) => processes?.map(({ pid }) => pid) ?? null)).toEqual([
      [1000],
      null,
      [1200],
    ]);
    expect(warnings).toEqual([
      'the processes of 0000:2b:00.0 are not used: the name of process 1101 holds markup',
    ]);
  });

  test.each([
    ['a', true],
    ['python\0-c\0print("<b>")', true],
    ['python\0a\nb', true],
    [FORGED, false],
    ['python <stdin>', false],
    [`x\0${FORGED}`, true],
    [null, true],
  ])('the command line %j is that of a plain name: %p', (commandLine, isPlain) => {
    expect(isPlainName(commandLine, commandLine?.split('\0')[0]?.split('<')[0] ?? 'x')).toBe(isPlain);
  });

  test('that is more than the first word of a command line is looked for in all of it', () => {
    expect(isPlainName(`x\0</process_name>`, 'x </process_name>')).toBe(false);
    expect(isPlainName(`x\0y`, 'x y')).toBe(true);
  });

  test('that holds a GPU takes the power of no GPU that it does not pretend to be, and forges none', () => {
    const gpu = (id: string): string =>
      `x</process_name></process_info></processes></gpu><gpu id="${id}"><uuid>GPU-9</uuid><gpu_power_readings>` +
      '<average_power_draw>5 W</average_power_draw></gpu_power_readings><processes><process_info><process_name>';
    const powers = (names: readonly string[][]): unknown[] =>
      read(names).gpus.map(({ power }) => (isMissing(power) ? null : power.powerW));
    expect(powers([[gpu('00000000:66:00.0')]])).toEqual([100.5]);
    expect(powers([[gpu('00000000:1B:00.0')]])).toEqual([100.5]);
    expect(powers([['a'], [gpu('00000000:66:00.0')], ['b']])).toEqual([100.5, 101.5, 102.5]);
    expect(powers([['a'], [gpu('00000000:1B:00.0')], ['b']])).toEqual([100.5, 101.5, 102.5]);
    expect(powers([['a'], [gpu('00000000:3B:00.0')], ['b']])).toEqual([100.5, 101.5, null]);
    const { gpus, warnings } = read([['a'], [gpu('00000000:66:00.0')], ['b']]);
    expect(gpus.map(({ index, processes }) => [index, processes])).toEqual([0, 1, 2].map(() => [null, null]));
    expect(warnings).toContain(
      'nvidia-smi shows 4 GPUs and says that there are 3: a process is named like one',
    );
  });

  test('that holds a GPU which nothing tells from one of the host refuses the answer', () => {
    const names = [['a'], [`x</process_name></gpu><gpu id="66:00.0"><processes><process_name>`]];
    expect(outcome(printed(names))).toMatch(/it shows 3 GPUs and says that there are 2/);
  });

  const piece = fc.constantFrom(
    FORGED,
    '<process_name>',
    '</process_name>',
    '<used_memory>1 MiB</used_memory>',
    '</process_info>',
    '<process_info>',
    '<pid>4711</pid>',
    '<pid>',
    '</processes>',
    '<processes>',
    '<processes/>',
    '</gpu>',
    '<gpu>',
    '<gpu id="00000000:66:00.0">',
    '<gpu id="00000000:2B:00.0">',
    '</nvidia_smi_log>',
    '</nvidia_smi_log>\n',
    '\n<?xml version="1.0" ?>\n',
    '\n<?xml y',
    '<nvidia_smi_log>',
    '<!DOCTYPE nvidia_smi_log [<!ENTITY a "b">]>',
    '<attached_gpus>9</attached_gpus>',
    '<uuid>GPU-9</uuid>',
    '<gpu_power_readings><average_power_draw>5 W</average_power_draw></gpu_power_readings>',
    '<a b="',
    '"/>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '&a;',
    '<',
    '>',
    '\n',
    '\u001b[2J',
    '\u00ff',
    'python',
  );

  test('changes no power, UUID, index or count of GPUs, and puts no process in that is not there', () => {
    const name = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    const names = fc.array(fc.array(name, { maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(names, (of) => {
        const { gpus } = read(of);
        // Where a name pretends to be a GPU itself, that is seen: what is not sure is missing.
        const isForged = of.length > 1 && /<gpu(?: id="[\w:.]+")?>/.test(of.flat().join(' '));
        expect(gpus.map(({ pciBusId }) => pciBusId)).toEqual(of.map((_of, gpu) => `0000:${gpu + 1}b:00.0`));
        for (const [gpu, { uuid, power, index, processes }] of gpus.entries()) {
          const isLost = isForged && gpu > 0 && isMissing(power);
          if (!isLost) {
            expect({ uuid, power }).toEqual({
              uuid: `GPU-${gpu}`,
              power: { powerW: 100.5 + gpu, averagedMs: 1000 },
            });
          }
          if (!isForged && !/<gpu/.test(of.flat().join(' '))) expect(index).toBe(gpu);
          const there = (of[gpu] ?? []).map((_name, place) => pidOf(gpu, place));
          for (const { pid } of processes ?? []) expect(there).toContain(pid);
        }
      }),
      { numRuns: scaled(1000, 50_000) },
    );
  });

  test('that is plain is told, whatever is beside it', () => {
    const [first, second] = read([['python', './gpu_burn'], [FORGED]]).gpus;
    expect(first?.processes?.map(({ pid }) => pid)).toEqual([1000, 1001]);
    expect(second?.processes).toBeNull();
  });
});

describe('MIG instances', () => {
  const mode = (current: string): string => `<mig_mode><current_mig>${current}</current_mig></mig_mode>`;
  const device = (tags: string): string => `<mig_devices><mig_device>${tags}</mig_device></mig_devices>`;
  const WHOLE =
    '<index>0</index><gpu_instance_id>3</gpu_instance_id><compute_instance_id>1</compute_instance_id>' +
    '<device_attributes><shared><multiprocessor_count>14</multiprocessor_count></shared></device_attributes>';

  test.each([
    [mode('Disabled'), null],
    [mode('N/A'), null],
    ['', null],
    [mode('N/A') + '<mig_devices>None</mig_devices>', null],
    [mode('Disabled') + device(WHOLE), null],
    [mode('Enabled'), []],
    [mode('Enabled') + '<mig_devices>None</mig_devices>', []],
    [
      mode('Enabled') + device(WHOLE),
      [{ uuid: null, index: 0, gpu: 3, compute: 1, multiprocessors: 14, memory: null }],
    ],
    [
      device(`${WHOLE}<uuid>MIG-7d19</uuid>`),
      [{ uuid: 'MIG-7d19', index: 0, gpu: 3, compute: 1, multiprocessors: 14, memory: null }],
    ],
  ])('%s', (sections, instances) => {
    expect(reading(sections).instances).toEqual(instances);
  });

  test('one that is not told whole, or twice, is left out with a warning', () => {
    for (const spoilt of [
      WHOLE.replace('<index>0', '<index>N/A'),
      WHOLE.replace('<gpu_instance_id>3', '<gpu_instance_id>'),
      WHOLE.replace('>14<', '>N/A<'),
      `${WHOLE}</mig_device><mig_device>${WHOLE}`,
    ]) {
      const { gpus, warnings } = parseNvidiaSmi(document(mode('Enabled') + device(spoilt)));
      expect(gpus[0]?.instances?.length).toBe(spoilt.includes('<mig_device>') ? 1 : 0);
      expect(warnings.join()).toMatch(/of [12] MIG instances of 0000:3b:00.0 [01] are told whole and once/);
    }
  });

  test('of one that is told twice the first counts', () => {
    const twice = device(`${WHOLE}</mig_device><mig_device>${WHOLE.replace('>14<', '>28<')}`);
    expect(reading(mode('Enabled') + twice).instances).toMatchObject([{ multiprocessors: 14 }]);
  });

  test('a GPU in MIG mode has no utilization, whatever it says', () => {
    const section = '<utilization><gpu_util>50 %</gpu_util></utilization>';
    expect(reading(mode('Enabled') + section).utilization).toBeNull();
    expect(reading(mode('Disabled') + section).utilization).toBe(0.5);
  });
});

describe('the document', () => {
  test('may have no declaration and no type, or both in other forms', () => {
    const plain = answer('tesla-t4');
    const root = plain.slice(plain.indexOf('<nvidia_smi_log>'));
    const expected = parseNvidiaSmi(plain);
    for (const head of [
      '',
      '\uFEFF',
      '\r\n\t',
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<!DOCTYPE nvidia_smi_log>',
      '<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v99.dtd">',
    ]) {
      expect(parseNvidiaSmi(head + root)).toEqual(expected);
      expect(parseNvidiaSmi((head + root).replaceAll('\n', '\r\n'))).toEqual(expected);
    }
  });

  test('what is said before it is a warning, what comes after is passed over', () => {
    const lost = 'Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.\u001b[2J\n';
    const { gpus, warnings } = parseNvidiaSmi(`${lost}${answer('tesla-t4')}\nDone.\n`);
    expect(gpus).toEqual(parseNvidiaSmi(answer('tesla-t4')).gpus);
    expect(warnings).toEqual([
      'nvidia-smi says "Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.?[2J"',
    ]);
  });

  test.each(ANSWERS)(
    '%s: comments, CDATA sections and instructions between its tags change nothing',
    (name) => {
      const plain = answer(name);
      const begin = plain.indexOf('<driver_version>');
      for (const aside of [
        '<!-- <a> </supported_clocks> -->',
        '<?a </supported_clocks> ?>',
        '<![CDATA[]]>',
      ]) {
        const end = plain.search(/<processes>|<\/gpu>/);
        const within = plain.slice(begin, end).replaceAll(/(?<=>)\s*\n\s*(?=<)/g, aside);
        expect(parseNvidiaSmi(plain.slice(0, begin) + within + plain.slice(end))).toEqual(
          parseNvidiaSmi(plain),
        );
      }
    },
  );

  test('text in a CDATA section is text', () => {
    expect(reading('<uuid><![CDATA[GPU-12]]></uuid>').uuid).toBe('GPU-12');
    expect(
      reading('<power_readings><power_draw><![CDATA[<b>]]></power_draw></power_readings>').power,
    ).toEqual({
      missing: 'power_draw says "<b>"',
    });
  });

  test('a list of clocks is passed over whatever is in it, but not the GPU after it', () => {
    const clocks =
      '<supported_clocks><supported_mem_clock>\n5001 MHz\n</supported_mem_clock></supported_clocks>';
    expect(reading(`${clocks}<minor_number>3</minor_number>`).minor).toBe(3);
    expect(outcome(document('<supported_clocks><gpu id="1"></gpu></supported_clocks>'))).toMatchObject({
      gpus: [{ pciBusId: '0000:3b:00.0' }],
    });
    expect(outcome(document('<supported_clocks></gpu></supported_clocks>'))).toMatch(
      /do not close in the order/,
    );
    const within = '</clocks_event_reasons><uuid>GPU-3</uuid><clocks_event_reasons>';
    expect(
      outcome(
        document(
          `<clocks_event_reasons><supported_clocks>${within}</supported_clocks></clocks_event_reasons>`,
        ),
      ),
    ).toMatch(/do not close in the order/);
    expect(outcome(document('<supported_clocks>'))).toMatch(/do not close in the order/);
    expect(outcome(document('<supported_clocks><supported_clocks></supported_clocks>'))).toMatch(
      /do not close/,
    );
  });

  test('without GPUs is an answer where it says that there are none', () => {
    const none = (attached: string): string =>
      `<nvidia_smi_log><driver_version>1.2</driver_version>${attached}</nvidia_smi_log>`;
    expect(outcome(none('<attached_gpus>0</attached_gpus>'))).toEqual({
      driver: '1.2',
      gpus: [],
      warnings: [],
    });
    expect(outcome(none('<attached_gpus>2</attached_gpus>'))).toMatchObject({
      gpus: [],
      warnings: ['nvidia-smi shows 0 of 2 GPUs'],
    });
    expect(outcome(none(''))).toMatch(/it tells of no GPU, nor that there is none/);
  });

  test.each([
    ['', /it says ""/],
    ['   \n', /it says ""/],
    [
      'NVIDIA-SMI has failed because it couldn\u2019t communicate with the NVIDIA driver.',
      /NVIDIA-SMI has failed/,
    ],
    ['No devices were found\n', /it says "No devices were found"/],
    ['Failed to initialize NVML: Driver/library version mismatch', /it says "Failed to initialize NVML/],
    ['{"gpus": []}', /it says/],
    ['<html><body>502 Bad Gateway</body></html>', /it says "<html>/],
    ['<!DOCTYPE html><html><body>x</body></html>', /answered with <html>, not with one <nvidia_smi_log>/],
    ['<?xml version="1.0"?><log/>', /answered with <log>/],
    ['<?xml version="1.0"?>', /it tells of no GPU/],
    ['<nvidia_smi_log/>', /it tells of no GPU/],
    ['<nvidia_smi_log></nvidia_smi_log>', /it tells of no GPU/],
    ['<nvidia_smi_log>', /it ends within <nvidia_smi_log>/],
    ['<nvidia_smi_log><gpu></nvidia_smi_log>', /do not close in the order/],
    ['<nvidia_smi_log></nvidia_smi_log></gpu>', /do not close in the order/],
    ['<nvidia_smi_log><></nvidia_smi_log>', /a tag is not of the form of one/],
    ['<nvidia_smi_log><gpu id=1></gpu></nvidia_smi_log>', /a tag is not of the form of one/],
    ['<nvidia_smi_log><!-- </nvidia_smi_log>', /it ends before -->/],
    ['<nvidia_smi_log></></nvidia_smi_log>', /do not close in the order/],
  ])('%j is refused', (xml, message) => {
    expect(outcome(xml)).toMatch(message);
  });

  test('of two documents in one the first counts: the second may be the name of a process', () => {
    const { gpus, warnings } = parseNvidiaSmi(answer('tesla-t4') + answer('rtx-3090-v12'));
    expect(gpus).toEqual([{ ...parseNvidiaSmi(answer('tesla-t4')).gpus[0], index: null, processes: null }]);
    expect(warnings).toEqual([
      'nvidia-smi shows 2 GPUs and says that there are 1: a process is named like one',
    ]);
  });

  test.each(ANSWERS)('%s cut off anywhere is refused', (name) => {
    const xml = answer(name).trimEnd();
    for (let length = 0; length < xml.length; length += 211) {
      expect(outcome(xml.slice(0, length))).toEqual(expect.any(String));
    }
    expect(outcome(xml.slice(0, -1))).toEqual(expect.any(String));
  });
});

describe('hostile documents', () => {
  const within = (sections: string): string => document(sections);

  test('entities that grow (billion laughs) are refused', () => {
    const entities = Array.from(
      { length: 10 },
      (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`,
    );
    const doctype = `<!DOCTYPE nvidia_smi_log [<!ENTITY l0 "lol">${entities.join('')}]>`;
    const xml = within('<product_name>&l10;</product_name>').replace(/<!DOCTYPE[^>]*>/, doctype);
    expect(outcome(xml)).toMatch(/it has declarations of its own/);
    expect(outcome(xml.slice(xml.indexOf('<!DOCTYPE')))).toMatch(/it has declarations of its own/);
  });

  test('external entities are refused', () => {
    for (const doctype of [
      '<!DOCTYPE nvidia_smi_log [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
      '<!DOCTYPE nvidia_smi_log [<!ENTITY % a SYSTEM "http://localhost/a.dtd"> %a;]>',
      '<!DOCTYPE nvidia_smi_log SYSTEM "a.dtd" [<!ENTITY a "b">]>',
      '<!DOCTYPE nvidia_smi_log [',
    ]) {
      const xml = within('<product_name>&a;</product_name>').replace(/<!DOCTYPE[^>]*>/, () => doctype);
      expect(outcome(xml)).toMatch(/it has declarations of its own/);
    }
    expect(outcome(within('<!ENTITY a "b">'))).toMatch(/it has declarations of its own/);
    expect(outcome(within('<!DOCTYPE a>'))).toMatch(/it has declarations of its own/);
  });

  test('references to entities are text', () => {
    expect(reading('<product_name>&lt;&a;&#27;&amp;</product_name>').model).toBe('&lt;&a;&#27;&amp;');
  });

  test.each([
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    'toString',
    'valueOf',
    '__defineGetter__',
  ])('tags and attributes called %s are refused or do nothing', (name) => {
    const polluted = `<${name}><power>5 W</power><polluted>yes</polluted></${name}>`;
    const xmls = [
      within(polluted),
      within(`<utilization>${polluted}</utilization>`),
      within(`<clocks_event_reasons>${polluted}</clocks_event_reasons>`),
      within(`<clocks_event_reasons ${name}="x"/>`),
      within('').replace('<gpu id', `<gpu ${name}="x" id`),
      within('').replace('<attached_gpus>', `${polluted}<attached_gpus>`),
      within(`<uuid><${name}/></uuid>`),
    ];
    for (const xml of xmls) {
      const result = outcome(xml);
      if (typeof result !== 'string') expect(result.gpus).toEqual([reading('')]);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('a text field called like what objects have is read as any other', () => {
    expect(reading('<product_name>__proto__</product_name>').model).toBe('__proto__');
    expect(reading('<uuid>constructor</uuid>').uuid).toBeNull();
  });

  test('tags 10,000 deep are refused, needed or not', () => {
    const deep = (name: string): string => `<${name}>`.repeat(10_000) + `</${name}>`.repeat(10_000);
    for (const name of ['a', 'gpu', 'utilization', 'clocks_event_reasons']) {
      expect(outcome(within(deep(name)))).toMatch(/its tags are more than 32 deep/);
    }
    expect(outcome('<a>'.repeat(10_000))).toMatch(/^the answer of nvidia-smi is not used/);
    expect(outcome(`<nvidia_smi_log>${deep('a')}`)).toMatch(/its tags are more than 32 deep/);
  });

  test('50 MB are refused, of text and of GPUs', () => {
    expect(outcome(within('x'.repeat(50_000_000)))).toMatch(/it is longer than 8 MiB/);
    expect(outcome('x'.repeat(50_000_000))).toMatch(/it is longer than 8 MiB/);
    expect(outcome('<gpu id="1">'.repeat(5_000_000))).toMatch(/it is longer than 8 MiB/);
  });

  test('megabytes of anything come to an end', () => {
    const most = scaled(1, 8) * 1024 * 1024 - 1000;
    const filled = (piece: string): string => piece.repeat(Math.floor(most / piece.length));
    for (const piece of [
      'x',
      '<',
      '<a>',
      '<a></a>',
      '<a b="',
      '<a b="c" ',
      '<a ',
      '</',
      '<!--',
      '<!-- -->',
      '<![CDATA[',
      '<?',
      '&a;',
      '<process_name>',
      '<process_name></process_name>',
      '<supported_clocks>',
      '<supported_clocks></supported_clocks>',
      '<uuid>GPU-1</uuid>',
      '<utilization>',
      '<gpu_power_readings><power_draw>5 W</power_draw></gpu_power_readings>',
      '\n',
      '\u00ff',
    ]) {
      outcome(within(filled(piece)));
      outcome(filled(piece));
      outcome(within(`<a ${filled(piece)}>`));
      outcome(within(`<uuid>${filled(piece)}</uuid>`));
    }
  });

  test('129 GPUs are refused, 128 are read', () => {
    expect(parseNvidiaSmi(answerOf('h100-590-load', 128)).gpus).toHaveLength(128);
    expect(outcome(answerOf('h100-590-load', 129))).toMatch(/it shows 129 GPUs, more than any host has/);
  });

  test('more of what matters than can be is refused', () => {
    const much = '<uuid>GPU-1</uuid>'.repeat(150_000);
    expect(outcome(within(much))).toMatch(/what matters of it is longer than 2 MiB/);
  });

  test('warnings are few and can be shown', () => {
    const gpus = Array.from({ length: 60 }, () => '<gpu id="\u001b[2J"></gpu>').join('');
    const { warnings } = parseNvidiaSmi(document(`</gpu>${gpus}<gpu id="">`, { attached: '128' }));
    expect(warnings).toHaveLength(16);
    for (const warning of warnings) expect(warning).toMatch(/^[\x20-\x7e]{1,200}$/);
  });
});
