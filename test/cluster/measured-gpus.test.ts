import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '../../src/errors';
import type { RunRecord } from '../../src/generated/record';
import type { FakeGpu } from '../fake-nvidia-smi/config';
import { curveFrom, fakeGpu } from '../fake-nvidia-smi/gpus';
import { installFakeNvidiaSmi } from '../fake-nvidia-smi/install';
import { describeCluster } from './availability';
import { expectAllWell } from './conservation';
import { type MeasuredCluster, startMeasuredCluster, sumUj } from './measured-cluster';
import { until } from './until';

/** What each GPU draws (W), whoever has it. */
const POWERS_W = [100, 200, 300, 400];
const NAMES = ['gpu-1b:00.0', 'gpu-2b:00.0', 'gpu-3b:00.0', 'gpu-4b:00.0'];
const SLEEP_S = 6;

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** GPU time of a run in which its GPUs were read (s). */
function readSeconds(records: readonly RunRecord[]): number {
  return records.reduce((sum, { gpu }) => sum + (gpu?.ms ?? 0), 0) / 1000;
}

/** A real Slurm with four GPUs in gres.conf, and a program that stands in for nvidia-smi under a real terminal. */
describeCluster('EIT reads GPUs', 'v2', () => {
  let eit: MeasuredCluster;
  let folder: string;
  const jobs: { readonly id: string; readonly gpus: number }[] = [];
  const processesFile = (gpu: number): string => join(folder, `processes-${gpu}.json`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'eit-gpus-'));
    const gpus = POWERS_W.map((powerW, i): FakeGpu => {
      const power = curveFrom(0n, { kind: 'constant', forS: 1, powerW });
      const utilization = curveFrom(0n, { kind: 'constant', forS: 1, powerW: i === 3 ? 0 : 50 });
      return fakeGpu(i, { power, utilization, processesFile: processesFile(i) });
    });
    const fake = installFakeNvidiaSmi(folder, { layout: '570', gpus });
    eit = await startMeasuredCluster({
      cgroup: 'v2',
      gpus: 4,
      cpusPerNode: 4,
      nodePrefix: 'q',
      config: `nvidia_smi: ${fake.path}\ngpu: { nvidia: nvidia-smi, interval_ms: 470 }`,
    });
    for (const count of [1, 1, 2]) {
      const args = ['-p', 'gpu', '-n1', `--gres=gpu:${count}`];
      jobs.push({ id: await eit.slurm.sbatch(`sleep ${SLEEP_S}`, { args }), gpus: count });
    }
    for (const { id } of jobs) await eit.slurm.waitForState(id, 'COMPLETED');
  });
  afterAll(async () => {
    await eit?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('each of three jobs at once has its own GPUs’ energy, and nothing of the others', async () => {
    const given: string[] = [];
    for (const { id, gpus } of jobs) {
      const records = await eit.ended(id);
      expect(records.map((record) => record.gpus)).toEqual(records.map(() => gpus));
      const indices = records[0]!.start!.gpu_ids!.split(',').map(Number);
      expect(indices).toHaveLength(gpus);
      given.push(...indices.map(String));
      expect(records.at(-1)!.gpu).toMatchObject({ by: 'index' });

      const observedS = readSeconds(records) / gpus;
      expect(observedS).toBeGreaterThan(SLEEP_S - 3);
      for (const [i, name] of NAMES.entries()) {
        const joules = sumUj(records, name) / 1e6;
        if (!indices.includes(i)) expect([id, name, joules]).toEqual([id, name, 0]);
        // The power is constant, so what is off is the rounding of times to milliseconds.
        else expect(Math.abs(joules / (POWERS_W[i]! * observedS) - 1)).toBeLessThan(0.005);
      }
    }
    expect(given.toSorted()).toEqual(['0', '1', '2', '3']);
  });

  test('runs + idle + system is what each board drew, under every policy, and the runs have what the host says', async () => {
    await eit.settled();
    const hosts = eit.hostRecords();
    for (const name of NAMES) {
      for (const policy of [0, 1, 2] as const) {
        const domains = hosts.flatMap(({ domains: all }) => all[name] ?? []);
        expect(domains.length).toBeGreaterThan(0);
        for (const { counter_uj, runs_uj, idle_uj, system_uj } of domains) {
          expect(runs_uj[policy] + idle_uj[policy] + system_uj[policy]).toBe(counter_uj);
        }
        const toRuns = domains.reduce((sum, domain) => sum + domain.runs_uj[policy], 0);
        expect(sumUj(eit.runRecords(), name, policy)).toBe(toRuns);
      }
    }
  });

  test('the report has GPU time, energy, use and idle energy of each job', async () => {
    const report = await eit.jsonReport(['-a', '--group-by', 'job']);
    for (const { id, gpus } of jobs) {
      const group = report.groups.find(({ job_id }) => job_id === Number(id))!;
      expect(Math.abs(group.gpu_seconds - gpus * group.elapsed_seconds)).toBeLessThan(0.05 * gpus);
      expect(group.energy_kwh.gpu).toBeGreaterThan(0);
      const records = eit.runRecords(id);
      const uj = NAMES.reduce((sum, name) => sum + sumUj(records, name), 0);
      expect(group.energy_kwh.gpu! * 3.6e12).toBeCloseTo(uj, -1);
      const hasIdle = records[0]!.start!.gpu_ids!.split(',').includes('3');
      if (hasIdle) expect(group.gpu_idle_kwh).toBeGreaterThan(0);
      else {
        expect(group.gpu_utilization).toBeCloseTo(0.5, 3);
        expect(group.gpu_idle_kwh).toBe(0);
      }
    }
    expect(report.factors.domains_measured).toEqual(['cpu', 'dram', 'gpu']);
    const { stdout } = await eit.report([
      '-S',
      'now-1hours',
      '-a',
      '--format',
      'JobID,GPUEnergy,GPUUtil,GPUModel',
    ]);
    expect(stdout).toContain('NVIDIA H100 80GB HBM3');
  });

  test('a job whose process is on another GPU than its index means has that one, and the record says so', async () => {
    const args = ['-p', 'gpu', '-n1', '--gres=gpu:1'];
    const id = await eit.slurm.sbatch(`echo $$; sleep ${SLEEP_S + 2}`, { args });
    const pid = await until('the job’s process', 20_000, () => {
      const text = ifThere(() => eit.slurm.output(id)) ?? '';
      return text.endsWith('\n') ? Number(text) : undefined;
    });
    writeFileSync(processesFile(3), JSON.stringify([{ pid, usedMib: 512, name: 'train' }]));
    const records = await eit.ended(id);
    rmSync(processesFile(3), { force: true });
    expect(records[0]!.start!.gpu_ids).toBe('0');
    const { gpu } = records.at(-1)!;
    expect(gpu).toMatchObject({ by: 'processes' });
    expect(gpu?.conflict).toBe(
      'SLURM_JOB_GPUS=0 with gpu.order: nvml means gpu-1b:00.0, but its processes are on gpu-4b:00.0',
    );
    expect(sumUj(records, 'gpu-4b:00.0')).toBeGreaterThan(400e6);
    expect(eit.agentLog()).toContain(`the GPUs of job ${id} on q1: SLURM_JOB_GPUS=0`);
  });

  test('in all of that no joule is lost and no hook fails', () => expectAllWell(eit));
});
