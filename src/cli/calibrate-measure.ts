import {
  type NodePower,
  type PowerSample,
  PowerWindow,
  SHORTEST_WINDOW_S,
  nodePower,
} from '../attribution/calibration';
import { EitError } from '../errors';
import type { HostCpu } from '../sources/proc-stat';
import {
  type EnergyDomain,
  type EnergyMeter,
  type Instant,
  type Missing,
  isMissing,
} from '../sources/source';
import { listed } from './running-jobs';

/** Sensors that tell only power are integrated between readings, so the closer the better. */
const TICK_MS = 1000;
/** After a job the fans, the page cache and what cleans up behind it still draw power. */
const SETTLE_S = 10;
/**
 * How many times its lag a sensor is given besides: the counter of power that was held too high stands still until it is
 * made up for, up to half the fall times the lag, which takes so long where power fell to a fifth.
 */
const SETTLE_LAGS = 3;
/** At each load: until power has come to rest and sensors have followed, and what is then measured. */
const LOAD_SETTLE_S = 10;
const LOAD_MEASURE_S = 20;

/** What the measuring needs of the world. */
export interface Measuring {
  readonly meters: readonly EnergyMeter[];
  now(): Instant;
  /** @throws where `signal` aborts it */
  sleep(ms: number): Promise<void>;
  /** CPU time of the host so far. */
  busy(): HostCpu | Missing;
  /** Jobs that are on the host now, by name. */
  runningJobs(): readonly string[];
  /** Says something that stays. */
  note(text: string): void;
  /** Shows how far it is, where somebody looks. */
  show(text: string): void;
  readonly signal: AbortSignal;
}

/** What was seen while nothing ran: of each domain, and of `other` where a node is measured. */
export interface IdleSeen {
  readonly samples: ReadonlyMap<string, readonly PowerSample[]>;
  /** Why a domain has fewer samples than there were windows: the last reason. */
  readonly missing: ReadonlyMap<string, string>;
  /** How much of the CPUs' time others than Slurm used meanwhile; null where it could not be read. */
  readonly busyPart: number | null;
}

/** The counters of all meters, in one order. */
export function domainsOf(meters: readonly EnergyMeter[]): EnergyDomain[] {
  return meters.flatMap(({ domains }) => [...domains]);
}

/** Lag of the slowest sensor (s). */
function longestLagS(domains: readonly EnergyDomain[]): number {
  return Math.max(0, ...domains.map(({ lagS }) => lagS ?? 0));
}

/**
 * Measures windows of 10 s in which no job is on the host, until they are so long together. A job that comes ends the
 * window, and what the window held is not used.
 * @param idleS how long the host is to have been idle
 * @param waitS how much longer than that it may take
 * @throws EitError EIT_CALIBRATION where the host does not become idle for so long
 */
export async function measureIdle(
  world: Measuring,
  { idleS, waitS }: { readonly idleS: number; readonly waitS: number },
): Promise<IdleSeen> {
  const domains = domainsOf(world.meters);
  const settleS = SETTLE_S + SETTLE_LAGS * longestLagS(domains);
  const seen = { samples: new Map<string, PowerSample[]>(), missing: new Map<string, string>() };
  const { monoNs: startNs } = world.now();
  let window = new PowerWindow(domains);
  let shown: readonly (number | Missing)[] = [];
  let doneS = 0;
  let quietFromNs = startNs;
  let isWaiting = false;
  const busy = new BusyTime();

  for (;;) {
    world.signal.throwIfAborted();
    const at = world.now();
    const values = world.meters.flatMap((meter) => meter.read(at));
    const cpu = world.busy();
    const jobs = world.runningJobs();
    if (jobs.length > 0) {
      if (!isWaiting) world.note(`${listed(jobs)} on this host: waiting until nothing runs`);
      isWaiting = true;
      window = new PowerWindow(domains);
      busy.drop();
      quietFromNs = at.monoNs + BigInt(Math.round(settleS * 1e9));
      world.show(`waiting for ${listed(jobs)}`);
    } else {
      if (isWaiting) world.note(`nothing runs any more: measuring goes on in ${settleS} s`);
      isWaiting = false;
      if (at.monoNs >= quietFromNs) {
        busy.begin(cpu);
        window.add(at.monoNs, values);
        if (window.seconds > 0) shown = window.powersW();
        if (window.seconds >= SHORTEST_WINDOW_S) {
          keep(seen, domains, window);
          doneS += window.seconds;
          busy.end(cpu, window.seconds);
          window = new PowerWindow(domains);
          window.add(at.monoNs, values);
        }
        world.show(progressText(idleS - doneS - window.seconds, domains, shown));
      }
    }
    if (doneS >= idleS) return { ...seen, busyPart: busy.part() };
    if (Number(at.monoNs - startNs) / 1e9 > idleS + waitS) {
      throw new EitError(
        'EIT_CALIBRATION',
        `the host was idle for ${Math.floor(doneS)} s of the ${idleS} s needed, and ${waitS / 60} minutes of waiting are over` +
          `${jobs.length > 0 ? ` (${listed(jobs)} on it now)` : ''}; mend: drain the node first, or --wait longer`,
      );
    }
    await world.sleep(TICK_MS);
  }
}

