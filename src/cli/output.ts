import type { WriteStream } from 'node:tty';
import { isErrno } from '../errors';
import { visible } from '../report/printable';

/** How long a command may take before it shows its progress. */
const PATIENCE_MS = 300;
const REDRAW_MS = 100;
const BAR_WIDTH = 24;

/** Where a command writes: results to stdout, all else to stderr. */
export class Output {
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  readonly #program: string;
  readonly #said = new Set<string>();
  #failure: Error | null = null;

  /** @param program what messages begin with */
  constructor(program: string, stdout: WriteStream, stderr: WriteStream) {
    this.#program = program;
    this.stdout = stdout;
    this.stderr = stderr;
    stdout.on('error', (error) => (this.#failure ??= error));
    // Nobody reads what we say about it.
    stderr.on('error', () => undefined);
  }

  /**
   * Writes to stdout, no faster than it is read.
   * @returns false where the reader has gone (`| head`): no error, there is just nobody left to write to
   * @throws the system's error where stdout cannot be written (disk full)
   */
  async write(pieces: Iterable<string>): Promise<boolean> {
    for (const text of inChunks(pieces)) {
      if (!this.#isOpen()) return false;
      await new Promise<void>((resolve) => {
        this.stdout.write(text, () => resolve());
      });
    }
    // The stream tells of an error after the callback of the write.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#isOpen();
  }

  /** Says something beside the result; what is not ours to trust in it is made visible. */
  note(text: string): void {
    const lines = text.split('\n').map((line) => visible(line));
    this.stderr.write(`${this.#program}: ${lines.join('\n')}\n`);
  }

  /** As {@link note}, once, however often a command comes by it. */
  noteOnce(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.note(text);
  }

  /** Shows on a terminal how far a command is; `done` takes it away again. */
  progress(what: string): { update(done: number, all: number): void; done(): void } {
    const startMs = Date.now();
    let drawnMs = 0;
    return {
      update: (done, all) => {
        const nowMs = Date.now();
        if (!this.stderr.isTTY || nowMs - startMs < PATIENCE_MS || nowMs - drawnMs < REDRAW_MS) return;
        drawnMs = nowMs;
        const part = all > 0 ? Math.min(1, done / all) : 0;
        const filled = '#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
        this.stderr.write(`\r\x1b[K${what} [${filled}] ${Math.floor(part * 100)} % (${done}/${all})`);
      },
      done: () => {
        if (drawnMs > 0) this.stderr.write('\r\x1b[K');
      },
    };
  }

  #isOpen(): boolean {
    if (this.#failure === null) return true;
    if (isErrno(this.#failure, 'EPIPE')) return false;
    throw this.#failure;
  }
}

/** Joins pieces, so that a table is one write and not one a line. */
function* inChunks(pieces: Iterable<string>): Iterable<string> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < 65_536) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
