import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until';

export interface LawOptions {
  /** An existing folder for the tree (`sys`) and the log. */
  readonly dir: string;
  /** CPU packages, which share the host's CPUs evenly; default 1. */
  readonly packages?: number;
  /** `max_energy_range_uj`: where the counters go back to 0. Default 200 J, some seconds of a test. */
  readonly maxEnergyUj?: number;
  /** Where they begin; default 60 % of that. */
  readonly startUj?: number;
  /** Power of a package with all its CPUs idle and with all of them busy; default 40 and 120 W. */
  readonly idleW?: number;
  readonly fullW?: number;
  /** Power of a package's memory: a wave of swingW around baseW. `null`: no DRAM zone. */
  readonly dram?: { readonly baseW: number; readonly swingW: number; readonly periodSeconds: number } | null;
  /** Between two updates, default 5 ms. */
  readonly stepMs?: number;
}

/** A point of the law's own log. */
export interface LawPoint {
  readonly monoNs: bigint;
  readonly wallMs: number;
  /** By domain (`package-0`, `dram-0`, ...), since the start, without wraps. */
  readonly energyUj: Readonly<Record<string, number>>;
}

/** Energy counters below `sysRoot` that grow in real time, and the truth about them. */
export interface PowercapLaw {
  /** For `roots.sys`. */
  readonly sysRoot: string;
  readonly domains: readonly string[];
  /** What the counter held last at that instant: the last update at or before it. Waits for the log to get there. */
  at(instant: { readonly monoNs: bigint } | { readonly wallMs: number }): Promise<LawPoint>;
  /** µJ that the domain's counter grew by; instants of CLOCK_MONOTONIC, as `process.hrtime.bigint()` has them. */
  energyBetween(domain: string, fromMonoNs: bigint, toMonoNs: bigint): Promise<number>;
  /** The same between Unix times in ms, as records have them. */
  energyBetweenWall(domain: string, fromMs: number, toMs: number): Promise<number>;
  /** Every update so far. */
  log(): LawPoint[];
  stop(): Promise<void>;
}

/**
 * Starts the process that writes a powercap tree, for machines without RAPL: E = idleW·t + (fullW − idleW)·(busy CPU
 * time / CPUs) for packages, from the real /proc/stat; memory by a law of its own.
 */
export async function startPowercapLaw(options: LawOptions): Promise<PowercapLaw> {
  const sysRoot = join(options.dir, 'sys');
  const logFile = join(options.dir, 'powercap-law.log');
  mkdirSync(sysRoot, { recursive: true });
  const packages = options.packages ?? 1;
  const maxEnergyUj = options.maxEnergyUj ?? 200_000_000;
  const dram = options.dram === undefined ? { baseW: 8, swingW: 5, periodSeconds: 7 } : options.dram;
  const settings = {
    sysRoot,
    log: logFile,
    packages,
    maxEnergyUj,
    startUj: options.startUj ?? Math.floor(maxEnergyUj * 0.6),
    idleW: options.idleW ?? 40,
    fullW: options.fullW ?? 120,
    dram,
    stepMs: options.stepMs ?? 5,
  };
  const domains = Array.from({ length: packages }, (_, index) =>
    dram === null ? [`package-${index}`] : [`package-${index}`, `dram-${index}`],
  ).flat();
  const script = join(__dirname, 'powercap-law-process.mjs');
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], { cwd: '/', stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let ended: string | undefined;
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => ((ended = String(error)), resolve()));
    child.once('close', (status, signal) => ((ended = `status ${signal ?? status}`), resolve()));
  });
  const assertRunning = () => {
    if (ended !== undefined) throw new Error(`the powercap law ended with ${ended}\n${stderr}`);
  };
  await until('the powercap tree', 10_000, () => {
    assertRunning();
    return stdout.includes('ready') || undefined;
  });

  const log = () => parseLog(readFileSync(logFile, 'utf8'), domains);
  const at: PowercapLaw['at'] = (instant) =>
    until(`the powercap law to reach ${String(Object.values(instant)[0])}`, 10_000, () => {
      const points = log();
      const after = points.findIndex((point) =>
        'monoNs' in instant ? point.monoNs > instant.monoNs : point.wallMs > instant.wallMs,
      );
      if (after === 0) throw new Error('the instant is before the powercap law began');
      if (after > 0) return points[after - 1];
      // Stopped: nothing comes after, the last update holds on.
      return ended === undefined ? undefined : points.at(-1);
    });
  const difference = (domain: string, from: LawPoint, to: LawPoint) => {
    const [first, last] = [from.energyUj[domain], to.energyUj[domain]];
    if (first === undefined || last === undefined)
      throw new Error(`no domain ${domain}, only ${domains.join(', ')}`);
    return last - first;
  };
  return {
    sysRoot,
    domains,
    log,
    at,
    energyBetween: async (domain, fromMonoNs, toMonoNs) =>
      difference(domain, await at({ monoNs: fromMonoNs }), await at({ monoNs: toMonoNs })),
    energyBetweenWall: async (domain, fromMs, toMs) =>
      difference(domain, await at({ wallMs: fromMs }), await at({ wallMs: toMs })),
    stop: async () => {
      child.stdin.end();
      await end;
      if (ended !== 'status 0') throw new Error(`the powercap law ended with ${ended}\n${stderr}`);
    },
  };
}

/** The whole lines of the log; the last one may still be being written. */
export function parseLog(text: string, domains: readonly string[]): LawPoint[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [mono = '', wall = '', ...energies] = line.split(' ');
      const energyUj = Object.fromEntries(domains.map((domain, index) => [domain, Number(energies[index])]));
      return { monoNs: BigInt(mono), wallMs: Number(wall), energyUj };
    });
}
