import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostName } from '../../src/config/host-name';
import { readCalibration } from '../../src/sources/calibration-file';
import { type PowercapLaw, startPowercapLaw } from '../cluster/powercap-law';
import { until } from '../cluster/until';
import { startEit } from './eit-command';

const IDLE_W = 40;

let dir: string;
let config: string;
let law: PowercapLaw;
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-calibrate-')));
  // Full or idle, this host draws the same: what is measured is known.
  law = await startPowercapLaw({
    dir,
    maxEnergyUj: 262_143_328_850,
    idleW: IDLE_W,
    fullW: IDLE_W,
    dram: { baseW: 6, swingW: 0, periodSeconds: 7 },
  });
  config = join(dir, 'eit.yaml');
  mkdirSync(join(dir, 'proc'));
  mkdirSync(join(dir, 'cgroup/system.slice/slurmstepd.scope/job_12'), { recursive: true });
  writeFileSync(
    config,
    [
      `state_dir: ${dir}/state`,
      `var_dir: ${dir}/var`,
      `spool_dir: ${dir}/spool`,
      `roots: { sys: ${law.sysRoot}, proc: ${dir}/proc, cgroup: ${dir}/cgroup }`,
      '',
    ].join('\n'),
  );
});
afterAll(async () => {
  await law.stop();
  rmSync(dir, { recursive: true });
});

const SHORT = ['calibrate', '--minutes', '0.1', '--force-short'];

test('waits for the job that runs, measures what the counters do, and writes it down', async () => {
  const { output, ended } = startEit([...SHORT, '--load', '--json'], config);
  await until('eit to see the job', 20_000, () => output.stderr.includes('job 12 on this host') || undefined);
  expect(readdirSync(dir)).not.toContain('var');
  rmSync(join(dir, 'cgroup/system.slice/slurmstepd.scope/job_12'), { recursive: true });
  expect(await ended).toBe(0);

  expect(output.stderr).toContain('nothing runs any more: measuring goes on in 10 s');
  expect(output.stderr).toContain('--load: no source tells the power of the whole node: this needs a source');
  // No line that is written over: this is no terminal.
  expect(output.stderr).not.toContain('\r');
  const calibration = readCalibration(join(dir, 'var'), hostName());
  expect(calibration).toMatchObject({ version: 1, domains: { 'package-0': { samples: 1, percentile: 10 } } });
  expect(Math.abs((calibration?.domains['package-0']?.idle_w ?? 0) / IDLE_W - 1)).toBeLessThan(0.05);
  expect(Math.abs((calibration?.domains['dram-0']?.idle_w ?? 0) / 6 - 1)).toBeLessThan(0.05);
  expect(JSON.parse(output.stdout)).toMatchObject({
    ...calibration,
    missing: { '--load': expect.stringContaining('needs a source') as string },
    previous: null,
    written: join(dir, 'var/calibration.json'),
    too_short_to_rely_on: true,
  });
  expect(statSync(join(dir, 'var/calibration.json')).mode & 0o777).toBe(0o644);
});

test('the next one shows the old values, and with --dry-run leaves them', async () => {
  const before = readFileSync(join(dir, 'var/calibration.json'), 'utf8');
  const { output, ended } = startEit([...SHORT, '--dry-run'], config);
  expect({ status: await ended, stderr: output.stderr }).toEqual({ status: 0, stderr: '' });
  expect(output.stdout).toMatch(/^Domain +Idle W +Windows +Old W\npackage-0 +\d+\.\d +1 +\d+\.\d\n/);
  expect(output.stdout).toContain('Nothing is written (--dry-run).');
  expect(readFileSync(join(dir, 'var/calibration.json'), 'utf8')).toBe(before);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s stops it and leaves the last calibration', async (signal, status) => {
  const before = readFileSync(join(dir, 'var/calibration.json'), 'utf8');
  mkdirSync(join(dir, 'cgroup/system.slice/slurmstepd.scope/job_13'));
  const { child, output, ended } = startEit(SHORT, config);
  await until('eit to measure', 20_000, () => output.stderr.includes('job 13') || undefined);
  rmSync(join(dir, 'cgroup/system.slice/slurmstepd.scope/job_13'), { recursive: true });
  child.kill(signal);
  expect({ status: await ended, stdout: output.stdout }).toEqual({ status, stdout: '' });
  expect(output.stderr).toContain('stopped: nothing is written, the last calibration stays');
  expect(readFileSync(join(dir, 'var/calibration.json'), 'utf8')).toBe(before);
  expect(readdirSync(join(dir, 'var'))).toEqual(['calibration.json']);
});
