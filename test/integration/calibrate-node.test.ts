import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostName } from '../../src/config/host-name';
import { readCalibration } from '../../src/sources/calibration-file';
import { until } from '../cluster/until';
import { scaled } from '../scale';
import { startEit } from './eit-command';

jest.setTimeout(300_000);

/** What the node draws: this, and twice what its package does. */
const OFFSET_W = 100;
const SLOPE = 2;
/** What the package draws, and for each CPU that eit keeps busy. */
const IDLE_W = 100;
const BUSY_W = 200;
/** Five loads of 33 s: only `npm run test:long` has them. test/unit/cli/calibrate.test.ts has the arithmetic. */
const hasLoad = scaled(0, 1) === 1;

let dir: string;
let config: string;
let counter: PackageCounter;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-calibrate-node-')));
  counter = new PackageCounter(join(dir, 'sys/class/powercap/intel-rapl:0'));
  mkdirSync(join(dir, 'proc'));
  mkdirSync(join(dir, 'cgroup/system.slice/slurmstepd.scope'), { recursive: true });
  config = join(dir, 'eit.yaml');
  const program = writeProgram();
  writeFileSync(
    config,
    [
      `state_dir: ${dir}/state`,
      `var_dir: ${dir}/var`,
      `spool_dir: ${dir}/spool`,
      `bmc: { program: ${program}, interval_seconds: 2, timeout_seconds: 1 }`,
      `roots: { sys: ${dir}/sys, proc: ${dir}/proc, cgroup: ${dir}/cgroup }`,
      '',
    ].join('\n'),
  );
});
afterEach(() => {
  counter.stop();
  for (const pid of livingPids()) process.kill(pid, 'SIGKILL');
  rmSync(dir, { recursive: true });
});

/** A package whose power follows the threads with which eit keeps CPUs busy, and nothing else that this machine does. */
class PackageCounter {
  /** Process id of eit. */
  eit: number | undefined;
  readonly #fd: number;
  readonly #timer = setInterval(() => this.#update(), 20);
  #energyUj = 1_000_000;
  #atMs = performance.now();

  constructor(zone: string) {
    mkdirSync(zone, { recursive: true });
    writeFileSync(join(zone, 'name'), 'package-0\n');
    writeFileSync(join(zone, 'max_energy_range_uj'), '262143328850\n');
    this.#fd = openSync(join(zone, 'energy_uj'), 'w');
    this.#update();
  }

  stop(): void {
    clearInterval(this.#timer);
    closeSync(this.#fd);
  }

  #update(): void {
    const nowMs = performance.now();
    this.#energyUj += (IDLE_W + BUSY_W * this.#busyThreads()) * (nowMs - this.#atMs) * 1000;
    this.#atMs = nowMs;
    writeSync(this.#fd, `${String(Math.round(this.#energyUj)).padEnd(18)}\n`, 0);
  }

  /** Those of the lowest priority, see CpuBurner. */
  #busyThreads(): number {
    if (this.eit === undefined) return 0;
    const tasks = `/proc/${this.eit}/task`;
    try {
      // Behind the name in parentheses, of the fields from the third on, nice is the 17th (proc_pid_stat(5)).
      const nice = (task: string): string | undefined =>
        readFileSync(join(tasks, task, 'stat'), 'latin1')
          .split(') ')
          .at(-1)
          ?.split(' ')[16];
      return readdirSync(tasks).filter((task) => nice(task) === '19').length;
    } catch {
      return 0;
    }
  }
}

/**
 * Stands in for ipmitool, as no machine here has a controller: a node that draws 100 W and twice what its package drew
 * since it was asked last. Hangs where there is a file `hang`.
 */
function writeProgram(): string {
  const path = join(dir, 'ipmitool');
  writeFileSync(
    path,
    `#!/bin/sh
cd ${dir} || exit 9
echo $$ >>pids
test ! -e hang || exec sleep 1000
read -r energy <sys/class/powercap/intel-rapl:0/energy_uj
now=$(date +%s%N)
watts=0
if test -e last; then
  read -r before at <last
  watts=$(( ${OFFSET_W} + ${SLOPE} * (energy - before) * 1000 / (now - at) ))
fi
echo "$energy $now" >last
echo "    Instantaneous power reading:                   $watts Watts"
echo "    Power reading state is:                   activated"
`,
  );
  chmodSync(path, 0o755);
  return path;
}

function livingPids(): number[] {
  const path = join(dir, 'pids');
  const pids = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : [];
  return pids.filter((pid) => {
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return false;
    }
  });
}

test(`a node that is asked by a program is measured too, and its program is gone at the end${hasLoad ? '; with loads' : ''}`, async () => {
  const load = hasLoad ? ['--load'] : [];
  const { child, output, ended } = startEit(
    ['calibrate', '--minutes', '0.5', '--force-short', '--json', ...load],
    config,
  );
  counter.eit = child.pid;
  expect({ status: await ended, stderr: output.stderr }).toEqual({ status: 0, stderr: '' });
  expect(livingPids()).toEqual([]);
  const calibration = readCalibration(join(dir, 'var'), hostName());
  const { node, other, 'package-0': cpu } = calibration!.domains;
  // The window in which the first answer came is not the node's.
  expect(cpu!.samples).toBe(3);
  expect(node!.samples).toBe(2);
  const nodeW = OFFSET_W + SLOPE * IDLE_W;
  expect(Math.abs(node!.idle_w / nodeW - 1)).toBeLessThan(0.05);
  expect(Math.abs(other!.idle_w / (nodeW - IDLE_W) - 1)).toBeLessThan(0.1);
  if (!hasLoad) return;
  expect(calibration!.wall!.points).toBeGreaterThanOrEqual(3);
  expect(Math.abs(calibration!.wall!.slope / SLOPE - 1)).toBeLessThan(0.05);
});

test('being stopped while its program hangs leaves none behind', async () => {
  writeFileSync(join(dir, 'hang'), '');
  const { child, ended } = startEit(['calibrate', '--minutes', '1'], config);
  await until('the program to hang', 20_000, () => livingPids().length > 0 || undefined);
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
  await until('the program to be gone', 20_000, () => livingPids().length === 0 || undefined);
});
