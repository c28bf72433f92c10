import type { HostState, RunState } from '../../../src/agent/host-state';
import type { HostFacts, LineWriter } from '../../../src/agent/lines';
import { type EventOutcome, type FiledEvent, applyEvent } from '../../../src/agent/runs';
import type { Instant } from '../../../src/sources/source';
import { instantAt } from './reading-builder';

/** A hook's event of a one-CPU job; times in seconds since boot. */
export interface HookSpec {
  readonly hook: 'prolog' | 'epilog';
  readonly atS: number;
  readonly job?: number;
  readonly node?: string;
  readonly boot?: string;
  /** Where the host's uptime was another than the file's time tells. */
  readonly uptimeS?: number;
  readonly variables?: Readonly<Record<string, string>>;
}

export function filedEvent(spec: HookSpec): FiledEvent {
  const { hook, atS, job = 1, node = 'n1', boot = '0123abcd', uptimeS = atS, variables = {} } = spec;
  const own = { SLURM_JOB_CPUS_PER_NODE: '1', SLURM_JOB_NODELIST: node, SLURM_JOB_UID: '1000' };
  return {
    file: `${hook}.${job}.1.${atS}`,
    atMs: instantAt(atS).wallMs,
    event: { hook, boot, uptimeS, jobId: job, node, variables: { ...own, ...variables } },
  };
}

/** Applies the event at `now`: by default at once. */
export function applyHook(
  state: HostState,
  spec: HookSpec,
  now: Instant = instantAt(spec.atS),
): EventOutcome {
  return applyEvent(state, filedEvent(spec), now, 'lab', () => false);
}

export function runsOf(state: HostState): RunState[] {
  return Object.values(state.runs);
}

export function lineWriter(): LineWriter {
  let seq = 0;
  return { tool: '0.1.0', host: 'h', boot: '0123abcd', instance: '0123456789ab', nextSeq: () => seq++ };
}

export const FACTS: HostFacts = {
  cluster: 'lab',
  cpus: 2,
  absentSources: {},
  agent: { cpu_us: 0, rss_bytes: 0 },
};
