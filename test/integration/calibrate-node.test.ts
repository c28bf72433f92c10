import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostName } from '../../src/config/host-name';
import { readCalibration } from '../../src/sources/calibration-file';
import { type PowercapLaw, startPowercapLaw } from '../cluster/powercap-law';
import { until } from '../cluster/until';
import { scaled } from '../scale';
import { startEit } from './eit-command';

jest.setTimeout(300_000);

const SLOPE = 2;
const OFFSET_W = 100;
/** Five loads of 33 s: only `npm run test:long` has them. test/unit/cli/calibrate.test.ts has the arithmetic. */
const hasLoad = scaled(0, 1) === 1;

let dir: string;
let config: string;
let law: PowercapLaw;
beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-calibrate-node-')));
  law = await startPowercapLaw({ dir, maxEnergyUj: 262_143_328_850, idleW: 100, fullW: 500, dram: null });
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
      `roots: { sys: ${law.sysRoot}, proc: ${dir}/proc, cgroup: ${dir}/cgroup }`,
      '',
    ].join('\n'),
  );
});
afterEach(async () => {
  for (const pid of livingPids()) process.kill(pid, 'SIGKILL');
  await law.stop();
  rmSync(dir, { recursive: true });
});

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
  const { output, ended } = startEit(
    ['calibrate', '--minutes', '0.5', '--force-short', '--json', ...load],
    config,
  );
  expect({ status: await ended, stderr: output.stderr }).toEqual({ status: 0, stderr: '' });
  expect(livingPids()).toEqual([]);
  const calibration = readCalibration(join(dir, 'var'), hostName());
  const { node, other, 'package-0': cpu } = calibration!.domains;
  // The window in which the first answer came is not the node's.
  expect(cpu!.samples).toBe(3);
  expect(node!.samples).toBe(2);
  // Others use this machine meanwhile, so power is not even.
  expect(node!.idle_w).toBeGreaterThan(OFFSET_W + SLOPE * 100 * 0.95);
  expect(other!.idle_w).toBeGreaterThan(OFFSET_W);
  if (!hasLoad) return;
  expect(calibration!.wall!.points).toBeGreaterThanOrEqual(3);
  // What others do meanwhile is known to the node seconds later: the unit test has the exact line.
  expect(Math.abs(calibration!.wall!.slope / SLOPE - 1)).toBeLessThan(0.4);
});

test('being stopped while its program hangs leaves none behind', async () => {
  writeFileSync(join(dir, 'hang'), '');
  const { child, ended } = startEit(['calibrate', '--minutes', '1'], config);
  await until('the program to hang', 20_000, () => livingPids().length > 0 || undefined);
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
  await until('the program to be gone', 20_000, () => livingPids().length === 0 || undefined);
});
