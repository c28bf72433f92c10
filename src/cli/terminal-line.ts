import { cut, visible } from '../report/printable';
import type { Output } from './output';

/** Of a terminal that does not say how wide it is. */
const UNKNOWN_WIDTH = 80;

/** One line on the terminal of stderr that is written over and over; nothing at all where there is no terminal. */
export class TerminalLine {
  readonly #output: Output;
  #isShown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  show(text: string): void {
    const { stderr } = this.#output;
    if (!stderr.isTTY) return;
    stderr.write(`\r\x1b[K${cut(visible(text), (stderr.columns || UNKNOWN_WIDTH) - 1)}`);
    this.#isShown = true;
  }

  /** Says something that stays. */
  note(text: string): void {
    this.clear();
    this.#output.note(text);
  }

  clear(): void {
    if (this.#isShown) this.#output.stderr.write('\r\x1b[K');
    this.#isShown = false;
  }
}
