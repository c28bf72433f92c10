import { join } from 'node:path';
import { STEP_DIR } from '../slurm/cgroup-names';
import { ChildDirectories } from './child-directories';
import type { StepContext, StepCpu } from './step-cpu';
import { Step1Cpu } from './step-cpu-v1';
import { Step2Cpu } from './step-cpu-v2';

/** What a job needs from who watches it. */
export type JobContext = Omit<StepContext, 'opened'>;

/** CPU time of the user's processes of a job. */
export interface UserCpu {
  readonly ns: bigint;
  /** All steps that were seen have ended, and each was read after its last process had. */
  readonly isFinal: boolean;
}

/**
 * File descriptors that one job may take, each step two (version 2), or one and one a task (version 1): a user who starts very
 * many steps shall not use up what the agent may open (LimitNOFILE= of its unit).
 */
const MOST_OPEN_FILES = 512;

/**
 * CPU time of the user in one job's steps: the sum of those that have ended, and those that live. A job with more steps at a
 * time than may be followed, 256, is not followed any more: what its user used is then not known.
 */
export class JobUserCpu {
  readonly #version: 1 | 2;
  readonly #dir: string;
  readonly #context: StepContext;
  readonly #steps = new Map<string, StepCpu>();
  readonly #children: ChildDirectories;
  #endedNs = 0n;
  #hasSeenStep = false;
  #hasMissedEnd = false;
  #isGivenUp = false;

  /** Does nothing before the first `refresh`. */
  constructor(version: 1 | 2, dir: string, context: JobContext) {
    this.#version = version;
    this.#dir = dir;
    this.#context = { ...context, opened: () => this.#limitOpenFiles() };
    const handlers = {
      isChild: (name: string) => STEP_DIR.test(name),
      appeared: (name: string) => this.#begin(name),
      vanished: (name: string) => this.#settle(name),
    };
    this.#children = new ChildDirectories(dir, handlers, this.#context);
  }

  /**
   * Watches what is not watched yet, and compares what is there with what was.
   * @returns false where the job's directory is gone, or is not the one that it was
   * @throws the system's error
   */
  refresh(): boolean {
    // The steps first: where one is found to be gone the directory is compared.
    for (const [name, step] of [...this.#steps]) {
      this.#context.failures.attempt(join(this.#dir, name), () => {
        step.refresh();
        if (step.isGone) this.#children.check(name);
      });
    }
    return this.#children.refresh();
  }

  /** @returns undefined where no step was seen, or too many */
  userNs(): UserCpu | undefined {
    // A step whose event is still to come may have used what the job's counter has.
    this.#context.failures.attempt(this.#dir, () => this.#children.refresh());
    for (const [name, step] of this.#steps) {
      step.read();
      if (step.isGone) this.#settle(name);
    }
    if (!this.#hasSeenStep || this.#isGivenUp) return undefined;
    let ns = this.#endedNs;
    for (const step of this.#steps.values()) ns += step.ns;
    return { ns, isFinal: this.#steps.size === 0 && !this.#hasMissedEnd };
  }

  /** All steps have ended with the job. */
  close(): void {
    this.#children.close();
    for (const name of this.#steps.keys()) this.#settle(name);
  }

  #begin(name: string): void {
    const dir = join(this.#dir, name);
    const step = this.#version === 2 ? new Step2Cpu(dir, this.#context) : new Step1Cpu(dir, this.#context);
    this.#hasSeenStep = true;
    this.#steps.set(name, step);
    this.#limitOpenFiles();
    if (!this.#isGivenUp) step.refresh();
  }

  #limitOpenFiles(): void {
    let openFiles = 0;
    for (const step of this.#steps.values()) openFiles += step.openFiles;
    if (openFiles <= MOST_OPEN_FILES) return;
    this.#isGivenUp = true;
    this.#children.close();
    for (const step of this.#steps.values()) step.close();
    this.#steps.clear();
  }

  #settle(name: string): void {
    const step = this.#steps.get(name);
    if (step === undefined) return;
    this.#steps.delete(name);
    // Where the event that tells of its end comes after this one.
    step.readEnd();
    this.#endedNs += step.ns;
    if (!step.isCaught) this.#hasMissedEnd = true;
    step.close();
  }
}
