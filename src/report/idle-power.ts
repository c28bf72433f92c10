import type { IdlePowerHosts } from '../generated/report';
import type { HostRow, IdleKnown } from '../runs/host-row';

/** Counts by how the idle power is known of the measured hosts that a report's runs were on. */
export class IdlePower {
  readonly #withRuns = new Set<string>();
  /** Of the newest line of each host, since hosts get calibrated. */
  readonly #known = new Map<string, { readonly atMs: number; readonly known: IdleKnown }>();

  addRun(cluster: string, host: string): void {
    this.#withRuns.add(hostKey(cluster, host));
  }

  /** Those that runs were on: cluster and host. */
  get hostsWithRuns(): [cluster: string, host: string][] {
    return [...this.#withRuns].map((key) => key.split('\0') as [string, string]);
  }

  addHost(cluster: string, { host, idleKnown: known, idleKnownMs: atMs }: HostRow): void {
    if (known === undefined || atMs === undefined) return;
    const key = hostKey(cluster, host);
    const before = this.#known.get(key);
    if (before === undefined || before.atMs < atMs) this.#known.set(key, { atMs, known });
  }

  get counts(): IdlePowerHosts {
    const all = [...this.#withRuns].map((key) => this.#known.get(key)?.known);
    const count = (known: IdleKnown): number => all.filter((found) => found === known).length;
    return {
      calibrated_hosts: count('calibrated'),
      modelled_hosts: count('modelled'),
      unknown_hosts: count('unknown'),
    };
  }
}

function hostKey(cluster: string, host: string): string {
  return `${cluster}\0${host}`;
}
