import { type FSWatcher, watch } from 'node:fs';
import type { EitConfig } from '../generated/config';
import type { EventFolder } from './event-folder';
import type { HostReader } from './host-reader';
import type { Log } from './log';

/** What comes together (an array starts, a node empties) is read together. */
const PAUSE_MS = 5;
/** How long the tick of an event waits for a reading of the GPUs that is of its moment. */
const REFRESH_MS = 50;

export interface WakeupParts {
  readonly config: EitConfig;
  readonly events: EventFolder;
  readonly reader: HostReader;
  readonly log: Log;
  readonly tick: () => void;
}

/** What makes the agent read before its next tick is due: a hook's event, and the end of a job's step. */
export class Wakeups {
  readonly #parts: WakeupParts;
  #watcher: FSWatcher | null = null;
  #stepTimer: NodeJS.Timeout | undefined;
  /** Set while the tick of an event waits for the reading that was asked for because of it. */
  #eventTimer: NodeJS.Timeout | undefined;

  constructor(parts: WakeupParts) {
    this.#parts = parts;
  }

  watch(): void {
    this.#watchEvents();
    const { reader, log } = this.#parts;
    reader.watchSteps({
      // What the parent's counter gained up to now is this job's alone, if no other ends in the meantime.
      onEnd: () => this.soon(),
      onError: (reason) => log('warn', `the ends of steps may not be seen: ${reason}`),
    });
  }

  close(): void {
    clearTimeout(this.#eventTimer);
    this.#eventTimer = undefined;
    clearTimeout(this.#stepTimer);
    this.#watcher?.close();
  }

  /** inotify only makes it sooner: every tick looks into the folder. */
  #watchEvents(): void {
    const { config, events, log } = this.#parts;
    const without = (error: unknown): void => {
      const everyS = config.agent.interval_seconds;
      log('warn', `no inotify on ${events.dir} (${String(error)}): events are seen each ${everyS} s`);
    };
    try {
      this.#watcher = watch(events.dir, () => this.#tickAtEvent());
      this.#watcher.on('error', without);
    } catch (error) {
      // The host's watches are used up.
      without(error);
    }
  }

  /** A tick, in which what comes in the next milliseconds is read too. */
  soon(): void {
    this.#stepTimer ??= setTimeout(() => {
      this.#stepTimer = undefined;
      this.#parts.tick();
    }, PAUSE_MS);
  }

  /** What is read now and then is read first, so that it is of the moment in which a run begins or ends. */
  #tickAtEvent(): void {
    if (this.#eventTimer !== undefined) return;
    const refreshed = this.#parts.reader.refresh();
    this.#eventTimer = setTimeout(() => {
      const late = setTimeout(() => this.#endWait(late), REFRESH_MS);
      this.#eventTimer = late;
      void refreshed.then(() => this.#endWait(late));
    }, PAUSE_MS);
  }

  #endWait(late: NodeJS.Timeout): void {
    clearTimeout(late);
    // Another one by now: this wait was ended before.
    if (this.#eventTimer !== late) return;
    this.#eventTimer = undefined;
    this.#parts.tick();
  }
}