/** Busy part of the CPUs over the windows that count. */
class BusyTime {
  #from: HostCpu | Missing | null = null;
  #busyNs = 0;
  #cpuNs = 0;

  /** Where no window has begun. */
  begin(cpu: HostCpu | Missing): void {
    this.#from ??= cpu;
  }

  drop(): void {
    this.#from = null;
  }

  /** A window has ended, and the next one begins. */
  end(cpu: HostCpu | Missing, seconds: number): void {
    if (this.#from !== null && !isMissing(this.#from) && !isMissing(cpu)) {
      this.#busyNs += Number(cpu.busyNs - this.#from.busyNs);
      this.#cpuNs += seconds * 1e9 * cpu.cpus;
    }
    this.#from = cpu;
  }

  part(): number | null {
    return this.#cpuNs === 0 ? null : Math.min(1, Math.max(0, this.#busyNs / this.#cpuNs));
  }
}

function keep(
  seen: { samples: Map<string, PowerSample[]>; missing: Map<string, string> },
  domains: readonly EnergyDomain[],
  window: PowerWindow,
): void {
  const powersW = window.powersW();
  const { seconds } = window;
  const add = (name: string, powerW: number | Missing): void => {
    if (isMissing(powerW)) seen.missing.set(name, powerW.missing);
    else seen.samples.set(name, [...(seen.samples.get(name) ?? []), { powerW, seconds }]);
  };
  domains.forEach(({ name }, i) => add(name, powersW[i] ?? { missing: 'not read' }));
  if (!domains.some(({ isNode }) => isNode) || domains.some((domain) => domain.class === 'other')) return;
  const { countedW, wallW } = nodePower(domains, powersW);
  if (isMissing(countedW) || isMissing(wallW)) add('other', isMissing(wallW) ? wallW : countedW);
  else add('other', Math.max(0, wallW - countedW));
}

function progressText(
  leftS: number,
  domains: readonly EnergyDomain[],
  powersW: readonly (number | Missing)[],
): string {
  const left = Math.max(0, Math.ceil(leftS));
  const watts = domains.flatMap(({ name }, i) => {
    const powerW = powersW[i];
    return powerW === undefined ? [] : [`${name} ${isMissing(powerW) ? '-' : `${powerW.toFixed(1)} W`}`];
  });
  return [`idle power, ${Math.floor(left / 60)} min ${left % 60} s left`, ...watts].join('  ');
}

/** Keeps CPUs busy. */
export interface Burner {
  /** How many CPUs are busy from now on. @throws where it cannot be had */
  burn(cpus: number): void;
  stop(): Promise<void>;
}

/**
 * Measures counted and node power with none, a quarter, half, three quarters and all of the CPUs busy.
 * @returns a point a load, or why it was given up: a job came, or something could not be read
 */
export async function measureLoads(
  world: Measuring,
  burner: Burner,
  cpus: number,
): Promise<{ countedW: number; wallW: number }[] | Missing> {
  const domains = domainsOf(world.meters);
  const loads = [...new Set([0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * cpus)))];
  const settleS = LOAD_SETTLE_S + longestLagS(domains);
  const points: { countedW: number; wallW: number }[] = [];
  try {
    for (const [i, busy] of loads.entries()) {
      burner.burn(busy);
      const leftS = (loads.length - i) * (settleS + LOAD_MEASURE_S);
      const power = await measureLoad(
        world,
        domains,
        settleS,
        `${busy} of ${cpus} CPUs busy, ${leftS} s left`,
      );
      if (isMissing(power)) return power;
      const { countedW, wallW } = power;
      if (isMissing(countedW)) return countedW;
      if (isMissing(wallW)) return wallW;
      points.push({ countedW, wallW });
    }
  } finally {
    await burner.stop();
  }
  return points;
}

async function measureLoad(
  world: Measuring,
  domains: readonly EnergyDomain[],
  settleS: number,
  text: string,
): Promise<NodePower | Missing> {
  const window = new PowerWindow(domains);
  const { monoNs: startNs } = world.now();
  for (;;) {
    world.signal.throwIfAborted();
    const at = world.now();
    const values = world.meters.flatMap((meter) => meter.read(at));
    const jobs = world.runningJobs();
    if (jobs.length > 0) return { missing: `${listed(jobs)} came to this host` };
    if (Number(at.monoNs - startNs) / 1e9 >= settleS) window.add(at.monoNs, values);
    if (window.seconds >= LOAD_MEASURE_S) return nodePower(domains, window.powersW());
    world.show(text);
    await world.sleep(TICK_MS);
  }
}
