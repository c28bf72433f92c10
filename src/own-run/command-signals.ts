import { readFileSync } from 'node:fs';

/** What this process gets it hands on. */
const HANDED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
/** What a terminal's keys send to all processes in front, the command too. */
const BY_KEYS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** What becomes of the signals that this process gets while it runs a command, and until all of it is written. */
export class CommandSignals {
  /** The command does not get these either. */
  readonly ignored: readonly NodeJS.Signals[];
  readonly #taken = new Map<NodeJS.Signals, () => void>();
  #hand: ((signal: NodeJS.Signals) => void) | null = null;

  /** @param ignored when this process was started, see {@link readIgnoredSignals}; from now on they are again, until it ends */
  constructor(ignored: readonly NodeJS.Signals[]) {
    this.ignored = ignored;
    // No handler would be the system's way, which ends the process.
    for (const signal of ignored) process.on(signal, () => undefined);
  }

  /** From now on no signal ends this process. @param hand gives one to the command */
  handTo(hand: (signal: NodeJS.Signals) => void): void {
    this.#hand = hand;
    for (const signal of HANDED_ON) {
      if (this.ignored.includes(signal) || this.#taken.has(signal)) continue;
      const take = (): void => {
        if (BY_KEYS.includes(signal) && isInFront()) return;
        this.#hand?.(signal);
      };
      this.#taken.set(signal, take);
      process.on(signal, take);
    }
  }

  /** The command has ended: what comes now comes too late for it, and may not cost its records. */
  swallow(): void {
    this.#hand = null;
  }

  /** All is written: signals are this process' own again. */
  close(): void {
    for (const [signal, take] of this.#taken) process.off(signal, take);
    this.#taken.clear();
  }
}

/** Whether keys of the terminal reach this process' group (proc(5): fields 5 and 8 of stat). */
function isInFront(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return fields[2] === fields[5];
}
