import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, type Finished, run, succeed } from './processes';
import { type Fields, FINAL_STATES, parseRecords } from './scontrol';
import { until } from './until';

export interface SubmitOptions {
  /** Further options of the command; they win over the defaults (working folder, output file). */
  readonly args?: readonly string[];
  /** Default: the first ordinary user. */
  readonly asUser?: string;
  readonly env?: Environment;
  readonly boundMs?: number;
}

/** Slurm's commands, for a cluster whose slurm.conf is in `env`, and waiting for what they bring about. */
export abstract class SlurmCommands {
  /** What the Slurm commands need; nothing of the tests' own environment is in it. */
  abstract readonly env: Environment;
  /** Where jobs run and leave their output; everyone may write there. */
  abstract readonly workDir: string;
  /** Ordinary users; the first is the one that jobs run as unless it is said otherwise. */
  abstract readonly users: readonly string[];

  /** The ends of the daemons' logs, for an error's text. */
  abstract logs(): string;

  /**
   * Submits a batch job.
   * @param work a script where it begins with `#!`, else a command line (`sbatch --wrap`)
   * @returns the job's id (of an array: the array's)
   */
  async sbatch(work: string, options: SubmitOptions = {}): Promise<string> {
    const script = work.startsWith('#!');
    const defaults = ['--parsable', `--chdir=${this.workDir}`, `--output=${this.workDir}/%j.out`];
    const args = [...defaults, ...(options.args ?? []), ...(script ? [] : [`--wrap=${work}`])];
    const finished = await this.asUser('sbatch', args, options, script ? work : '');
    if (finished.status !== 0)
      throw new Error(`sbatch ${args.join(' ')}: ${finished.stderr}\n${this.logs()}`);
    return finished.stdout.trim().split(';')[0] ?? '';
  }

  /** What a job of `sbatch` has printed. */
  output(jobId: string): string {
    return readFileSync(join(this.workDir, `${jobId}.out`), 'utf8');
  }

  srun(command: readonly string[], options: SubmitOptions = {}): Promise<Finished> {
    return this.asUser('srun', [`--chdir=${this.workDir}`, ...(options.args ?? []), ...command], options);
  }

  salloc(command: readonly string[], options: SubmitOptions = {}): Promise<Finished> {
    return this.asUser('salloc', [`--chdir=${this.workDir}`, ...(options.args ?? []), ...command], options);
  }

  /** Runs any command as an ordinary user of the cluster. */
  asUser(
    command: string,
    args: readonly string[],
    options: SubmitOptions = {},
    input = '',
  ): Promise<Finished> {
    const user = options.asUser ?? this.users[0] ?? 'root';
    const env = { ...this.env, ...options.env };
    return run('runuser', ['-u', user, '--', command, ...args], {
      env,
      input,
      cwd: this.workDir,
      boundMs: options.boundMs ?? 60_000,
    });
  }

  scontrol(...args: readonly string[]): Promise<string> {
    return succeed('scontrol', args, { env: this.env });
  }

  sacct(...args: readonly string[]): Promise<string> {
    return succeed('sacct', args, { env: this.env });
  }

  squeue(...args: readonly string[]): Promise<string> {
    return succeed('squeue', args, { env: this.env });
  }

  scancel(...args: readonly string[]): Promise<string> {
    return succeed('scancel', args, { env: this.env });
  }

  /** `scontrol show job`: one record, for an array one a task (or block of waiting tasks). */
  async jobRecords(jobId: string): Promise<Fields[]> {
    return parseRecords(await this.scontrol('-o', '-d', 'show', 'job', jobId));
  }

  async jobInfo(jobId: string): Promise<Fields> {
    return (await this.jobRecords(jobId))[0] ?? {};
  }

  /**
   * Waits until the job, of an array every task, is in one of the states.
   * @throws Error, with job and logs, when it takes longer or the job has come to rest in another state
   */
  waitForState(jobId: string, states: string | readonly string[], boundMs = 60_000): Promise<Fields> {
    const wanted = [states].flat();
    return until(
      `job ${jobId} to be ${wanted.join(' or ')}`,
      boundMs,
      async () => {
        const records = await this.jobRecords(jobId);
        const found = records.map((record) => record.JobState ?? '');
        if (found.every((state) => wanted.includes(state))) return records[0];
        if (found.every((state) => wanted.includes(state) || FINAL_STATES.includes(state))) {
          throw new Error(`job ${jobId} is ${found.join(', ')}, not ${wanted.join(' or ')}\n${this.logs()}`);
        }
        return undefined;
      },
      async () => `${await this.scontrol('-d', 'show', 'job', jobId)}\n${this.logs()}`,
    );
  }

  /** Waits until no job runs or ends: every epilog is done. Jobs that are held or wait for a time are let be. */
  async waitUntilQuiet(boundMs = 60_000): Promise<void> {
    await until(
      'all jobs to be over, epilogs included',
      boundMs,
      async () => {
        const busy = await this.squeue('-h', '-t', 'CONFIGURING,RUNNING,SUSPENDED,COMPLETING', '-o', '%A %T');
        return busy.trim() === '' || undefined;
      },
      async () => `${await this.squeue('-a')}\n${this.logs()}`,
    );
  }

  /** Each node's state as scontrol has it: `IDLE`, `MIXED`, `IDLE+DRAIN`, ... */
  async nodeStates(): Promise<Fields> {
    const records = parseRecords(await this.scontrol('-o', 'show', 'node'));
    return Object.fromEntries(records.map((record) => [record.NodeName ?? '', record.State ?? '']));
  }

  async resumeNode(node: string): Promise<void> {
    await this.scontrol('update', `NodeName=${node}`, 'State=RESUME');
  }
}
