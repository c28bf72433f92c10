import type { ReportFigures } from '../../../src/generated/report';
import validateWatch from '../../../src/generated/watch-validator';
import { endText, ledgerLine, nothingOf, seenText } from '../../../src/live/watch-end';
import { runsOfJob, watchLine, watchText } from '../../../src/live/watched-job';
import { parseQueue } from '../../../src/slurm/squeue';
import { AT, exampleSnapshot } from './example-snapshot';

const JOB = { shown: '184467', job: 184_467, state: 'RUNNING', nodes: 2, reason: '' };

test('a job is the sum over its nodes, each told once', () => {
  const one = exampleSnapshot();
  const [first] = one.runs;
  const two = { ...one, host: 'gpu08', runs: [{ ...first!, node: 'gpu08', cpus: 16 }] };
  const runs = runsOfJob([one, two, { ...two, host: 'a second agent' }], JOB.job);
  expect(runs.map(({ node }) => node)).toEqual(['gpu07', 'gpu08']);
  const line = watchLine(JOB, runs, 475, Date.parse(AT));
  expect(validateWatch(line)).toBe(true);
  expect(line).toMatchObject({ from: 'live', nodes_reporting: 2, cpus: 48, elapsed_s: 11_554 });
  expect(line.power_w).toBeCloseTo(2 * 532.41);
  expect(line.power_by_class_w.gpu).toBe(776);
  expect(line.energy_j).toBeCloseTo(2 * 6_141_000);
  expect(line.co2e_g).toBeCloseTo(((2 * 6_141_000) / 3.6e6) * 475);
  expect(watchText(line, '10:15:30', 200)).toBe(
    '10:15:30  184467  RUNNING  1065 W  (CPU 273, DRAM 16.2, GPU 776)  3.41 kWh  1.62 kg CO2e  3:12:34  CPUs 63.2/48  2 of 2 nodes',
  );
  expect(watchText(line, '10:15:30', 60)).toBe('10:15:30  184467  RUNNING  1065 W  3.41 kWh  1.62 kg CO2e');
});

test('the newest execution of a requeued job counts', () => {
  const [run] = exampleSnapshot().runs;
  const later = { ...run!, restart: 1, started: '2026-03-04T09:00:00.000Z' };
  expect(runsOfJob([{ ...exampleSnapshot(), runs: [later, run!] }], JOB.job)).toEqual([later]);
});

test('of nothing there is no figure', () => {
  const line = watchLine({ ...JOB, state: 'PENDING', reason: 'Resources' }, [], 475, Date.parse(AT));
  expect(validateWatch(line)).toBe(true);
  expect(line).toMatchObject({ from: 'none', power_w: null, energy_j: null, co2e_g: null });
  expect(watchText(line, '10:15:30', 80)).toBe('10:15:30  184467  PENDING  (Resources)');
});

test('lines of squeue; what is none is passed over', () => {
  const text = [
    '12|12|RUNNING|2|1000|100|1:02:03|None',
    '40_3|43|PENDING|1|1000|100|0:00|Resources',
    '50+1|51|RUNNING|4|1001|100|5:00|None',
    '40_[4-9%2]|40|PENDING|1|1000|100|0:00|JobArrayTaskLimit | more',
    'slurm_load_jobs error: x|y',
    '',
  ].join('\n');
  expect(parseQueue(text).map(({ shown, job, reason }) => [shown, job, reason])).toEqual([
    ['12', 12, ''],
    ['40_3', 43, 'Resources'],
    ['50+1', 51, ''],
    ['40_[4-9%2]', 40, 'JobArrayTaskLimit | more'],
  ]);
});

const FIGURES = {
  jobs: 1,
  runs: 1,
  elapsed_seconds: 3600,
  energy_kwh: { cpu: 0.3, dram: 0.1, gpu: null, other: 0, it: 0.4, total: 0.5 },
  co2e_kg: 0.19,
  coverage: 0.998,
} as ReportFigures;

test('what the record of an ended job says', () => {
  expect(endText('12_3', 'COMPLETED', FIGURES)).toBe(
    'Job 12_3 COMPLETED: 500 Wh with PUE, 190 g CO2e, 01:00:00, mean 400 W\n' +
      '  nodes 400 Wh (CPU 300 Wh, DRAM 100 Wh), coverage 99.8 %\n',
  );
  const line = ledgerLine(nothingOf('12_3', 'COMPLETED', 0), FIGURES);
  expect(validateWatch({ ...line, final: true })).toBe(true);
  expect(line).toMatchObject({ from: 'ledger', power_w: 400, energy_j: 1_440_000, co2e_g: 190 });
  expect(line.power_by_class_w).toEqual({ cpu: 300, dram: 100, other: 0 });
});

test('where there is no record it is what was seen', () => {
  expect(seenText(JOB, 'FAILED', null)).toContain('FAILED: nothing was seen of it; eit-report -j 184467');
  const line = watchLine(JOB, runsOfJob([exampleSnapshot()], JOB.job), null, Date.parse(AT));
  expect(seenText(JOB, 'FAILED', line)).toContain(
    '1.71 kWh (nodes, without PUE) when it was last seen, on 1 node',
  );
});
