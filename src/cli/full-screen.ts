import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import { parseKeys } from '../live/keys';
import { screenDiff } from '../live/screen-diff';
import type { Line } from '../live/screen-line';
import type { Size } from '../live/top-view';

/** Another screen, no cursor, no wrapping at the right edge (xterm, "Functions using CSI"); and back. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** Not through the stream: the process may be about to end. */
const STDOUT = 1;
const UNKNOWN: Size = { columns: 80, rows: 24 };

export interface FullScreenParts {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly hasColours: boolean;
  readonly onKey: (key: string) => void;
  /** The size is another, or the program goes on after it was stopped. */
  readonly onChange: () => void;
  /** The program is to end. */
  readonly onEnd: () => void;
}

/** The terminal while a program has all of it. However the program ends, it gets its screen back. */
export class FullScreen {
  readonly #parts: FullScreenParts;
  #shown: readonly Line[] | null = null;
  #isOn = false;

  constructor(parts: FullScreenParts) {
    this.#parts = parts;
  }

  get size(): Size {
    const { columns, rows } = this.#parts.stdout;
    return { columns: columns || UNKNOWN.columns, rows: rows || UNKNOWN.rows };
  }

  open(): void {
    const { stdin, stdout, onEnd } = this.#parts;
    this.#enter();
    stdin.on('data', this.#onData);
    // The terminal has gone.
    stdin.on('error', onEnd);
    stdin.on('end', onEnd);
    stdout.on('error', onEnd);
    stdout.on('resize', this.#onResize);
    process.on('SIGTSTP', this.#stop);
    process.on('SIGCONT', this.#goOn);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onEnd);
    process.on('exit', this.#leave);
  }

  close(): void {
    const { stdin, stdout, onEnd } = this.#parts;
    this.#leave();
    stdin.off('data', this.#onData);
    stdin.off('error', onEnd);
    stdin.off('end', onEnd);
    stdin.pause();
    stdout.off('resize', this.#onResize);
    process.off('SIGTSTP', this.#stop);
    process.off('SIGCONT', this.#goOn);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(signal, onEnd);
    process.off('exit', this.#leave);
  }

  /** Shows these lines: what of them is there already is not written again. */
  draw(lines: readonly Line[]): void {
    if (!this.#isOn) return;
    const text = screenDiff(this.#shown, lines, this.#parts.hasColours);
    this.#shown = lines;
    if (text !== '') this.#parts.stdout.write(text);
  }

  /** The next time all is drawn. */
  forget(): void {
    this.#shown = null;
  }

  #enter(): void {
    const { stdin, stdout } = this.#parts;
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.resume();
    stdout.write(ENTER);
    this.#isOn = true;
    this.#shown = null;
  }

  /** At once, and where the process is about to end too. */
  readonly #leave = (): void => {
    if (!this.#isOn) return;
    this.#isOn = false;
    const { stdin } = this.#parts;
    try {
      if (stdin.isTTY) stdin.setRawMode(false);
      writeSync(STDOUT, LEAVE);
    } catch {
      // The terminal has gone, and its screen with it.
    }
  };

  readonly #onResize = (): void => {
    this.forget();
    this.#parts.onChange();
  };

  readonly #onData = (chunk: Buffer): void => {
    for (const key of parseKeys(chunk.toString('utf8'))) {
      if (key === 'ctrl-z') this.#stop();
      else if (key === 'ctrl-l') this.#onResize();
      else this.#parts.onKey(key);
    }
  };

  /** As the shell would: the screen comes back while the program is stopped. */
  readonly #stop = (): void => {
    this.#leave();
    process.kill(process.pid, 'SIGSTOP');
  };

  readonly #goOn = (): void => {
    if (!this.#isOn) this.#enter();
    this.#parts.onChange();
  };
}
