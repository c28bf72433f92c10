import { Arrivals } from './arrivals';
import { EventQueue } from './event-queue';
import type { Expectation } from './expectation';
import { type Fate, Fates } from './fates';
import { SyntheticHost } from './host';
import type { JobShape } from './job-mix';
import type { LineBytes } from './line-bytes';
import { nodelist } from './nodelist';
import { STRETCH_MS, type SyntheticPlan } from './plan';
import { Pool } from './pool';
import { type EndState, EXIT_CODES, type Job, type Run } from './run';
import { runOutcome, type RunOutcome } from './sacct-text';

const GPU_HOST_PART = 0.25;
/** Who waits longer gives up. */
const MOST_PATIENCE_MS = 12 * 3_600_000;
const MOST_WAITING = 50_000;
const REQUEUE_PAUSE_MS = 120_000;
const MOST_RESTARTS = 3;

type Event =
  | { readonly kind: 'end'; readonly run: Run }
  | { readonly kind: 'down' | 'up'; readonly host: SyntheticHost }
  | { readonly kind: 'requeue'; readonly job: Job };

export interface ClusterParts {
  readonly plan: SyntheticPlan;
  readonly expectation: Expectation;
  /** For a host: what takes its lines, each with the time (Unix ms) at which it ends. */
  readonly writer: (host: string) => (line: LineBytes, toMs: number) => void;
  /** Takes what Slurm's accounting would have of a run, or of a job that never ran. */
  readonly account: (job: Job, outcome: RunOutcome) => void;
}

/** Hosts, users and a scheduler: what happens on a made-up cluster, stretch by stretch. */
export class SyntheticCluster {
  readonly #parts: ClusterParts;
  readonly #hosts: readonly SyntheticHost[];
  readonly #cpuPool: Pool;
  readonly #gpuPool: Pool;
  readonly #events = new EventQueue<Event>();
  readonly #arrivals: Arrivals;
  readonly #fates: Fates;
  readonly #running = new Set<Run>();

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    const { plan } = parts;
    const gpuHosts =
      plan.gpusPerNode > 0 && plan.hosts > 1 ? Math.max(1, Math.round(plan.hosts * GPU_HOST_PART)) : 0;
    const cpuHosts = plan.hosts - gpuHosts;
    this.#cpuPool = new Pool(this.#newHosts('c', cpuHosts, 0));
    this.#gpuPool = new Pool(this.#newHosts('g', gpuHosts, plan.gpusPerNode));
    this.#hosts = [...this.#cpuPool.hosts, ...this.#gpuPool.hosts];
    const site = { cpuHosts, gpuHosts, gpusPerNode: plan.gpusPerNode };
    this.#arrivals = new Arrivals(plan, site);
    this.#fates = new Fates(plan.seed);
    for (const host of this.#hosts) this.#planFailure(host, plan.sinceMs);
  }

  /** All that happens in the stretch that begins then. */
  runStretch(fromMs: number): void {
    const toMs = fromMs + (this.#parts.plan.stretchMs ?? STRETCH_MS);
    const month = new Date(fromMs).toISOString().slice(0, 'YYYY-MM'.length);
    for (const host of this.#hosts) host.beginStretch(month);
    this.#giveUp(fromMs);
    for (const pool of [this.#cpuPool, this.#gpuPool]) this.#startWaiting(pool, fromMs);

    const submits = this.#arrivals.times(fromMs);
    let next = 0;
    for (;;) {
      const eventMs = this.#events.nextMs;
      const submitMs = submits[next] ?? Infinity;
      if (Math.min(eventMs, submitMs) > toMs) break;
      if (submitMs < eventMs) {
        next++;
        this.#submit(this.#arrivals.jobs(submitMs), submitMs);
      } else {
        this.#happen(this.#events.take(), eventMs);
      }
    }
    for (const host of this.#hosts) host.endStretch(toMs);
  }

  /** Tells the accounting of what has not ended. */
  finish(): void {
    for (const run of this.#running) {
      this.#parts.account(run.job, runOutcome(run, null, 'RUNNING', '0:0'));
    }
    for (const job of [...this.#cpuPool.waiting, ...this.#gpuPool.waiting].flatMap(withComponents)) {
      this.#neverRan(job, null, 'PENDING');
    }
  }

  #newHosts(prefix: string, count: number, gpus: number): SyntheticHost[] {
    const { plan, expectation, writer } = this.#parts;
    const { cluster, tool, seed, sinceMs } = plan;
    const width = Math.max(4, String(count).length);
    return Array.from({ length: count }, (_, i) => {
      const name = `${prefix}${String(i + 1).padStart(width, '0')}`;
      const write = writer(name);
      return new SyntheticHost({ name, gpus, cluster, tool, seed, expectation, write }, sinceMs);
    });
  }

  #submit(jobs: readonly Job[], atMs: number): void {
    for (const job of jobs) {
      if (job.components.length === 0 || job === job.components[0]) this.#queue(job, atMs);
    }
  }

  #poolOf(shape: JobShape): Pool {
    return shape.partition === 'gpu' ? this.#gpuPool : this.#cpuPool;
  }

  #queue(job: Job, atMs: number): void {
    job.queuedMs = atMs;
    const pool = this.#poolOf(job.shape);
    if (this.#tryStart(job, atMs)) return;
    if (pool.waiting.length < MOST_WAITING) pool.waiting.push(job);
    else for (const one of withComponents(job)) this.#neverRan(one, atMs, 'CANCELLED');
  }

  #tryStart(job: Job, atMs: number): boolean {
    if (job.components.length > 0) return this.#tryStartHet(job.components, atMs);
    const hosts = this.#poolOf(job.shape).find(job.shape);
    if (hosts === null) return false;
    this.#start(job, hosts, atMs, this.#fates.ofRun(job.shape));
    return true;
  }

  /** All components or none; on hosts of their own, so that one does not take the room that another was told of. */
  #tryStartHet(jobs: readonly Job[], atMs: number): boolean {
    const taken = new Set<SyntheticHost>();
    const found = jobs.map(({ shape }) => {
      const free = this.#poolOf(shape).hosts.filter((host) => !taken.has(host) && host.hasRoom(shape));
      const hosts = free.slice(0, shape.nodes);
      for (const host of hosts) taken.add(host);
      return hosts;
    });
    if (found.some((hosts, i) => hosts.length < jobs[i]!.shape.nodes)) return false;
    const fate = this.#fates.ofRun(jobs[0]!.shape);
    for (const [i, job] of jobs.entries()) this.#start(job, found[i]!, atMs, fate);
    return true;
  }

  #start(job: Job, hosts: readonly SyntheticHost[], atMs: number, fate: Fate): void {
    const run: Run = {
      job,
      restart: job.restart,
      startMs: atMs,
      end: fate.end,
      fragments: [],
      nodelist: nodelist(hosts),
      hosts,
      counted: { month: '' },
      group: null,
      groupMonth: '',
      isOver: false,
      energyUj: 0,
    };
    for (const host of hosts) host.start(run, atMs);
    this.#running.add(run);
    this.#events.add(atMs + fate.ms, { kind: 'end', run });
  }

