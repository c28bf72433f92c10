import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EitReport } from '../../src/generated/report';
import { tail } from '../cluster/processes';
import { debianMirror } from './availability';
import { type BaseImage, baseImage, ownDir } from './base-image';
import { GuestBooks } from './ledger';
import { bootUntilSaid, Machine } from './machine';
import { makeMachineDisk, readMachineDisk } from './machine-disk';

// Bounds for what hangs. An emulated machine beside a busy one takes minutes for what is seconds' work.
const SCENARIOS_BOUND_MS = 20 * 60_000;
const SECOND_BOOT_BOUND_MS = 15 * 60_000;

/** Who was in which cgroup while a job ran. */
export interface During {
  readonly agentPid: number;
  readonly agentCgroup: string;
  readonly agentOomScoreAdj: number;
  readonly slurmdCgroup: string;
  readonly jobCgroup: string;
  /** CPUs that the job may run on, as the kernel lists them. */
  readonly jobCpuset: string;
}

export interface Service {
  readonly enabled: string;
  readonly active: string;
  readonly agentPid: number;
  readonly agentCgroup: string | null;
}

/** What of the package is there, and what dpkg and the package's scripts said. */
export interface PackageFacts {
  readonly words: string;
  /** dpkg's abbreviation of it, such as `ii `, and the version. */
  readonly dpkgState: string;
  /** Prolog and epilog: `absent`, `link` or `script of N lines`. */
  readonly hooks: readonly string[];
  readonly config: string | null;
  readonly isLedgerThere: boolean;
}

interface Node {
  readonly node: { readonly state: string; readonly reason: string | null };
}

/** What one job was seen to do, by test/guest/inside/scenarios.mjs. */
export interface OneJob extends Node {
  readonly during: During;
  readonly job: number;
  readonly jobState: string;
  /** CPU time that the job's cgroup held at the end of the job's script. */
  readonly jobCpuUs: number;
  /** The same some seconds earlier, when an agent was known to run. */
  readonly jobCpuUsWhenLooked: number;
  /** From the end of the job's script until Slurm had nothing of the job any more. */
  readonly msToQuiet: number;
}

/** The scenarios of test/guest/inside/scenarios.mjs, and what they saw. */
export interface Scenarios {
  readonly 'package installed': Node & Service & PackageFacts;
  readonly boot: Node &
    Service & {
      readonly controllers: string;
      readonly versions: Readonly<Record<'slurm' | 'systemd' | 'kernel' | 'node', string>>;
    };
  readonly 'agent killed in mid-job': OneJob & {
    readonly killed: number;
    readonly next: number;
    readonly restarts: string;
  };
  readonly 'no unit, slurmd restarted in mid-job': OneJob & {
    readonly after: { readonly agentPid: number };
    readonly left: boolean;
  };
  readonly 'RunInJob, no unit': OneJob & { readonly flags: string; readonly left: boolean };
  readonly 'RunInJob, service stopped': OneJob & Service;
  readonly 'RunInJob, service running': OneJob;
  readonly report: { readonly report: EitReport };
  readonly 'before the cut': Node & { readonly job: number; readonly during: During; readonly boot: string };
  readonly 'after the cut': Node & Service & { readonly boot: string };
  readonly 'package upgraded in mid-job': OneJob & Service & PackageFacts & { readonly next: number };
  readonly 'package removed in mid-job': Node &
    PackageFacts & { readonly agentPid: number; readonly states: readonly string[] };
  readonly 'package purged, hooks not called any more': Node & PackageFacts;
}

/** A line of what the scenarios left. */
interface Result {
  readonly scenario: keyof Scenarios;
  readonly seconds: number;
  readonly facts?: unknown;
  readonly error?: string;
}

/** All scenarios in one machine, which is then off: what they saw, and what is on the machine's disk. */
export class GuestRun {
  private readonly dir: string;
  private readonly machines: Machine[] = [];
  private results: readonly Result[] = [];
  private readBooks: GuestBooks | undefined;

  constructor() {
    this.dir = ownDir('run');
  }

  /** Minutes. @throws Error with the console's last lines where the machine does not get to its end */
  async run(): Promise<void> {
    const base = await baseImage(debianMirror());
    const disk = await makeMachineDisk(base, this.dir);

    await this.bootAndCut(base, disk, 'console-1', 'cut the power now', SCENARIOS_BOUND_MS);
    await this.bootAndCut(base, disk, 'console-2', 'done', SECOND_BOOT_BOUND_MS);

    const folders = ['/var/lib/eit', '/var/lib/eit-guest', '/var/log/slurm'];
    await readMachineDisk(disk, folders, join(this.dir, 'disk'));
    const lines = readFileSync(this.onDisk('eit-guest/results.ndjson'), 'utf8').split('\n').slice(0, -1);
    this.results = lines.map((line) => JSON.parse(line) as Result);
    const laws = ['law-1.log', 'law.log'].map((file) => this.onDisk(`eit-guest/${file}`));
    this.readBooks = new GuestBooks(this.onDisk('eit/ledger/guest/inbox'), laws);
  }

  private async bootAndCut(
    base: BaseImage,
    disk: string,
    name: string,
    until: string,
    boundMs: number,
  ): Promise<void> {
    const powerOn = (boot: number): Machine => {
      const machine = new Machine(base, disk, join(this.dir, `${name}.${boot}.log`));
      this.machines.push(machine);
      return machine;
    };
    const machine = await bootUntilSaid(powerOn, `eit-guest: ${until}`, boundMs);
    await machine.cutPower();
  }

  /** @throws Error with the machine's logs where the scenario failed */
  facts<K extends keyof Scenarios>(scenario: K): Scenarios[K] {
    const result = this.results.find((each) => each.scenario === scenario);
    const { facts, error = 'it did not run' } = result ?? {};
    if (facts === undefined) throw new Error(`scenario "${scenario}": ${error}\n${this.logs()}`);
    return facts as Scenarios[K];
  }

  get books(): GuestBooks {
    if (this.readBooks === undefined) throw new Error('the machine did not get to its end');
    return this.readBooks;
  }

  /** What the hooks had to say in the system's log, over both boots. */
  get hookComplaints(): string {
    return ['1', '2'].map((boot) => tail(this.onDisk(`eit-guest/hooks-journal-${boot}.log`))).join('');
  }

  logs(): string {
    const files = ['journal-1.log', 'journal-2.log'].map((file) => `eit-guest/${file}`);
    return [...files, 'slurm/slurmd.log', 'slurm/slurmctld.log']
      .map((file) => `--- ${file}\n${tail(this.onDisk(file), 60)}`)
      .join('\n');
  }

  /** Ends the machine if it runs and removes all but the cached system. */
  async end(): Promise<void> {
    for (const machine of this.machines) await machine.cutPower();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private onDisk(path: string): string {
    return join(this.dir, 'disk', path);
  }
}
