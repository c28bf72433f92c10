import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Carry, POLICIES, divideEnergy } from '../../../src/attribution/policy';
import { TOP, read } from './documents';

const page = read('docs/accuracy.md').text;

/** Cells of the table's row, as numbers. */
function row(name: string): number[] {
  const line = page.split('\n').find((one) => one.startsWith(`| ${name} |`));
  return line!.split('|').slice(2, -1).map(Number);
}

describe('how others divide', () => {
  const IDLE_W = 100;
  const BUSY_CPU_W = 5;
  const TICK_S = 10;
  const PAIRS = 180;
  const CPUS = 64;
  const jobs = [
    { cpus: 32, busy: [32, 0] },
    { cpus: 16, busy: [16, 16] },
  ];
  const SYSTEM = 2;
  /** The two ticks that take turns: while A computes, and while it waits. */
  const ticks = [0, 1].map((i) => {
    const used = [...jobs.map(({ busy }) => busy[i] ?? 0), SYSTEM];
    const all = used.reduce((a, b) => a + b, 0);
    return { used, shares: used.map((cpus) => cpus / all), powerW: IDLE_W + BUSY_CPU_W * all };
  });
  const [hot, cold] = ticks as [(typeof ticks)[0], (typeof ticks)[0]];
  const hourKj = (powerW: number): number => (powerW * TICK_S * PAIRS * 2) / 1000;
  const totalKj = (hourKj(hot.powerW) + hourKj(cold.powerW)) / 2;
  const dynamicKj = hot.used.map(
    (_, i) => (hourKj(BUSY_CPU_W * hot.used[i]!) + hourKj(BUSY_CPU_W * cold.used[i]!)) / 2,
  );

  test('the node is the one that the text tells of', () => {
    expect(totalKj).toBe(972);
    expect(ticks.map(({ powerW }) => powerW * TICK_S)).toEqual([3500, 1900]);
    expect(page).toContain('The counter grows by 972 kJ:\n3,500 J and 1,900 J in turn.');
    expect(page).toContain(`${Math.round((hourKj(IDLE_W) / totalKj) * 100)} % of this hour is then no one's`);
  });

  test.each(POLICIES.map((policy, i) => [policy, i] as const))('%s', (policy, i) => {
    const carry: Carry[] = [0, 1, 2, 3].map(() => [0, 0, 0, 0]);
    const sumsUj = [0, 0, 0, 0];
    for (let pair = 0; pair < PAIRS; pair++) {
      for (const { used, powerW } of ticks) {
        const { runs, system, idle } = divideEnergy({
          energyUj: powerW * TICK_S * 1e6,
          idleEnergyUj: IDLE_W * TICK_S * 1e6,
          runs: jobs.map(({ cpus }, job) => ({ used: used[job]!, allocated: cpus })),
          systemUsed: SYSTEM,
          capacity: CPUS,
          carry,
        });
        [...runs, system, idle].forEach((uj, party) => (sumsUj[party]! += uj[i]!));
      }
    }
    const kj = sumsUj.map((uj) => Math.round(uj / 1e4) / 1e5);
    expect(row(`\`${policy}\``)).toEqual([...kj, totalKj]);
  });

  const evenKj = hourKj(IDLE_W) / jobs.length;
  const meanShares = hot.shares.map((share, i) => (share + cold.shares[i]!) / 2);
  test.each<[string, number[]]>([
    ['whole node to each job', [totalKj, totalKj, 0]],
    [
      'idle power to the jobs that run, evenly',
      dynamicKj.map((kj, i) => kj + (i < jobs.length ? evenKj : 0)),
    ],
    ['idle power to nobody', dynamicKj],
    ['sum of the hour by mean shares', meanShares.map((share) => share * totalKj)],
    ['read for 4 s each 20 s, while A computes', hot.shares.map((share) => share * hourKj(hot.powerW))],
    ['read for 4 s each 20 s, while A waits', cold.shares.map((share) => share * hourKj(cold.powerW))],
  ])('%s', (name, parts) => {
    const expected = [...parts, 0, parts.reduce((a, b) => a + b, 0)];
    row(name).forEach((kj, i) => expect(kj).toBeCloseTo(expected[i]!, 9));
    expect(row(name)).toHaveLength(expected.length);
  });
});

describe('the tests that a law names', () => {
  const commands = [...page.matchAll(/^npx jest (\S+) -t '(.+)'$/gm)].map(([, file = '', name = '']) => ({
    file,
    name,
  }));

  test('are in the document', () => {
    expect(commands.length).toBeGreaterThan(15);
  });

  test.each(commands)('are there: $file has one called $name', ({ file, name }) => {
    expect(existsSync(join(TOP, file))).toBe(true);
    const titles = [
      ...readFileSync(join(TOP, file), 'utf8').matchAll(/(?:test|describe)\(\s*(['`])(.*?)\1,/g),
    ];
    expect(titles.some(([, , title]) => new RegExp(name).test(title!))).toBe(true);
  });
});
