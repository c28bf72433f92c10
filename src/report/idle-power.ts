import type { HostRecord, RunRecord } from '../generated/record';
import type { IdlePowerHosts } from '../generated/report';

type Known = 'calibrated' | 'modelled' | 'unknown';

/** Counts by how the idle power is known of the measured hosts that a report's runs were on. */
export class IdlePower {
  readonly #withRuns = new Set<string>();
  /** Of the newest line of each host, since hosts get calibrated. */
  readonly #known = new Map<string, { readonly to: string; readonly known: Known }>();

  addRun(record: RunRecord): void {
    this.#withRuns.add(hostKey(record));
  }

  addHost(record: HostRecord): void {
    // The power model's idle power is what it is: no calibration would change it.
    const domains = Object.values(record.domains).filter(({ quality }) => quality === 'measured');
    if (domains.length === 0) return;
    const key = hostKey(record);
    const before = this.#known.get(key);
    if (before !== undefined && before.to >= record.to) return;
    const isBy = (by: Known) => domains.some((domain) => domain.idle_by === by);
    const known = isBy('modelled') ? 'modelled' : isBy('calibrated') ? 'calibrated' : 'unknown';
    this.#known.set(key, { to: record.to, known });
  }

  get counts(): IdlePowerHosts {
    const all = [...this.#withRuns].map((key) => this.#known.get(key)?.known);
    const count = (known: Known): number => all.filter((found) => found === known).length;
    return {
      calibrated_hosts: count('calibrated'),
      modelled_hosts: count('modelled'),
      unknown_hosts: count('unknown'),
    };
  }
}

function hostKey({ cluster, host }: RunRecord | HostRecord): string {
  return `${cluster}\0${host}`;
}
