import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, until } from '../cluster/until';

const PROGRAMS = ['prometheus', 'promtool', 'prometheus-node-exporter'];

/** Why no Prometheus can be had here; undefined where it can. Where tests are required to run, they fail instead. */
export const noPrometheus =
  process.env['EIT_REQUIRE_CLUSTER'] === '1' ||
  PROGRAMS.every((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0)
    ? undefined
    : 'needs the packages prometheus and prometheus-node-exporter';

export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** promtool's verdict on a text or on files: its exit status and all that it said. */
export function promtool(args: readonly string[], input = ''): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, text: `${stdout}${stderr}` };
}

/** A real Prometheus on loopback that scrapes a real node_exporter each second, which reads the files of one folder. */
export class Prometheus {
  readonly dir = mkdtempSync(join(tmpdir(), 'eit-prometheus-'));
  /** Of node_exporter's textfile collector. */
  readonly textfiles = join(this.dir, 'textfiles');
  readonly #children: ChildProcess[] = [];
  #url = '';
  #said = '';

  constructor() {
    mkdirSync(this.textfiles);
  }

  /**
   * @param ruleFiles absolute paths
   * @param others what it scrapes besides, addresses with ports
   */
  async start(ruleFiles: readonly string[] = [], others: readonly string[] = []): Promise<void> {
    const [port = 0, exporterPort = 0] = await freePorts(2);
    this.#url = `http://127.0.0.1:${port}`;
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ruleFiles,
      scrape_configs: [
        { job_name: 'node', static_configs: [{ targets: [`127.0.0.1:${exporterPort}`] }] },
        { job_name: 'others', static_configs: [{ targets: others }] },
      ],
    };
    const file = join(this.dir, 'prometheus.yml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config));
    this.#spawn('prometheus-node-exporter', [
      '--collector.disable-defaults',
      '--collector.textfile',
      `--collector.textfile.directory=${this.textfiles}`,
      `--web.listen-address=127.0.0.1:${exporterPort}`,
    ]);
    this.#spawn('prometheus', [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(this.dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    await until(
      'a scrape',
      30_000,
      async () => this.#isScraping(),
      () => this.#said,
    );
  }

  /** An instant query. @throws Error with what Prometheus says of the expression */
  async query(expr: string): Promise<QueryResult[]> {
    const answer = (await this.get(`query?query=${encodeURIComponent(expr)}`)) as {
      result: { metric: Record<string, string>; value: [number, string] }[];
    };
    return answer.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  }

  /** Waits until a query gives a result that `isWanted`. */
  wait(
    expr: string,
    isWanted: (found: readonly QueryResult[]) => boolean = (found) => found.length > 0,
  ): Promise<QueryResult[]> {
    let last = '';
    return until(
      expr,
      30_000,
      async () => {
        const found = await this.query(expr);
        last = JSON.stringify(found);
        return isWanted(found) ? found : undefined;
      },
      () => `${last}\n${this.#said.slice(-2000)}`,
    );
  }

  /** `/api/v1/PATH`, its data. @throws Error with what Prometheus says */
  async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${answer.error ?? ''}`);
    return answer.data;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }),
    );
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #isScraping(): Promise<true | undefined> {
    try {
      if (!(await fetch(`${this.#url}/-/ready`)).ok) return undefined;
      const [up] = await this.query('up == 1');
      return up === undefined ? undefined : true;
    } catch (error) {
      // Not listening yet. (Its error is of another realm than what jest runs: no instanceof.)
      if (String(error) === 'TypeError: fetch failed') return undefined;
      throw error;
    }
  }

  #spawn(program: string, args: readonly string[]): void {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    child.on('error', (error) => (this.#said += String(error)));
    this.#children.push(child);
  }
}
