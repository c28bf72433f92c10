import fc from 'fast-check';
import { advance } from '../../../src/agent/advance';
import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine } from '../../../src/agent/lines';
import { otherGrowth } from '../../../src/agent/other-domain';
import { recover } from '../../../src/agent/recovery';
import type { HostRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { PowerIntegral } from '../../../src/sources/power-integral';
import { type EnergyDomain, type Missing, isMissing } from '../../../src/sources/source';
import { FACTS, applyHook, lineWriter } from './hook-builder';
import { instantAt, readingAt } from './reading-builder';

/** As the source bmc has it, asked each 10 s, each answer in at most 10 s. */
const NODE: EnergyDomain = {
  name: 'node',
  class: 'whole',
  quality: 'measured',
  source: 'bmc: ipmitool',
  maxPowerW: 65_534 * 41,
  isNode: true,
  isIntegrated: true,
};
const CPU: EnergyDomain = {
  name: 'package-0',
  class: 'cpu',
  quality: 'measured',
  source: 'powercap',
  maxPowerW: 1000,
};
const ANSWER_EVERY_S = 10;
const LONGEST_GAP_NS = 40_000_000_000n;

/** What a host draws in a second: in its package, and beside it. */
interface Draw {
  readonly countedW: number;
  readonly otherW: number;
}

/** A host second by second: its package's counter is always up to date, the node's figure is that of the last answer. */
class Host {
  state: HostState = emptyHostState();
  #integral = new PowerIntegral(LONGEST_GAP_NS);
  second = 0;
  #countedUj = 0;
  readonly records: HostRecord[] = [];

  /**
   * @param answerW what the controller says now (W); null: it doesn't
   * @param isTick whether the agent reads now
   */
  pass(
    { countedW, otherW }: Draw,
    { isTick = true, answerW }: { isTick?: boolean; answerW?: number | null },
  ): void {
    this.second += 1;
    this.#countedUj += countedW * 1e6;
    const told = answerW === undefined && this.second % ANSWER_EVERY_S === 3 ? countedW + otherW : answerW;
    if (told !== undefined && told !== null) this.#integral.add(told, instantAt(this.second).monoNs);
    if (isTick) this.tick();
  }

  tick(): void {
    const value = this.#integral.energyUjAt(instantAt(this.second).monoNs);
    const joules: Record<string, number | Missing> = {
      'package-0': this.#countedUj / 1e6,
      node: isMissing(value) ? value : Number(value) / 1e6,
    };
    const spec = { atS: this.second, domains: [CPU, NODE], joules, busyS: this.second };
    advance(this.state, readingAt({ ...spec, jobsS: { 1: this.second / 2 } }));
  }

  /** The host's record since the last one. */
  record(): HostRecord {
    const record = takeHostLine(this.state, FACTS, lineWriter());
    if (record === null) throw new Error('no record');
    expect(validateRecord(record)).toBe(true);
    return record;
  }

  /** Another agent takes the state up: what this one added up is gone. */
  restart(): void {
    const parts = {
      version: 2,
      host: 'h',
      boot: '0123abcd',
      sources: 'a',
      unwritten: [],
      removableFiles: [],
    } as const;
    const at = instantAt(this.second);
    const now = {
      boot: '0123abcd',
      at,
      sources: 'a',
      domains: ['package-0', 'dram-0', 'node'],
      integrated: ['node'],
      writer: lineWriter(),
      facts: FACTS,
    };
    this.state = recover({ ...parts, state: this.state }, now).state;
    this.#integral = new PowerIntegral(LONGEST_GAP_NS);
  }
}

const STEADY: Draw = { countedW: 200, otherW: 50 };

function otherJ(record: HostRecord): number {
  return (record.domains['other']?.counter_uj ?? NaN) / 1e6;
}

function passSteady(host: Host, seconds: number, answerW?: number | null): void {
  for (let i = 0; i < seconds; i++) host.pass(STEADY, answerW === undefined ? {} : { answerW });
}

describe.each([1, 10])('a node that is asked each 10 s, with a tick each %d s', (tickS) => {
  test('at steady power other is what it draws beside its parts, to the joule', () => {
    const host = new Host();
    for (let second = 1; second <= 113; second++) host.pass(STEADY, { isTick: second % tickS === 3 % tickS });
    const record = host.record();
    const ticked = record.ms / 1000 - (record.domains['other']?.missing_ms ?? 0) / 1000;
    expect(ticked).toBeGreaterThanOrEqual(100);
    expect(otherJ(record)).toBeCloseTo(50 * ticked, 3);
  });

  test('whatever it draws, other and parts are the node, no more than late; nothing is less than nothing', () => {
    const draw = fc.record({
      countedW: fc.integer({ min: 0, max: 500 }),
      otherW: fc.integer({ min: 0, max: 200 }),
      seconds: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(draw, { minLength: 1, maxLength: 10 }), (draws) => {
        const host = new Host();
        const pass = (each: Draw): void => host.pass(each, { isTick: (host.second + 1) % tickS === 0 });
        for (let i = 0; i < 20; i++) pass(STEADY);
        host.tick();
        host.record();
        let trueOtherJ = 0;
        for (const { seconds, ...each } of [...draws, { ...STEADY, seconds: 200 }]) {
          for (let i = 0; i < seconds; i++) pass(each);
          trueOtherJ += each.otherW * seconds;
        }
        host.tick();
        const record = host.record();
        const { whole, domains } = record;
        const debtJ = host.state.otherDebtUj / 1e6;
        expect(domains['other']?.missing_ms).toBe(0);
        expect(otherJ(record) - debtJ).toBeCloseTo(
          ((whole?.['node']?.counter_uj ?? 0) - (domains['package-0']?.counter_uj ?? 0)) / 1e6,
          3,
        );
        // Each change of power is known up to 10 s late, and taken to have come halfway.
        const changes = draws.map(({ countedW, otherW }, i) => {
          const before = draws[i - 1] ?? STEADY;
          return Math.abs(countedW + otherW - before.countedW - before.otherW);
        });
        const last = draws.at(-1) ?? STEADY;
        changes.push(Math.abs(last.countedW + last.otherW - 250));
        const lateJ = (changes.reduce((a, b) => a + b, 0) * ANSWER_EVERY_S) / 2;
        expect(Math.abs(otherJ(record) - debtJ - trueOtherJ)).toBeLessThanOrEqual(lateJ + 1);
      }),
      { numRuns: 30 },
    );
  });
});

test('while the node is not told other is missing, not 0, and afterwards it is as if nothing had been', () => {
  const host = new Host();
  passSteady(host, 100);
  host.record();
  passSteady(host, 300, null);
  const away = host.record();
  expect(away.whole?.['node']).toMatchObject({ missing_reason: 'no power was read for more than 40 s' });
  // The last answer, 7 s before, holds for 40 s.
  expect(away.domains['other']).toMatchObject({ missing_ms: 267_000, counter_uj: 50e6 * 33 });
  expect(away.domains['package-0']).toMatchObject({ missing_ms: 0, counter_uj: 200e6 * 300 });
  passSteady(host, 10);
  const back = host.record();
  expect(otherJ(back)).toBeCloseTo(50 * (10 - (back.domains['other']?.missing_ms ?? 0) / 1000), 3);
  passSteady(host, 100);
  const after = host.record();
  expect({ otherJ: otherJ(after), missing_ms: after.domains['other']?.missing_ms }).toEqual({
    otherJ: 5000,
    missing_ms: 0,
  });
});

test('a part that is missing for a while takes nothing from other afterwards', () => {
  const host = new Host();
  passSteady(host, 20);
  delete host.state.counters['package-0'];
  passSteady(host, 10);
  const record = host.record();
  expect(record.domains['other']?.missing_reason).toBe('package-0, which the node holds, is missing');
  passSteady(host, 100);
  expect(otherJ(host.record())).toBe(5000);
});

test('a node that shows less than its parts has no other, and has it again once it shows more', () => {
  const host = new Host();
  passSteady(host, 100);
  host.record();
  for (let i = 0; i < 3600; i++)
    host.pass(STEADY, host.second % 10 === 2 ? { answerW: 100 } : { answerW: null });
  const wrong = host.record().domains['other'];
  expect(wrong?.missing_reason).toBe('bmc: ipmitool shows less than the domains that the node holds');
  // 100 W less, until it is 100 kJ.
  expect(wrong?.missing_ms).toBeGreaterThan(2500_000);
  expect(wrong?.counter_uj).toBeLessThan(50e6 * 20);
  // 50 W make up for 100 kJ in 2,000 s.
  passSteady(host, 2100);
  host.record();
  passSteady(host, 100);
  expect(otherJ(host.record())).toBe(5000);
});

describe('a node that once was 100 kJ behind its parts', () => {
  const DOUBTED = { missing: 'bmc: ipmitool shows less than the domains that the node holds' };
  /** What is other (J) in ticks in which node and package grew by so much (J). */
  function others(state: HostState, ...ticks: readonly [nodeJ: number, countedJ: number][]): unknown[] {
    return ticks.map(([nodeJ, countedJ]) => {
      const growth = new Map([
        [CPU, countedJ * 1e6],
        [NODE, nodeJ * 1e6],
      ]);
      const other = otherGrowth(state, growth, []);
      return typeof other === 'number' ? other / 1e6 : other;
    });
  }
  const doubted = (): HostState => {
    const state = emptyHostState();
    expect(others(state, [0, 99_999], [0, 1])).toEqual([0, DOUBTED]);
    return state;
  };

  test('is believed in no tick before it has caught up, and from then on', () => {
    const state = doubted();
    // More than its parts in every second tick, and on the whole less.
    expect(others(state, [600, 100], [0, 900], [600, 100], [0, 900])).toEqual([
      DOUBTED,
      DOUBTED,
      DOUBTED,
      DOUBTED,
    ]);
    expect(others(state, [99_999, 0], [600, 100], [150, 100], [0, 20], [150, 100])).toEqual([
      DOUBTED,
      499,
      50,
      0,
      30,
    ]);
  });

  test('is not believed by another agent either', () => {
    const state = JSON.parse(JSON.stringify(doubted())) as HostState;
    expect(others(state, [600, 100])).toEqual([DOUBTED]);
  });

  test('is doubted again once it is as far behind again', () => {
    const state = doubted();
    expect(others(state, [100_001, 0], [0, 100_000], [600, 100])).toEqual([1, DOUBTED, DOUBTED]);
  });
});

test('an agent that takes up another one’s state begins to add up anew: the time until then is missing, no joule is made up', () => {
  const host = new Host();
  applyHook(host.state, { hook: 'prolog', atS: 0 });
  passSteady(host, 100);
  host.record();
  for (let i = 0; i < 20; i++) host.pass(STEADY, { isTick: false });
  host.restart();
  host.tick();
  expect(host.record()).toMatchObject({
    domains: { 'package-0': { counter_uj: 4000e6 }, other: { counter_uj: 0, missing_ms: 20_000 } },
    whole: { node: { counter_uj: 0, missing_ms: 20_000, missing_reason: 'no power was read yet' } },
  });
  passSteady(host, 100);
  const record = host.record();
  // From the second answer's second on: the first is where the counter begins.
  expect(otherJ(record)).toBe(50 * (100 - (record.domains['other']?.missing_ms ?? NaN) / 1000));
  expect(record.domains['other']?.missing_ms).toBe(3000);
});
