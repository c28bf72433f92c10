import type { RunRecord } from '../generated/record';

/** Gives things the names `c1`, `c2`, ... in the order in which they come. */
class Names {
  readonly #known = new Map<string, string>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(name: string): string {
    const known = this.#known.get(name) ?? `${this.#prefix}${this.#known.size + 1}`;
    this.#known.set(name, known);
    return known;
  }
}

/**
 * Makes records of a ledger those of a submission: what energy, time and coverage follow from stays, to the digit; who ran it and where goes. Users,
 * accounts, partitions, lists of nodes, programs and ids are left out, clusters, hosts and jobs have other names.
 */
export class RecordVeil {
  readonly #clusters = new Names('c');
  readonly #hosts = new Names('n');
  readonly #instances = new Names('');

  /** @param run the number of its run in the submission */
  veil(record: RunRecord, run: number): RunRecord {
    const { schema, kind, tool, seq, from, to, ms, restart, started, slurm_start: slurmStart } = record;
    const { nodes, cpus, gpus, cpu_us, overhead_us, cpu_estimated_us, memory_bytes, io, gpu } = record;
    const { package_split, dram_split, measured_uj, modelled_uj, estimated_uj, missing_ms } = record;
    const { start, end } = record;
    return defined({
      ...{ schema, kind, tool },
      cluster: this.#clusters.of(record.cluster),
      // Nodes of two clusters can have the same name.
      host: this.#hosts.of(`${record.cluster}\0${record.host}`),
      boot: '00000000',
      instance: this.#instances.of(`${record.cluster}\0${record.instance}`).padStart(12, '0'),
      ...{ seq, from, to, ms },
      node: this.#hosts.of(`${record.cluster}\0${record.node}`),
      job: run,
      ...{ restart, started, slurm_start: slurmStart, nodes, cpus, gpus },
      ...{ cpu_us, overhead_us, cpu_estimated_us, memory_bytes, io },
      gpu: gpu === undefined ? undefined : defined({ ...gpu, conflict: undefined }),
      ...{ package_split, dram_split, measured_uj, modelled_uj, estimated_uj, missing_ms },
      start: start === undefined ? undefined : defined({ by: start.by, late_ms: start.late_ms }),
      end:
        end === undefined
          ? undefined
          : defined({
              ...{ by: end.by, allocated: end.allocated, wraps: end.wraps, resets: end.resets },
              ...{ agent_restarts: end.agent_restarts, coverage: end.coverage },
            }),
    }) as unknown as RunRecord;
  }
}

/** Without what is undefined. */
function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
