import type { Fragment } from './fragment';
import { GIB, GPU_IDLE_W, GPU_MEMORY_GIB, gpuKey, SHARED_DOMAINS } from './hardware';
import type { LineBytes } from './line-bytes';
import { type EndState, EXIT_CODES } from './run';
import type { SharedDomain } from './shared-domain';

const DOMAIN_KEYS = SHARED_DOMAINS.map(({ name }) => `"${name}":`);

export interface FragmentEnd {
  readonly state: EndState;
  readonly by: 'epilog' | 'reboot';
}

/** A line of a run in numbers. */
export interface RunLineParts {
  readonly fragment: Fragment;
  readonly ms: number;
  readonly toMs: number;
  /** null: the run goes on. */
  readonly end: FragmentEnd | null;
  readonly seq: number;
  readonly cpuUs: number;
  /** 0: absent. */
  readonly overheadUs: number;
  /** By shared domain and policy. */
  readonly uj: readonly number[];
  /** Of each of its GPUs. */
  readonly gpuUj: number;
  readonly domains: readonly SharedDomain[];
}

/** Writes lines of runs as the agent does (src/agent/lines.ts), without making the objects. Names in them need no escapes. */
export class RunText {
  readonly #writer: { readonly name: string; readonly cluster: string; readonly tool: string };
  readonly #node: string;
  #head = '';

  constructor(writer: { readonly name: string; readonly cluster: string; readonly tool: string }) {
    this.#writer = writer;
    this.#node = `,"node":"${writer.name}","job":`;
  }

  boot(boot: string, instance: string): void {
    const { name, cluster, tool } = this.#writer;
    this.#head =
      `{"schema":1,"kind":"run","tool":"${tool}","cluster":"${cluster}","host":"${name}",` +
      `"boot":"${boot}","instance":"${instance}","seq":`;
  }

  /** Writes a line, without its newline. */
  write(line: LineBytes, parts: RunLineParts): void {
    const { fragment, ms, toMs, end, seq, cpuUs, overheadUs, uj, gpuUj, domains } = parts;
    const { place } = fragment;
    line.named(this.#head, seq);
    line.text(',"from":"');
    line.time(fragment.fromMs);
    line.text('","to":"');
    line.time(toMs);
    line.named('","ms":', ms);
    line.text(this.#node);
    writeIdentity(line, fragment);
    line.named(',"cpu_us":', cpuUs);
    if (overheadUs > 0) line.named(',"overhead_us":', overheadUs);
    line.named(',"memory_bytes":', fragment.heldBytes);
    if (place.gpus.length > 0) writeGpu(line, fragment, ms);
    line.text(',"package_split":"cpuset","measured_uj":{');
    let missing = '';
    let separator = '';
    for (let i = 0; i < domains.length; i++) {
      if (domains[i]!.isMissing) {
        missing = SHARED_DOMAINS[i]!.name;
        continue;
      }
      line.text(separator);
      line.text(DOMAIN_KEYS[i]!);
      line.policies(uj[3 * i]!, uj[3 * i + 1]!, uj[3 * i + 2]!);
      separator = ',';
    }
    for (const gpu of place.gpus) {
      line.text(gpuKey(gpu));
      line.policies(gpuUj, gpuUj, gpuUj);
    }
    line.text('}');
    if (missing !== '') line.text(`,"missing_ms":{"${missing}":${ms}}`);
    if (!fragment.isBegun) writeStart(line, fragment);
    if (end !== null) writeEnd(line, fragment, toMs - fragment.startedMs, end);
    line.text('}');
  }
}

/** What the last line says of the end. */
function writeEnd(line: LineBytes, fragment: Fragment, ms: number, { by, state }: FragmentEnd): void {
  const { run, missingCpuMs, missingDramMs } = fragment;
  const { cpus, gpus, memoryGib } = run.job.shape;
  line.text(',"end":{"by":"');
  line.text(by);
  line.text('"');
  if (by === 'epilog') {
    line.text(',"exit_code":"');
    line.text(EXIT_CODES[state]);
    line.text('"');
  }
  line.named(',"allocated":{"by":"cpuset","cpus":', cpus);
  line.named(',"memory_bytes":', memoryGib * GIB);
  line.text('},"coverage":{"cpu":');
  writePart(line, missingCpuMs, ms);
  line.text(',"dram":');
  writePart(line, missingDramMs, ms);
  line.text(gpus > 0 ? ',"gpu":1}}' : '}}');
}

function writePart(line: LineBytes, missingMs: number, ms: number): void {
  if (missingMs === 0 || ms === 0) line.text('1');
  else line.text(String(Math.round((1 - missingMs / ms) * 1e4) / 1e4));
}

/** What its GPUs did: GPU time, and what they drew while nothing ran on them. */
function writeGpu(line: LineBytes, { place, gpuBusyPart, run }: Fragment, ms: number): void {
  const { length } = place.gpus;
  const gpuMs = ms * length;
  const busyMs = Math.round(gpuMs * gpuBusyPart);
  const idleUj = Math.floor(GPU_IDLE_W * (gpuMs - busyMs) * 1000);
  line.named(',"gpu":{"ms":', gpuMs);
  line.named(',"by":"cgroup","busy_ms":', busyMs);
  line.text(',"idle_uj":');
  line.policies(idleUj, idleUj, idleUj);
  line.named(',"memory_bytes":', Math.round(length * GPU_MEMORY_GIB * GIB * run.job.shape.gpuUse));
  line.named(',"throttled_ms":0,"p_state_ms":{"P0":', gpuMs);
  line.text('}}');
}

/** From the job to the GPUs, the same on each of its lines. */
function writeIdentity(line: LineBytes, { run, startedMs }: Fragment): void {
  const { job, restart, startMs } = run;
  const { owner, shape } = job;
  line.whole(job.id);
  if (restart > 0) line.named(',"restart":', restart);
  line.text(',"started":"');
  line.time(startedMs);
  line.named('","slurm_start":', Math.floor(startMs / 1000));
  line.text(owner.text);
  line.text(',"partition":"');
  line.text(shape.partition);
  line.named('","nodes":', shape.nodes);
  line.named(',"cpus":', shape.cpus);
  if (shape.gpus > 0) line.named(',"gpus":', shape.gpus);
}

/** What the first line says of the start. */
function writeStart(line: LineBytes, { run, place }: Fragment): void {
  const { gpus } = place;
  const { shape, kind, firstId } = run.job;
  line.text(',"start":{"by":"prolog","nodelist":"');
  line.text(run.nodelist);
  line.named('","cpus_per_node":"', shape.cpus);
  if (shape.nodes > 1) {
    line.named('(x', shape.nodes);
    line.text(')');
  }
  line.text(gpus.length > 0 ? `","gpu_ids":"${gpus.join(',')}"` : '"');
  if (kind === 'het') line.named(',"het_job":', firstId);
  line.text('}');
}
