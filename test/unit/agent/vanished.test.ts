import { advance } from '../../../src/agent/advance';
import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { endVanished } from '../../../src/agent/runs';
import { applyHook, runsOf } from './hook-builder';
import { instantAt, readingAt } from './reading-builder';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

function read(state: HostState, atS: number, processes: bigint | 'gone'): void {
  const reading = readingAt({ atS });
  advance(state, { ...reading, processes: new Map([[Object.keys(state.runs)[0]!, processes]]) });
}

/** A run whose processes were there at second 10 and are gone since second 20. */
function goneRun(variables: Readonly<Record<string, string>> = {}): HostState {
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0, variables });
  read(state, 0, 0n);
  read(state, 10, 1_000_000_000n);
  expect(runsOf(state)[0]!.cpuFrom).toBe('processes');
  read(state, 20, 'gone');
  return state;
}

const endsBy = (state: HostState, atS: number) => {
  const vanished = endVanished(state, instantAt(atS));
  return [vanished.length, runsOf(state)[0]!.end?.by];
};

describe('a run that was found by its processes, when they are gone', () => {
  test('has no source of CPU time and keeps what it used', () => {
    const [run] = runsOf(goneRun());
    expect([run!.cpuFrom, run!.line.cpuNs, run!.lastSeenMs]).toEqual([null, 1e9, instantAt(10).wallMs]);
  });

  test('vanishes after a day where Slurm tells no time limit', () => {
    const state = goneRun();
    expect(endsBy(state, 10 + DAY_S)).toEqual([0, undefined]);
    expect(endsBy(state, 11 + DAY_S)).toEqual([1, 'vanished']);
    expect(runsOf(state)[0]!.end!.monoNs).toBe(instantAt(11 + DAY_S).monoNs);
  });

  test('vanishes an hour after its time limit', () => {
    const limitS = 3 * HOUR_S;
    const state = goneRun({ SLURM_JOB_END_TIME: String(instantAt(limitS).wallMs / 1000) });
    expect(endsBy(state, limitS + HOUR_S)).toEqual([0, undefined]);
    expect(endsBy(state, limitS + HOUR_S + 1)).toEqual([1, 'vanished']);
  });

  test('does not vanish at its limit while it was seen less than an hour ago', () => {
    const state = goneRun({ SLURM_JOB_END_TIME: String(instantAt(0).wallMs / 1000) });
    read(state, 2 * HOUR_S, 2_000_000_000n);
    read(state, 2 * HOUR_S + 10, 'gone');
    expect(endsBy(state, 3 * HOUR_S)).toEqual([0, undefined]);
    expect(endsBy(state, 3 * HOUR_S + 1)).toEqual([1, 'vanished']);
  });
});

test.each([undefined, '1'])('a run that is seen never vanishes (SLURM_JOB_END_TIME %s)', (end) => {
  const state = goneRun(end === undefined ? {} : { SLURM_JOB_END_TIME: end });
  read(state, 30, 1_500_000_000n);
  for (const atS of [DAY_S, 3 * DAY_S, 9 * DAY_S]) {
    expect(endsBy(state, atS)).toEqual([0, undefined]);
    read(state, atS, BigInt(atS) * 1_000_000_000n);
  }
});

test('a tick tells what is to be looked for among the runs', () => {
  const state = emptyHostState();
  const outcome = (atS: number, processes: bigint | 'gone') => {
    const key = Object.keys(state.runs)[0]!;
    return advance(state, { ...readingAt({ atS }), processes: new Map([[key, processes]]) });
  };
  expect(advance(state, readingAt({ atS: 0 }))).toEqual({ runs: 0, hasEnded: false, hasUnseen: false });
  applyHook(state, { hook: 'prolog', atS: 1 });
  expect(outcome(10, 0n)).toEqual({ runs: 1, hasEnded: false, hasUnseen: false });
  expect(outcome(20, 'gone')).toEqual({ runs: 1, hasEnded: false, hasUnseen: true });
  applyHook(state, { hook: 'epilog', atS: 25 });
  expect(outcome(30, 'gone')).toEqual({ runs: 1, hasEnded: true, hasUnseen: false });
});
