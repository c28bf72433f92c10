import type { Expectation } from './expectation';
import { Fragment } from './fragment';
import { GpuDomains } from './gpu-domains';
import { PACKAGES, SHARED_DOMAINS } from './hardware';
import { HostRoom } from './host-room';
import { HostText, type HostStretch } from './host-text';
import type { JobShape } from './job-mix';
import { LineBytes } from './line-bytes';
import { Random } from './random';
import type { Run } from './run';
import { type FragmentEnd, RunText } from './run-text';
import { SharedDomain } from './shared-domain';

/** Busy CPUs of each package, and GiB, that no run uses. */
const SYSTEM_CPUS = 0.21;
const SYSTEM_GIB = 6;
/** What Slurm's own processes use of a run's CPU time at its begin. */
const OVERHEAD_US = 41_000;
/** Of the host's stretches: those in which one domain cannot be read. */
const MISSING_PART = 0.0004;

export interface HostParts {
  readonly name: string;
  readonly gpus: number;
  readonly cluster: string;
  readonly tool: string;
  readonly seed: number;
  readonly expectation: Expectation;
  /** Takes a line without its newline, good until it returns, and the time (Unix ms) at which it ends. */
  readonly write: (line: LineBytes, toMs: number) => void;
}

/** One host: what is free on it, what its domains draw, and the lines that its agent would write. */
export class SyntheticHost {
  readonly name: string;
  isDown = false;
  readonly fragments = new Set<Fragment>();
  readonly #parts: HostParts;
  readonly #random: Random;
  readonly #domains = SHARED_DOMAINS.map(
    (model, i) => new SharedDomain(model, i < PACKAGES ? SYSTEM_CPUS : SYSTEM_GIB),
  );
  readonly #room: HostRoom;
  readonly #gpus: GpuDomains;
  readonly #runText: RunText;
  readonly #hostText: HostText;
  readonly #line = new LineBytes();
  /** µJ of the line in hand, by shared domain and policy. */
  readonly #uj: number[] = SHARED_DOMAINS.flatMap(() => [0, 0, 0]);
  #seq = 0;
  #atMs: number;
  #stretchFromMs: number;
  #runsUs = 0;
  #month = '';

  constructor(parts: HostParts, atMs: number) {
    this.#parts = parts;
    this.name = parts.name;
    this.#room = new HostRoom(parts.gpus);
    this.#gpus = new GpuDomains(parts.gpus);
    this.#random = new Random(parts.seed, `host ${parts.name}`);
    this.#runText = new RunText(parts);
    this.#hostText = new HostText(parts);
    this.#atMs = atMs;
    this.#stretchFromMs = atMs;
    this.#boot();
  }

  /** Whether a job's part for one host can run here now. */
  hasRoom(shape: JobShape): boolean {
    return !this.isDown && this.#room.has(shape);
  }

  /** No job at all can. */
  get isFull(): boolean {
    return this.isDown || !this.#room.hasCpus;
  }

  /** Begins a run's fragment; there is room. */
  start(run: Run, atMs: number): void {
    this.#advance(atMs);
    const place = this.#room.take(run.job.shape);
    const fragment = new Fragment(run, { place, heldPart: this.#random.between(0.05, 0.85), atMs });
    this.fragments.add(fragment);
    run.fragments.push(fragment);
    this.#parts.expectation.fragments++;
    this.#join(fragment);
  }

  /** Ends a fragment: writes its last line. */
  end(fragment: Fragment, atMs: number, end: FragmentEnd): void {
    this.#advance(atMs);
    this.#write(fragment, atMs, end);
    for (let i = 0; i < this.#domains.length; i++) this.#domains[i]!.used -= fragment.used[i]!;
    this.#room.giveBack(fragment.place);
    this.fragments.delete(fragment);
  }

  /** The host dies; its fragments have been ended. */
  goDown(atMs: number): void {
    this.#advance(atMs);
    this.#writeHost(atMs);
    this.isDown = true;
  }

  /** It comes back, with another boot and another agent. */
  comeUp(atMs: number): void {
    this.isDown = false;
    this.#seq = 0;
    this.#atMs = atMs;
    this.#boot();
    this.#restart(atMs);
  }

  /** Begins the month of the lines that are written from now on. */
  beginStretch(month: string): void {
    this.#month = month;
  }

  /** Writes a line for each run that is there, and the host's own. */
  endStretch(toMs: number): void {
    if (this.isDown) return;
    this.#advance(toMs);
    for (const fragment of this.fragments) {
      if (fragment.fromMs < toMs) this.#write(fragment, toMs, null);
    }
    this.#writeHost(toMs);
    this.#restart(toMs);
  }

  #boot(): void {
    const [boot, instance] = [this.#random.hex(8), this.#random.hex(12)];
    this.#runText.boot(boot, instance);
    this.#hostText.boot(boot, instance);
  }

  #advance(atMs: number): void {
    const ms = atMs - this.#atMs;
    if (ms === 0) return;
    for (const domain of this.#domains) domain.advance(ms);
    this.#atMs = atMs;
  }

  /** From now on it counts. */
  #join(fragment: Fragment): void {
    fragment.draw(this.#random);
    for (let i = 0; i < this.#domains.length; i++) {
      const domain = this.#domains[i]!;
      domain.used += fragment.used[i]!;
      fragment.usageClock[i] = domain.usageClock;
      fragment.allocationClock[i] = domain.allocationClock;
    }
  }

  #restart(atMs: number): void {
    const missing = this.#random.isOne(MISSING_PART) ? this.#random.whole(0, this.#domains.length - 1) : -1;
    for (const [i, domain] of this.#domains.entries()) {
      domain.restart();
      domain.used = 0;
      domain.systemUsed = (i < PACKAGES ? SYSTEM_CPUS : SYSTEM_GIB) * this.#random.between(0.7, 1.3);
      domain.isMissing = i === missing;
    }
    this.#gpus.restart();
    this.#runsUs = 0;
    this.#stretchFromMs = atMs;
    for (const fragment of this.fragments) {
      fragment.fromMs = atMs;
      this.#join(fragment);
    }
  }

  /** Charges a fragment for what it had since its last line, and writes the line. */
  #write(fragment: Fragment, toMs: number, end: FragmentEnd | null): void {
    const { expectation, write } = this.#parts;
    const { run } = fragment;
    const ms = toMs - fragment.fromMs;
    if (run.groupMonth !== this.#month || run.group === null) {
      const { user, shape } = run.job;
      run.group = expectation.group(this.#month, user.name, shape.partition);
      run.groupMonth = this.#month;
      expectation.count('runs', run.counted, this.#month, run.group);
      expectation.count('jobs', run.job.counted, this.#month, run.group);
    }
    const { sums } = run.group;
    const uj = this.#uj;
    for (let i = 0; i < this.#domains.length; i++) {
      const domain = this.#domains[i]!;
      if (domain.isMissing) {
        if (i < PACKAGES) fragment.missingCpuMs += ms;
        else fragment.missingDramMs += ms;
        continue;
      }
      const { runsUj, model } = domain;
      const [used, allocated] = [fragment.used[i]!, fragment.allocated[i]!];
      const usage = Math.floor(used * (domain.usageClock - fragment.usageClock[i]!) * 1000);
      const allocation = Math.floor(
        allocated * (domain.allocationClock - fragment.allocationClock[i]!) * 1000,
      );
      const hybrid = Math.floor((allocated * domain.hybridIdleRate + used * model.wattsPerUsed) * ms * 1000);
      runsUj[0] += usage;
      runsUj[1] += allocation;
      runsUj[2] += hybrid;
      sums.uj.add3(i < PACKAGES ? 0 : 1, usage, allocation, hybrid);
      run.energyUj += usage;
      uj[3 * i] = usage;
      uj[3 * i + 1] = allocation;
      uj[3 * i + 2] = hybrid;
    }
    const gpuUj = Math.floor(fragment.gpuPowerW * ms * 1000);
    const { gpus } = fragment.place;
    for (const gpu of gpus) {
      this.#gpus.charge(gpu, ms, gpuUj);
      sums.uj.add3(2, gpuUj, gpuUj, gpuUj);
      run.energyUj += gpuUj;
    }
    const allUs = Math.floor(fragment.cpusBusy * ms * 1000);
    // Slurm's part comes at the begin; it is in the host's sum, and energy follows both.
    const overheadUs = fragment.isBegun ? 0 : Math.min(OVERHEAD_US, Math.floor(allUs / 2));
    const cpuUs = allUs - overheadUs;
    this.#runsUs += allUs;
    sums.addTimes(cpuUs, gpus.length * ms);
    expectation.runLines++;
    this.#line.clear();
    const seq = this.#seq++;
    const domains = this.#domains;
    this.#runText.write(this.#line, {
      fragment,
      ms,
      toMs,
      end,
      seq,
      cpuUs,
      overheadUs,
      uj,
      gpuUj,
      domains,
    });
    write(this.#line, toMs);
    fragment.isBegun = true;
  }

  #writeHost(toMs: number): void {
    const ms = toMs - this.#stretchFromMs;
    if (ms === 0) return;
    const { expectation, write } = this.#parts;
    const shared = this.#domains.map((domain, i) => {
      const totals = domain.totals();
      expectation.addHost(i < PACKAGES ? 0 : 1, totals.idleUj, totals.systemUj);
      return { domain, ...totals };
    });
    const gpus = this.#gpus.totals(ms);
    for (const { idleUj } of gpus) expectation.addHost(2, [idleUj, idleUj, idleUj], [0, 0, 0]);
    expectation.hostLines++;
    let heldGib = 0;
    for (const { heldGib: held } of this.fragments) heldGib += held;
    const stretch: HostStretch = {
      ms,
      fromMs: this.#stretchFromMs,
      toMs,
      seq: this.#seq++,
      shared,
      gpus,
      runsUs: this.#runsUs,
      systemUs: Math.round(2 * SYSTEM_CPUS * ms * 1000),
      runsGib: heldGib,
      systemGib: SYSTEM_GIB,
    };
    this.#line.clear();
    this.#hostText.write(this.#line, stretch, this.#random);
    write(this.#line, toMs);
  }
}
