import { readdirSync, writeFileSync } from 'node:fs';
import { setImmediate as events } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { advance } from '../../../src/agent/advance';
import { HostReader } from '../../../src/agent/host-reader';
import { emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import { powercap } from '../../../src/sources/powercap';
import { isMissing } from '../../../src/sources/source';
import { scaled } from '../../scale';
import { Tree } from '../sources/tree';
import { FACTS, applyHook, lineWriter, runsOf } from './hook-builder';
import { instantAt } from './reading-builder';

const TICKS = scaled(3_000, 1_000_000);
const STRETCH_TICKS = 300;
/** A job begins and another ends each so many ticks. */
const TURNOVER_TICKS = 10;
const JOBS = 4;
const UJ_A_TICK = 50_000;
const SCOPE = 'cgroup/system.slice/n1_slurmstepd.scope';
const ZONE = 'sys/class/powercap/intel-rapl:0';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let tree: Tree;
beforeEach(() => {
  tree = new Tree({
    [`${ZONE}/name`]: 'package-0\n',
    [`${ZONE}/max_energy_range_uj`]: '262143328850\n',
    [`${ZONE}/energy_uj`]: '0\n',
    [`${SCOPE}/cpu.stat`]: 'usage_usec 0\n',
    'proc/stat': 'cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n',
    'proc/meminfo': 'MemTotal: 1000000 kB\nAnonPages: 1000 kB\nShmem: 0 kB\n',
  });
});
afterEach(() => tree.remove());

test(`an agent has as much in memory and as many files open after ${TICKS} ticks, with jobs coming and going, as after half of them`, async () => {
  const roots = { sys: tree.path('sys'), proc: tree.path('proc'), cgroup: tree.path('cgroup') };
  const meter = powercap.open(roots);
  if (isMissing(meter)) throw new Error(meter.missing);
  const reader = new HostReader(roots, [meter]);
  const errors: string[] = [];
  reader.watchSteps({ onEnd: () => undefined, onError: (reason) => errors.push(reason) });
  const state = emptyHostState();
  const energyFile = tree.path(`${ZONE}/energy_uj`);
  const writer = lineWriter();
  const begin = (job: number, atS: number): void => {
    applyHook(state, { hook: 'prolog', job, atS });
    tree.write(`${SCOPE}/job_${job}/cpu.stat`, 'usage_usec 0\n');
    tree.write(`${SCOPE}/job_${job}/step_0/user/cpu.stat`, 'usage_usec 0\n');
    tree.write(`${SCOPE}/job_${job}/step_0/user/cgroup.events`, 'populated 1\n');
  };
  const seen: { heap: number; files: number }[] = [];
  let toldUj = 0;
  for (let tick = 0; tick <= TICKS; tick++) {
    if (tick % TURNOVER_TICKS === 0) {
      const job = tick / TURNOVER_TICKS + 1;
      begin(job, tick);
      if (job > JOBS) {
        tree.remove(`${SCOPE}/job_${job - JOBS}`);
        applyHook(state, { hook: 'epilog', job: job - JOBS, atS: tick });
      }
    }
    if (tick % TURNOVER_TICKS === 0) {
      writeFileSync(energyFile, `${tick * UJ_A_TICK}\n`);
    }
    advance(state, reader.read(instantAt(tick), state.runs, tick % STRETCH_TICKS === 0));
    const isStretchEnd = tick % STRETCH_TICKS === 0;
    for (const [key, run] of Object.entries(state.runs)) {
      if (isStretchEnd || run.end !== null) takeRunLines(state, key, instantAt(tick), writer);
    }
    // The last stretch need not be a whole one.
    if (isStretchEnd || tick === TICKS) {
      toldUj += takeHostLine(state, FACTS, writer)?.domains['package-0']?.counter_uj ?? 0;
    }
    // What is closed is let go by the event loop.
    if (tick % STRETCH_TICKS === 0) await events();
    if (tick === TICKS / 2 || tick === TICKS) {
      collectGarbage();
      seen.push({
        heap: process.memoryUsage().heapUsed,
        files: readdirSync('/proc/self/fd').length,
      });
    }
  }
  reader.close();
  expect(errors).toEqual([]);
  expect(toldUj).toBe(TICKS * UJ_A_TICK);
  expect(runsOf(state).length).toBeLessThanOrEqual(JOBS + 1);
  const [half, whole] = seen;
  process.stdout.write(`soak: ${JSON.stringify(seen)}\n`);
  // What the compiler keeps is within it.
  expect((whole!.heap - half!.heap) / 1e6).toBeLessThan(2);
  expect(whole!.files).toBeLessThanOrEqual(half!.files + 2);
}, 3_600_000);
