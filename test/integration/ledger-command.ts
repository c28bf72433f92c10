import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const TOP = join(__dirname, '../..');

export interface LedgerOutcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The actions of `eit ledger`, bundled, as processes that can be killed. */
export class LedgerCommand {
  readonly dir: string;

  constructor() {
    // Below the package, where DuckDB is found.
    mkdirSync(join(TOP, 'node_modules/.cache'), { recursive: true });
    this.dir = mkdtempSync(join(TOP, 'node_modules/.cache/eit-ledger-test-'));
    buildSync({
      absWorkingDir: TOP,
      entryPoints: ['test/integration/ledger-main.ts', 'src/ledger/append.ts', 'src/ledger/durable.ts'],
      outdir: join(this.dir, 'dist'),
      outbase: TOP,
      bundle: true,
      platform: 'node',
      external: ['@duckdb/node-api'],
      define: { __EIT_VERSION__: '"0.1.0"' },
      logLevel: 'warning',
    });
  }

  /** A bundled file, by its source's path. */
  bundled(source: string): string {
    return join(this.dir, 'dist', source.replace(/\.ts$/, '.js'));
  }

  /** Starts `eit ledger ARGS` on a ledger. */
  start(
    ledger: string,
    args: readonly string[],
  ): { readonly child: ChildProcess; readonly ended: Promise<LedgerOutcome> } {
    const config = join(this.dir, `${ledger.replaceAll('/', '_')}.yaml`);
    writeFileSync(config, JSON.stringify({ ledger }));
    return this.startProgram(
      process.execPath,
      [this.bundled('test/integration/ledger-main.ts'), ...args],
      config,
    );
  }

  run(ledger: string, ...args: string[]): Promise<LedgerOutcome> {
    return this.start(ledger, args).ended;
  }

  startProgram(
    program: string,
    args: readonly string[],
    config = '',
  ): { readonly child: ChildProcess; readonly ended: Promise<LedgerOutcome> } {
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: process.env['PATH'], TZ: 'UTC', EIT_CONFIG: config },
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const ended = new Promise<LedgerOutcome>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve({ status, signal, ...output }));
    });
    return { child, ended };
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
