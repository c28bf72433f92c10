import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../src/generated/record';
import { parseNvidiaSmi } from '../../src/sources/nvidia-smi-xml';
import { until } from '../cluster/until';
import { AgentHome } from '../integration/agent-home';
import { describeGpu } from './availability';
import { type Card, openCard } from './card';
import type { LoadStep } from './load';
import { maskedAnswer } from './masked-answer';
import { type Counter, type Row, counterOf, growthJ, samplingJ, tableOf } from './measurement';
import { type Started, startReader } from './readers';

const PERIODS_MS = [100, 470, 970, 2000];
const DEFAULT_MS = 970;
const RESULTS = join(__dirname, '../../test-results');
/** What reads is late by some of this where a run begins and ends (s). */
const EDGE_S = 0.5;

const JOB = 7;

describeGpu('energy of a GPU', (kind) => {
  jest.setTimeout(900_000);
  const isCard = kind === 'card';
  const times = isCard ? 4 : 1;
  const steps: readonly LoadStep[] = [
    { part: 1, forS: 5 * times },
    { part: 0.5, forS: 4 * times },
    { part: 0, forS: 2 * times },
    { part: 1, forS: 3 * times },
  ];
  /** NVIDIA says of its power readings that they are within 5 %, and counter and power need not come of one sensor. */
  const tolerance = isCard ? 0.05 : 0.005;

  let card: Card;
  let reference: Started;
  const readers: { way: 'nvml' | 'nvidia-smi'; started: Started }[] = [];
  const agents: { way: 'nvml' | 'nvidia-smi'; home: AgentHome; records: readonly RunRecord[] }[] = [];
  /** Unix time less CLOCK_MONOTONIC (ms). */
  let offsetMs = 0;
  let counter: Counter;
  const rows: Row[] = [];

  beforeAll(async () => {
    card = openCard(kind, steps);
    reference = startReader('nvml', card, 100);
    for (const way of ['nvml', 'nvidia-smi'] as const) {
      for (const periodMs of PERIODS_MS) readers.push({ way, started: startReader(way, card, periodMs) });
    }
    for (const way of ['nvml', 'nvidia-smi'] as const) {
      const library = card.nvml === undefined ? '' : `, nvml_library: ${card.nvml}`;
      const home = new AgentHome([
        `nvidia_smi: ${card.nvidiaSmi}`,
        `gpu: { nvidia: ${way}, interval_ms: ${DEFAULT_MS}${library} }`,
      ]);
      await home.start();
      agents.push({ way, home, records: [] });
      home.hook('prolog', JOB, { SLURM_JOB_GPUS: '0' });
      home.setCpu(JOB, 0.1);
    }
    for (const { started } of readers) await toldSoOften(started, 2);
    for (const { home } of agents) {
      await until(
        'the agent’s first reading of the GPU',
        60_000,
        () => home.runs().some(({ gpu }) => gpu !== undefined) || undefined,
        () => home.agentLog(),
      );
    }
    await card.load.run(steps);
    // Until no mean over a second holds any of the load.
    for (const { started } of readers) await toldSoOften(started, started.snapshots.length + 3);
    for (const agent of agents) {
      agent.home.hook('epilog', JOB);
      agent.records = await agent.home.ended(JOB);
    }
    offsetMs = Date.now() - Number(process.hrtime.bigint()) / 1e6;
    for (const { started } of readers) started.stop();
    await toldSoOften(reference, reference.snapshots.length + 2);
    reference.stop();
    counter = counterOf(reference.snapshots, 'counter');
  });

  afterAll(async () => {
    for (const { started } of readers) started.stop();
    reference?.stop();
    for (const { home } of agents) await home.remove();
    card?.remove();
  });

  function toldSoOften({ snapshots, problems }: Started, often: number): Promise<true> {
    return until(
      `reading ${often}`,
      120_000,
      () => snapshots.length >= often || undefined,
      () => problems.join('; '),
    );
  }

  function add(way: string, { periodMs, snapshots }: Started, what: 'counter' | 'power'): Row {
    const [fromNs, toNs] = [snapshots[0]!.monoNs, snapshots.at(-1)!.monoNs];
    const counterJ = growthJ(counter, fromNs, toNs);
    const row = {
      way,
      periodMs,
      readings: snapshots.length,
      energyJ: growthJ(counterOf(snapshots, what), fromNs, toNs),
      counterJ,
      allowedJ: tolerance * counterJ + (what === 'power' ? samplingJ(snapshots) : 0),
    };
    rows.push(row);
    return row;
  }

  const expectWithin = ({ energyJ, counterJ, allowedJ }: Row): void => {
    expect(counterJ).toBeGreaterThan(0);
    expect(Math.abs(energyJ - counterJ)).toBeLessThan(allowedJ);
  };
  const readerOf = (way: 'nvml' | 'nvidia-smi', periodMs: number): Started =>
    readers.find((one) => one.way === way && one.started.periodMs === periodMs)!.started;

  test.each(PERIODS_MS)('NVML’s counter, read each %d ms, grows alike', (periodMs) => {
    expectWithin(add('NVML, its counter', readerOf('nvml', periodMs), 'counter'));
  });

  test.each(PERIODS_MS)('NVML’s power, read each %d ms and added up, is the counter’s growth', (periodMs) => {
    expectWithin(add('NVML, its power added up', readerOf('nvml', periodMs), 'power'));
  });

  test.each(PERIODS_MS)(
    'nvidia-smi’s power, read each %d ms and added up, is the counter’s growth',
    (periodMs) => {
      const started = readerOf('nvidia-smi', periodMs);
      expect(started.problems).toEqual([]);
      expectWithin(add('nvidia-smi, its power added up', started, 'power'));
    },
  );

  test.each(['nvml', 'nvidia-smi'] as const)(
    'a job’s records, of an agent that reads by %s, have it',
    (way) => {
      const { records } = agents.find((agent) => agent.way === way)!;
      const [name = ''] = Object.keys(records.at(-1)!.measured_uj).filter((domain) =>
        domain.startsWith('gpu-'),
      );
      const energyJ = records.reduce((sum, { measured_uj: uj }) => sum + (uj[name]?.[0] ?? 0), 0) / 1e6;
      // In which the GPU was read: from the first reading on, and to the end.
      const readMs = records.reduce((sum, { gpu }) => sum + (gpu?.ms ?? 0), 0);
      const toNs = BigInt(Math.round((Date.parse(records.at(-1)!.to) - offsetMs) * 1e6));
      const fromNs = toNs - BigInt(Math.round(readMs * 1e6));
      const counterJ = growthJ(counter, fromNs, toNs);
      const idleW = growthJ(counter, fromNs, fromNs + 1_000_000_000n);
      const sampled = way === 'nvml' ? 0 : samplingJ(readerOf(way, DEFAULT_MS).snapshots);
      const row = {
        way: `a job’s records, by ${way}`,
        periodMs: DEFAULT_MS,
        readings: records.length,
        energyJ,
        counterJ,
        allowedJ: tolerance * counterJ + sampled + 2 * EDGE_S * idleW,
      };
      rows.push(row);
      expectWithin(row);
    },
  );

  test('the table is written, and what nvidia-smi says with names taken out', () => {
    const xml = execFileSync(card.nvidiaSmi, ['-q', '-x'], { encoding: 'latin1' });
    const masked = maskedAnswer(xml, hostname());
    const { driver, gpus, warnings } = parseNvidiaSmi(masked);
    expect({ driver, count: gpus.length, warnings }).toEqual({
      driver: parseNvidiaSmi(xml).driver,
      count: parseNvidiaSmi(xml).gpus.length,
      warnings: [],
    });
    mkdirSync(RESULTS, { recursive: true });
    const model = gpus[0]!.model;
    const caption = `${model}, driver ${driver}; load: ${card.load.how}`;
    writeFileSync(join(RESULTS, `gpu-energy.${kind}.md`), tableOf(caption, rows));
    const file = `nvidia-smi.${kind}.${model.replaceAll(/\W+/g, '-').toLowerCase()}.xml`;
    writeFileSync(join(RESULTS, file), masked, 'latin1');
    expect(rows).toHaveLength(3 * PERIODS_MS.length + 2);
    console.log(tableOf(caption, rows));
  });
});
