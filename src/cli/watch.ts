import { setTimeout as sleep } from 'node:timers/promises';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { type LoadedConfig, loadConfig } from '../config/config';
import { EitError } from '../errors';
import type { ReportFigures } from '../generated/report';
import type { WatchLine } from '../generated/watch';
import { endText, ledgerLine, nothingOf, seenText } from '../live/watch-end';
import { runsOfJob, watchLine, watchText } from '../live/watched-job';
import { isOver, oneOf } from '../slurm/queued-job';
import { type QueuedJob, readQueue } from '../slurm/squeue';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION, lastGiven } from './given';
import { tryJobFigures } from './job-figures';
import { liveFactor } from './live-factor';
import { TerminalLine } from './terminal-line';
import { WatchStep } from './watch-step';

const DEFAULT_SECONDS = 2;
const LONGEST_SECONDS = 3600;
/** Slurm's controller is not asked more often than this while something else tells of the job. */
const QUEUE_MS = 15_000;
const SQUEUE_MS = 30_000;
/** A ledger changes each five minutes. */
const LEDGER_MS = 60_000;
/** How long the record of a job's end is waited for: through the inbox it comes in seconds. */
const LAST_RECORD_MS = 20_000;
const LOOK_MS = 200;
/** Where the output is no terminal. */
const WIDE = 200;

export const options: Readonly<Record<string, Options>> = {
  interval: {
    alias: 'd',
    type: 'string',
    requiresArg: true,
    describe: `seconds between two lines, from 1; default: ${DEFAULT_SECONDS}`,
  },
  once: { type: 'boolean', describe: 'print what is now and end' },
  json: { type: 'boolean', describe: 'a line of JSON each time: WatchLine of schemas/watch.schema.json' },
  step: {
    type: 'boolean',
    default: true,
    describe: 'start a step in the job to see it live; --no-step: by its records alone',
  },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['1234', "the job's watts now and energy so far, until it ends"],
  ['1234_5 --once', 'one look at a task of an array'],
  ['1234+1 --json --interval 10', 'a part of a heterogeneous job, for a program'],
];

export const epilogue =
  "Live by a step in the job (srun --overlap): the job's user and root can have one. It takes some CPU time of the job. For others, and where no step " +
  "starts, by the job's records, which are up to some minutes old, as far as they may read them. docs/live.md";

