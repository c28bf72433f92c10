import { type Policy, POLICIES } from '../attribution/policy';
import type { EnergyByDomain, RunRecord } from '../generated/record';
import { DOMAIN_CLASSES } from '../runs/domain-class';
import { energyIndex, ENERGY_KINDS, type SliceRow } from '../runs/slice-row';

/** A domain of each class: the archive tells no more of its domains. */
const DOMAINS = { cpu: 'package', dram: 'dram', gpu: 'gpu', other: 'node' } as const;

/** No writer of an inbox is called so. */
const INSTANCE = 'f'.repeat(12);

/** A slot of a fragment as the archive has it, with the energies of all policies. */
export interface WholeRow {
  readonly row: SliceRow;
  /** As {@link SliceRow.uj}. */
  readonly uj: readonly (number | undefined)[];
}

/** Joins what was read policy by policy. */
export class WholeRows {
  readonly #rows = new Map<string, { row: SliceRow; uj: (number | undefined)[] }>();

  add(policy: Policy, row: SliceRow): void {
    const key = `${row.node}\0${row.job}\0${row.restart}\0${row.startedMs}\0${row.slotMs}`;
    const found = this.#rows.get(key) ?? { row, uj: row.uj.map((): number | undefined => undefined) };
    this.#rows.set(key, found);
    const index = POLICIES.indexOf(policy);
    DOMAIN_CLASSES.forEach((_, i) =>
      ENERGY_KINDS.forEach((__, kind) => {
        const at = energyIndex(i, kind, index);
        found.uj[at] = row.uj[at];
      }),
    );
  }

  get all(): Iterable<WholeRow> {
    return this.#rows.values();
  }
}

/**
 * A record that says of a slot what its lines said together: a report of it has the same energy, time and coverage.
 * @param seq tells it from other such records of its cluster
 */
export function recordOfRow(cluster: string, { row, uj }: WholeRow, seq: number, tool: string): RunRecord {
  // Lengths are from the monotonic clock, times from the wall's.
  const ms = Math.max(row.toMs - row.fromMs, ...row.observedMs.map((observed) => observed ?? 0));
  const energies = (kind: (typeof ENERGY_KINDS)[number]): EnergyByDomain => {
    const found = DOMAIN_CLASSES.map((name, i) => {
      const byPolicy = POLICIES.map((_, policy) => uj[energyIndex(i, ENERGY_KINDS.indexOf(kind), policy)]);
      return [DOMAINS[name], byPolicy] as const;
    });
    return Object.fromEntries(
      found
        .filter(([, byPolicy]) => byPolicy.some((one) => one !== undefined))
        .map(([name, byPolicy]) => [name, byPolicy.map((one) => one ?? 0) as EnergyByDomain[string]]),
    );
  };
  const missing = DOMAIN_CLASSES.flatMap((name, i) => {
    const observedMs = row.observedMs[i];
    return observedMs === undefined ? [] : [[DOMAINS[name], Math.max(0, ms - observedMs)] as const];
  });
  const [modelled, estimated] = [energies('modelled'), energies('estimated')];
  return {
    ...{ schema: 1, kind: 'run', tool, cluster, host: row.host, boot: '00000000', instance: INSTANCE, seq },
    ...{ from: utc(row.fromMs), to: utc(row.toMs), ms, node: row.node, job: row.job, restart: row.restart },
    started: utc(row.startedMs),
    ...(row.slurmStart === undefined ? {} : { slurm_start: row.slurmStart }),
    ...(row.nodes === undefined ? {} : { nodes: row.nodes }),
    ...(row.cpus === undefined ? {} : { cpus: row.cpus }),
    ...(row.gpuMs === 0 || ms === 0 ? {} : { gpus: Math.max(1, Math.round(row.gpuMs / ms)) }),
    ...{ cpu_us: row.cpuUs, overhead_us: row.overheadUs },
    ...(row.memoryBytes === undefined ? {} : { memory_bytes: row.memoryBytes }),
    measured_uj: energies('measured'),
    ...(Object.keys(modelled).length === 0 ? {} : { modelled_uj: modelled }),
    ...(Object.keys(estimated).length === 0 ? {} : { estimated_uj: estimated }),
    missing_ms: Object.fromEntries(missing),
    ...(row.starts ? { start: { by: 'prolog' } } : {}),
    ...(row.ends ? { end: { by: 'epilog', coverage: {} } } : {}),
  };
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
