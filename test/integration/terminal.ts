import { Terminal } from '@xterm/headless';
import type * as NodePty from 'node-pty';
import { until } from '../cluster/until';

/** A program in a real terminal (a pty of the kernel's), with what an emulator makes of what it writes. */
export class RealTerminal {
  readonly pty: NodePty.IPty;
  readonly emulator: Terminal;
  /** All that it wrote. */
  written = '';
  #bytes = 0;
  exit: { readonly exitCode: number; readonly signal?: number } | null = null;

  constructor(
    program: string,
    args: readonly string[],
    options: {
      readonly columns: number;
      readonly rows: number;
      readonly env: Readonly<Record<string, string>>;
    },
  ) {
    const { columns: cols, rows, env } = options;
    this.emulator = new Terminal({ cols, rows, allowProposedApi: true });
    // Only here: it is optional, and describeTerminal has seen whether it is there.
    this.pty = jest.requireActual<typeof NodePty>('node-pty').spawn(program, [...args], {
      name: env['TERM'] ?? 'xterm',
      cols,
      rows,
      cwd: '/',
      env: { ...env },
    });
    this.pty.onData((data) => {
      this.written += data;
      this.#bytes += Buffer.byteLength(data);
      this.emulator.write(data);
    });
    this.pty.onExit((exit) => (this.exit = exit));
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isAlternate(): boolean {
    return this.emulator.buffer.active.type === 'alternate';
  }

  lines(): string[] {
    const { active } = this.emulator.buffer;
    return Array.from(
      { length: this.emulator.rows },
      (_, i) => active.getLine(active.baseY + i)?.translateToString(true) ?? '',
    );
  }

  text(): string {
    return this.lines().join('\n');
  }

  /** Waits until the screen shows what is looked for. */
  async shows(wanted: RegExp): Promise<string> {
    return until(
      `the screen to show ${String(wanted)}`,
      30_000,
      () => (wanted.test(this.text()) ? this.text() : undefined),
      () => this.text(),
    );
  }

  async ended(): Promise<{ readonly exitCode: number; readonly signal?: number }> {
    return until(
      'the program to end',
      20_000,
      () => this.exit ?? undefined,
      () => this.text(),
    );
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows);
    this.pty.resize(columns, rows);
  }

  end(): void {
    if (this.exit === null) this.pty.kill('SIGKILL');
    this.emulator.dispose();
  }
}