/** `eit watch JOB`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env: surroundings.env });
  const watch = new Watch({
    id: jobId(lastGiven(argv['job'])),
    intervalS: interval(lastGiven(argv['interval'])),
    isOnce: argv['once'] === true,
    isJson: argv['json'] === true,
    withStep: argv['step'] !== false,
    configPath: path,
    loaded,
    surroundings,
  });
  return await watch.run();
}

interface WatchParts {
  readonly id: string;
  readonly intervalS: number;
  readonly isOnce: boolean;
  readonly isJson: boolean;
  readonly withStep: boolean;
  readonly configPath: string | undefined;
  readonly loaded: LoadedConfig;
  readonly surroundings: Surroundings;
}

/** One job, until it ends. */
class Watch {
  readonly #parts: WatchParts;
  readonly #shown: TerminalLine;
  #step: WatchStep | null = null;
  /** Why there is no step; null: there may be one. */
  #noStep: string | null;
  /** What the ledger had at the last look, and when that was (ms); a text: why it has nothing for us. */
  #ledger: { readonly atMs: number; readonly figures: ReportFigures | string | null } | null = null;
  #last: WatchLine | null = null;
  #isOpen = true;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#shown = new TerminalLine(parts.surroundings.output);
    this.#noStep = parts.withStep ? null : '--no-step';
  }

  async run(): Promise<number> {
    const stop = (): void => this.#step?.stop();
    process.on('exit', stop);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, this.#interrupted);
    try {
      return await this.#watch();
    } finally {
      this.#shown.clear();
      stop();
      process.off('exit', stop);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#interrupted);
    }
  }

  readonly #interrupted = (): void => {
    this.#isOpen = false;
    this.#step?.stop();
  };

  async #watch(): Promise<number> {
    const { id, intervalS, isOnce } = this.#parts;
    let job = oneOf(await this.#queue(), id);
    let askedMs = performance.now();
    if (job === null) return await this.#tellOfEnded(id);
    const first = job;
    while (job !== null && this.#isOpen && !isOver(job)) {
      const line = await this.#look(job);
      // One look is worth waiting for the step's first word.
      if (!(isOnce && this.#isAwaited(line))) {
        await this.#print(line);
        if (isOnce || !this.#isOpen) return 0;
      }
      const hadStep = this.#step !== null && !this.#step.hasEnded;
      await this.#pause(isOnce || this.#isAwaited(line) ? LOOK_MS : intervalS * 1000);
      const isStepOver = hadStep && this.#step?.hasEnded === true;
      if (isStepOver || performance.now() - askedMs > Math.max(intervalS * 1000, QUEUE_MS)) {
        askedMs = performance.now();
        job = oneOf(await this.#queue(), String(first.job));
      }
    }
    if (!this.#isOpen) return 0;
    return await this.#tellEnd(first, job?.state ?? 'ENDED');
  }

  #queue(): Promise<QueuedJob[]> {
    const { env } = this.#parts.surroundings;
    return readQueue({ program: 'squeue', env, timeoutMs: SQUEUE_MS }, this.#parts.id);
  }

  /** Whether the step has been started and has not said anything yet. */
  #isAwaited({ from, state }: WatchLine): boolean {
    return state === 'RUNNING' && from === 'none' && this.#step !== null && !this.#step.hasEnded;
  }

  async #look(job: QueuedJob): Promise<WatchLine> {
    const nowMs = Date.now();
    if (job.state === 'RUNNING' && this.#noStep === null) {
      this.#startStep(job);
      const runs = runsOfJob(this.#step?.snapshots.values() ?? [], job.job);
      if (runs.length > 0) {
        const factor = liveFactor(this.#parts.loaded, runs[0]?.cluster ?? '', nowMs);
        return watchLine(job, runs, factor?.gPerKwh ?? null, nowMs);
      }
      if (this.#step?.hasEnded !== true) return watchLine(job, [], null, nowMs);
      this.#noStep = this.#step.complaint;
      this.#note(`not live, since no step starts in the job: ${this.#noStep}`);
    }
    if (job.state === 'PENDING') return watchLine(job, [], null, nowMs);
    return await this.#lookIntoLedger(job, nowMs);
  }

  #startStep(job: QueuedJob): void {
    const { surroundings, intervalS, configPath: config } = this.#parts;
    this.#step ??= new WatchStep({
      srun: 'srun',
      env: surroundings.env,
      job: job.job,
      nodes: job.nodes,
      intervalS,
      config,
      asUser: surroundings.uid === 0 && job.uid !== 0 ? { uid: job.uid, gid: job.gid } : null,
    });
  }

  async #lookIntoLedger(job: QueuedJob, nowMs: number): Promise<WatchLine> {
    if (this.#ledger === null || nowMs - this.#ledger.atMs > LEDGER_MS) {
      const isFirst = this.#ledger === null;
      const figures = await tryJobFigures(this.#parts.loaded, this.#parts.surroundings, job.job);
      this.#ledger = { atMs: nowMs, figures };
      if (isFirst && typeof figures === 'string') this.#note(`nothing of its records: ${figures}`);
      if (isFirst && figures === null)
        this.#note('the ledger has nothing of this job that you may read (yet)');
    }
    const none = watchLine(job, [], null, nowMs);
    const { figures } = this.#ledger;
    return figures === null || typeof figures === 'string' ? none : ledgerLine(none, figures);
  }

  async #print(line: WatchLine): Promise<void> {
    if (line.from === 'live') this.#last = line;
    const { isJson, isOnce, surroundings } = this.#parts;
    const { output } = surroundings;
    const clock = DateTime.fromISO(line.at).toFormat('HH:mm:ss');
    if (isJson) this.#isOpen = (await output.write([`${JSON.stringify(line)}\n`])) && this.#isOpen;
    else if (isLineTerminal(surroundings) && !isOnce)
      this.#shown.show(watchText(line, clock, (output.stderr.columns || 80) - 1));
    else this.#isOpen = (await output.write([`${watchText(line, clock, WIDE)}\n`])) && this.#isOpen;
  }

  #note(text: string): void {
    this.#shown.note(text);
  }

  async #pause(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    while (this.#isOpen && performance.now() < untilMs) {
      await sleep(Math.min(LOOK_MS, Math.max(1, untilMs - performance.now())));
      if (this.#step?.hasEnded === true && this.#noStep === null) return;
    }
  }

  /** Slurm has forgotten it, or never knew it. */
  async #tellOfEnded(id: string): Promise<number> {
    const number = /^\d+$/.test(id) ? Number(id) : null;
    const figures =
      number === null ? null : await tryJobFigures(this.#parts.loaded, this.#parts.surroundings, number);
    if (figures === null || typeof figures === 'string') {
      const why = typeof figures === 'string' ? figures : 'the ledger has nothing of it that you may read';
      throw new EitError(
        'EIT_LIVE',
        `job ${id} neither waits nor runs, and ${why}; eit-report -j ${id} tells of ended jobs`,
      );
    }
    await this.#printFigures(id, 'ENDED', figures);
    return 0;
  }

  async #tellEnd(job: QueuedJob, state: string): Promise<number> {
    this.#step?.stop();
    const { loaded, surroundings } = this.#parts;
    const seenJ = this.#last?.energy_j ?? 0;
    const deadlineMs = performance.now() + LAST_RECORD_MS;
    for (;;) {
      const figures = await tryJobFigures(loaded, surroundings, job.job);
      const isHere = figures !== null && typeof figures !== 'string';
      // Its last record holds no less than what was seen of it.
      if (isHere && figures.energy_kwh.it * 3.6e6 >= seenJ * 0.999) {
        await this.#printFigures(job.shown, state, figures);
        return 0;
      }
      if (typeof figures === 'string' || performance.now() > deadlineMs || !this.#isOpen) break;
      await sleep(1000);
    }
    await this.#printLast(job, state);
    return 0;
  }

  async #printFigures(shown: string, state: string, figures: ReportFigures): Promise<void> {
    this.#shown.clear();
    const { output } = this.#parts.surroundings;
    if (this.#parts.isJson) {
      await this.#printFinal(ledgerLine(nothingOf(shown, state, Date.now()), figures));
      return;
    }
    await output.write([endText(shown, state, figures)]);
  }

  async #printFinal(line: WatchLine): Promise<void> {
    await this.#parts.surroundings.output.write([`${JSON.stringify({ ...line, final: true })}\n`]);
  }

  /** Its record is not here (yet), or not ours to read: what was seen last. */
  async #printLast(job: QueuedJob, state: string): Promise<void> {
    this.#shown.clear();
    const { isJson, surroundings } = this.#parts;
    const line = this.#last;
    if (isJson) {
      await this.#printFinal({ ...(line ?? nothingOf(job.shown, state, Date.now())), state });
      return;
    }
    await surroundings.output.write([seenText(job, state, line)]);
  }
}

function isLineTerminal({ output, env }: Surroundings): boolean {
  return output.stdout.isTTY && output.stderr.isTTY && env['TERM'] !== 'dumb';
}

function jobId(text: string | undefined): string {
  if (text !== undefined && /^\d{1,10}(?:_\d{1,10}|\+\d{1,5})?$/.test(text)) return text;
  throw new EitError(
    'EIT_USAGE',
    `eit watch takes a job: its id, a task of an array (1234_5) or a part of a heterogeneous job (1234+1)${text === undefined ? '' : `, not ${JSON.stringify(text)}`}`,
  );
}

function interval(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SECONDS;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= LONGEST_SECONDS) return value;
  throw new EitError(
    'EIT_USAGE',
    `--interval takes seconds from 1 to ${LONGEST_SECONDS}, not ${JSON.stringify(text)}`,
  );
}
