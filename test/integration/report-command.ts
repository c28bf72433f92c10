import { spawn, type SpawnOptions } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const TOP = join(__dirname, '../..');

/** A ledger with what a cluster's life leaves behind: test/fixtures/ledger/generate.mjs says what. */
export const LEDGER = join(TOP, 'test/fixtures/ledger/two-clusters');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The commands as users have them, bundled, in a folder of their own below the package. */
export class ReportCommand {
  readonly dir: string;

  constructor() {
    // The commands look for data/ beside their own folder; dist/ itself belongs to the build.
    mkdirSync(join(TOP, 'node_modules/.cache'), { recursive: true });
    this.dir = mkdtempSync(join(TOP, 'node_modules/.cache/eit-report-test-'));
    // An ordinary user runs them too.
    chmodSync(this.dir, 0o755);
    symlinkSync(join(TOP, 'data'), join(this.dir, 'data'));
    buildSync({
      absWorkingDir: TOP,
      entryPoints: ['src/cli/eit.ts', 'src/cli/eit-report.ts', 'src/cli/eit-quota.ts'],
      outdir: join(this.dir, 'dist'),
      bundle: true,
      platform: 'node',
      define: { __EIT_VERSION__: '"0.0.1"' },
      logLevel: 'warning',
    });
    this.config('eit.yaml', { ledger: LEDGER });
  }

  /** Writes a config of plain values; returns its path. */
  config(name: string, values: Readonly<Record<string, unknown>>): string {
    return this.configText(name, `${JSON.stringify(values)}\n`);
  }

  /** Writes a config as it is; returns its path. */
  configText(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    return path;
  }

  script(program: 'eit' | 'eit-report' | 'eit-quota'): string {
    return join(this.dir, 'dist', `${program}.js`);
  }

  /** Runs eit-report in Berlin, with the fixture's ledger. */
  report(args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
    return this.run(process.execPath, [this.script('eit-report'), ...args], options);
  }

  run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
    const env = {
      PATH: process.env['PATH'],
      TZ: 'Europe/Berlin',
      EIT_CONFIG: join(this.dir, 'eit.yaml'),
      SLURM_CONF: join(this.dir, 'slurm.conf'),
      ...options.env,
    };
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: '/', ...options, env });
      let [stdout, stderr] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }
}
