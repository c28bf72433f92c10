import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../src/errors';
import { describeCluster } from './availability';
import { expectAllWell, expectNoneDrained } from './conservation';
import { type MeasuredCluster, startMeasuredCluster } from './measured-cluster';
import { succeed } from './processes';
import { until } from './until';
import { burn } from './workload';

/** The shared file system is not there, is full, or may not be written: jobs run on, and nothing is lost. */
describeCluster('EIT keeps records while the ledger cannot be written', 'v2', () => {
  let eit: MeasuredCluster;
  let shared: string;
  let isMounted = false;

  const mount = (...args: string[]) => succeed('mount', args, { env: eit.slurm.env });

  beforeAll(async () => {
    const ledger = (dir: string) => join(dir, 'shared/ledger');
    eit = await startMeasuredCluster({ cgroup: 'v2', nodePrefix: 'q', ledger });
    shared = join(eit.slurm.dir, 'shared');
  });
  afterAll(async () => {
    try {
      // The agent still writes there until it is ended.
      if (isMounted) await succeed('umount', ['-l', shared], { env: eit.slurm.env });
    } finally {
      await eit?.stop();
    }
  });

  /** Waits until what agent.log has said since it was `from` characters long is this. */
  const complains = (complaint: RegExp, from: number) =>
    until(
      `agent.log to say ${complaint}`,
      20_000,
      () => complaint.test(eit.agentLog().slice(from)) || undefined,
      () => eit.agentLog(),
    );

  /** Runs a job and checks that its record waits in the spool. */
  async function waitingJob(): Promise<string> {
    const job = await eit.slurm.sbatch(burn(0.5));
    await eit.slurm.waitForState(job, 'COMPLETED');
    await eit.slurm.waitUntilQuiet();
    await until(
      `the record of job ${job} in the spool`,
      20_000,
      () => spooled(job) || undefined,
      () => eit.agentLog(),
    );
    expect(eit.runRecords(job)).toEqual([]);
    await expectNoneDrained(eit);
    return job;
  }

  function spooled(job: string): boolean {
    const folder = join(eit.slurm.dir, 'eit/spool', eit.slurm.clusterName);
    if (!existsSync(folder)) return false;
    const text = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    return text
      .join('')
      .split('\n')
      .some((line) => line.includes(`"job":${job},`) && line.includes('"end":{'));
  }

  async function expectOnce(job: string): Promise<void> {
    await eit.ended(job);
    const lines = eit.inboxLines();
    expect(new Set(lines).size).toBe(lines.length);
  }

  test('its folder is missing, and is mounted later', async () => {
    const job = await waitingJob();
    await complains(/EIT_LEDGER_UNWRITABLE.*shared\/ledger.*does not exist: is it mounted\?.*install -d/, 0);
    expect(existsSync(shared)).toBe(false);
    mkdirSync(shared);
    await mount('-t', 'tmpfs', '-o', 'size=256k,mode=755', 'eit-test', shared);
    isMounted = true;
    mkdirSync(eit.ledgerDir);
    await expectOnce(job);
  });

  test('its disk is full', async () => {
    const filler = join(shared, 'filler');
    const from = eit.agentLog().length;
    fill(filler);
    // What is free in the last page of the file is still written to.
    await eit.slurm.sbatch('true', { args: ['--array=1-6', '--output=/dev/null'] });
    await complains(/EIT_LEDGER_UNWRITABLE.*ENOSPC.*records wait in/, from);
    const job = await waitingJob();
    rmSync(filler);
    await expectOnce(job);
  });

  test('it is read-only', async () => {
    const from = eit.agentLog().length;
    await mount('-o', 'remount,ro', shared);
    const job = await waitingJob();
    await complains(/EIT_LEDGER_UNWRITABLE.*EROFS.*records wait in/, from);
    await mount('-o', 'remount,rw', shared);
    await expectOnce(job);
  });

  test('in all of that no joule is lost and no hook fails', () => expectAllWell(eit));
});

/** Writes until the file system is full. */
function fill(file: string): void {
  const block = Buffer.alloc(1024);
  for (;;) {
    try {
      writeFileSync(file, block, { flag: 'a' });
    } catch (error) {
      if (isErrno(error, 'ENOSPC')) return;
      throw error;
    }
  }
}
