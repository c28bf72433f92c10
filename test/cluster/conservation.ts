import type { HostRecord, RunRecord } from '../../src/generated/record';
import { INSTANT_J, type MeasuredCluster } from './measured-cluster';
import type { PowercapLaw } from './powercap-law';

/** The ledger's records, and what the counters know of themselves. */
export interface Books {
  hostRecords(): HostRecord[];
  runRecords(): RunRecord[];
  readonly law: Pick<PowercapLaw, 'domains' | 'energyBetweenWall'>;
}

/**
 * What must hold after every scenario: for each host stretch, domain and policy, runs + idle + system = the counter's
 * growth, to the µJ; the run records hold exactly what the host records say was given to runs; and the counter's growth
 * is what the law's own log says, wraps and agent restarts included.
 * @param instantJ joules that agent and law may see differently at an instant
 */
export async function expectConservation(books: Books, instantJ = INSTANT_J): Promise<void> {
  const hosts = books.hostRecords();
  const runs = books.runRecords();
  expect(hosts.length).toBeGreaterThan(0);

  for (const domain of books.law.domains) {
    for (const policy of [0, 1, 2] as const) {
      for (const record of hosts) {
        const { counter_uj, runs_uj, idle_uj, system_uj } = record.domains[domain]!;
        expect(runs_uj[policy] + idle_uj[policy] + system_uj[policy]).toBe(counter_uj);
      }
      const toRuns = hosts.reduce((sum, record) => sum + record.domains[domain]!.runs_uj[policy], 0);
      const ofRuns = runs.reduce((sum, record) => sum + (record.measured_uj[domain]?.[policy] ?? 0), 0);
      expect(ofRuns).toBe(toRuns);
    }
    await expectLaw(books, domain, instantJ);
  }
}

/** Over each unbroken chain of host records the recorded growth is the law's. */
async function expectLaw(books: Books, domain: string, instantJ: number): Promise<void> {
  const records = books.hostRecords().sort((a, b) => a.from.localeCompare(b.from));
  const chains: { from: string; to: string; uj: number }[] = [];
  for (const record of records) {
    const { counter_uj: uj, missing_ms } = record.domains[domain]!;
    expect({ record: record.from, missing_ms }).toEqual({ record: record.from, missing_ms: 0 });
    const chain = chains.at(-1);
    if (chain?.to === record.from) {
      chain.to = record.to;
      chain.uj += uj;
    } else {
      chains.push({ from: record.from, to: record.to, uj });
    }
  }
  for (const { from, to, uj } of chains) {
    const truthUj = await books.law.energyBetweenWall(domain, Date.parse(from), Date.parse(to));
    expect(Math.abs(uj - truthUj) / 1e6).toBeLessThan(instantJ);
  }
}

/** What must hold whenever the cluster has come to rest: the books balance, no event waits, no node is drained. */
export async function expectAllWell(eit: MeasuredCluster): Promise<void> {
  await eit.slurm.waitUntilQuiet();
  await eit.settled();
  await expectConservation(eit);
  expect(eit.eventFiles()).toEqual([]);
  await expectNoneDrained(eit);
}

export async function expectNoneDrained({ slurm }: MeasuredCluster): Promise<void> {
  const states = Object.entries(await slurm.nodeStates());
  expect(states.filter(([, state]) => /DRAIN|DOWN|FAIL/.test(state))).toEqual([]);
}