  #happen(event: Event, atMs: number): void {
    switch (event.kind) {
      case 'end':
        if (!event.run.isOver) this.#end(event.run, atMs, event.run.end, null);
        return;
      case 'requeue':
        this.#queue(event.job, atMs);
        return;
      case 'down':
        this.#fail(event.host, atMs);
        return;
      case 'up':
        event.host.comeUp(atMs);
        this.#planFailure(event.host, atMs);
        return;
    }
  }

  /** @param failed the host that took the run with it */
  #end(run: Run, atMs: number, state: EndState, failed: SyntheticHost | null): void {
    run.isOver = true;
    this.#running.delete(run);
    const { job, hosts } = run;
    for (const [i, host] of hosts.entries()) {
      host.end(run.fragments[i]!, atMs, { state, by: host === failed ? 'reboot' : 'epilog' });
    }
    const isRequeued =
      (state === 'PREEMPTED' || state === 'NODE_FAIL') &&
      job.restart < MOST_RESTARTS &&
      job.components.length === 0;
    const shown = state === 'CANCELLED' ? `CANCELLED by ${job.user.uid}` : isRequeued ? 'REQUEUED' : state;
    this.#parts.account(job, runOutcome(run, atMs, shown, EXIT_CODES[state]));
    if (isRequeued) {
      job.restart++;
      this.#events.add(atMs + REQUEUE_PAUSE_MS, { kind: 'requeue', job });
    }
    const pool = this.#poolOf(job.shape);
    pool.release();
    for (;;) {
      const found = pool.takeFor(hosts);
      if (found === null) return;
      this.#start(found.job, [found.host], atMs, this.#fates.ofRun(found.job.shape));
    }
  }

  #fail(host: SyntheticHost, atMs: number): void {
    // From now on nothing starts here.
    host.isDown = true;
    for (const { run } of [...host.fragments]) {
      // The components of a het job end together.
      const runs = [...this.#running].filter(({ job }) => job.components === run.job.components);
      for (const one of run.job.components.length > 0 ? runs : [run]) this.#end(one, atMs, 'NODE_FAIL', host);
    }
    host.goDown(atMs);
    this.#events.add(atMs + this.#fates.downMs(), { kind: 'up', host });
  }

  #planFailure(host: SyntheticHost, atMs: number): void {
    this.#events.add(atMs + this.#fates.upMs(), { kind: 'down', host });
  }

  /** Jobs that have waited too long are cancelled by their users. */
  #giveUp(atMs: number): void {
    for (const pool of [this.#cpuPool, this.#gpuPool]) {
      const given = pool.waiting.filter(({ queuedMs }) => atMs - queuedMs > MOST_PATIENCE_MS);
      if (given.length === 0) continue;
      pool.waiting = pool.waiting.filter(({ queuedMs }) => atMs - queuedMs <= MOST_PATIENCE_MS);
      for (const job of given.flatMap(withComponents)) this.#neverRan(job, atMs, 'CANCELLED');
    }
  }

  /** What may start of those that wait; it takes longer than a look at a single host. */
  #startWaiting(pool: Pool, atMs: number): void {
    pool.release();
    const waiting = pool.waiting;
    pool.waiting = [];
    // Once there was no room for so many CPUs there is none for more.
    let tooMany = Infinity;
    const rest = waiting.filter((job) => {
      const size = job.shape.nodes * 1000 + job.shape.cpus;
      if (size >= tooMany && job.components.length === 0) return true;
      if (this.#tryStart(job, atMs)) return false;
      if (job.components.length === 0) tooMany = Math.min(tooMany, size);
      return true;
    });
    pool.waiting = [...rest, ...pool.waiting];
  }

  #neverRan(job: Job, endMs: number | null, state: 'CANCELLED' | 'PENDING'): void {
    const shown = state === 'CANCELLED' ? `CANCELLED by ${job.user.uid}` : state;
    const { restart } = job;
    this.#parts.account(job, { startMs: null, endMs, state: shown, exitCode: '0:0', restart, energyUj: 0 });
  }
}

function withComponents(job: Job): readonly Job[] {
  return job.components.length > 0 ? job.components : [job];
}
