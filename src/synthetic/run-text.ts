import type { Fragment } from './fragment';
import { GIB, GPU_IDLE_W, GPU_MEMORY_GIB, gpuKey, SHARED_DOMAINS } from './hardware';
import type { LineBytes } from './line-bytes';
import { type EndState, EXIT_CODES, type Run } from './run';
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
  readonly fromText: string;
  readonly toText: string;
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
  #head = '';

  constructor(writer: { readonly name: string; readonly cluster: string; readonly tool: string }) {
    this.#writer = writer;
  }

  boot(boot: string, instance: string): void {
    const { name, cluster, tool } = this.#writer;
    this.#head =
      `{"schema":1,"kind":"run","tool":"${tool}","cluster":"${cluster}","host":"${name}",` +
      `"boot":"${boot}","instance":"${instance}","seq":`;
  }

  /** Writes a line, without its newline. */
  write(line: LineBytes, parts: RunLineParts): void {
    const { fragment, ms, toText, end, seq, cpuUs, overheadUs, uj, gpuUj, domains } = parts;
    line.named(this.#head, seq);
    line.text(',"from":"');
    line.text(parts.fromText);
    line.text('","to":"');
    line.text(toText);
    line.named('","ms":', ms);
    line.text(fragment.identity);
    line.named(',"cpu_us":', cpuUs);
    if (overheadUs > 0) line.named(',"overhead_us":', overheadUs);
    line.named(',"memory_bytes":', fragment.heldBytes);
    if (fragment.gpus.length > 0) writeGpu(line, fragment, ms);
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
    for (const place of fragment.gpus) {
      line.text(gpuKey(place));
      line.policies(gpuUj, gpuUj, gpuUj);
    }
    line.text('}');
    if (missing !== '') line.text(`,"missing_ms":{"${missing}":${ms}}`);
    if (!fragment.isBegun) line.text(fragment.start);
    if (end !== null) line.text(endText(fragment, parts.toMs - fragment.startedMs, end));
    line.text('}');
  }
}

/** What the last line says of the end. */
function endText({ run, missingCpuMs, missingDramMs }: Fragment, ms: number, end: FragmentEnd): string {
  const { cpus, gpus, memoryGib } = run.job.shape;
  const part = (missingMs: number): number => (ms > 0 ? Math.round((1 - missingMs / ms) * 1e4) / 1e4 : 1);
  const exit = end.by === 'epilog' ? `,"exit_code":"${EXIT_CODES[end.state]}"` : '';
  return (
    `,"end":{"by":"${end.by}"${exit},"allocated":{"by":"cpuset","cpus":${cpus},"memory_bytes":${memoryGib * GIB}}` +
    `,"coverage":{"cpu":${part(missingCpuMs)},"dram":${part(missingDramMs)}${gpus > 0 ? ',"gpu":1' : ''}}}`
  );
}

/** What its GPUs did: GPU time, and what they drew while nothing ran on them. */
function writeGpu(line: LineBytes, { gpus, gpuBusyPart, run }: Fragment, ms: number): void {
  const gpuMs = ms * gpus.length;
  const busyMs = Math.round(gpuMs * gpuBusyPart);
  const idleUj = Math.floor(GPU_IDLE_W * (gpuMs - busyMs) * 1000);
  line.named(',"gpu":{"ms":', gpuMs);
  line.named(',"by":"cgroup","busy_ms":', busyMs);
  line.text(',"idle_uj":');
  line.policies(idleUj, idleUj, idleUj);
  line.named(',"memory_bytes":', Math.round(gpus.length * GPU_MEMORY_GIB * GIB * run.job.shape.gpuUse));
  line.named(',"throttled_ms":0,"p_state_ms":{"P0":', gpuMs);
  line.text('}}');
}

export function identityText(run: Run, node: string, startedText: string): string {
  const { job, restart, startMs } = run;
  const { user, account, shape } = job;
  return (
    `,"node":"${node}","job":${job.id}${restart > 0 ? `,"restart":${restart}` : ''},"started":"${startedText}"` +
    `,"slurm_start":${Math.floor(startMs / 1000)},"uid":${user.uid},"user":"${user.name}","account":"${account}"` +
    `,"partition":"${shape.partition}","nodes":${shape.nodes},"cpus":${shape.cpus}` +
    (shape.gpus > 0 ? `,"gpus":${shape.gpus}` : '')
  );
}

export function startText(run: Run, nodelist: string, gpus: readonly number[]): string {
  const { shape, hetLeader } = run.job;
  const perNode = shape.nodes > 1 ? `${shape.cpus}(x${shape.nodes})` : `${shape.cpus}`;
  const ids = gpus.length > 0 ? `,"gpu_ids":"${gpus.join(',')}"` : '';
  const het = hetLeader === null ? '' : `,"het_job":${hetLeader}`;
  return `,"start":{"by":"prolog","nodelist":"${nodelist}","cpus_per_node":"${perNode}"${ids}${het}}`;
}
