import type { HostRecord, RunRecord } from '../../../src/generated/record';

/** Lines of a run as the agent writes them; what a test does not say is plain: 300 s of job 1 of alice on n1. */
export function runRecord({
  from,
  seconds = 300,
  ...rest
}: Partial<RunRecord> & { seconds?: number } = {}): RunRecord {
  const start = from ?? '2026-03-02T10:00:00.000Z';
  return {
    schema: 1,
    kind: 'run',
    tool: '0.1.0',
    cluster: 'alpha',
    host: rest.node ?? 'n1',
    boot: '0123abcd',
    instance: '0123456789ab',
    seq: 0,
    from: start,
    to: later(start, seconds),
    ms: seconds * 1000,
    node: 'n1',
    job: 1,
    restart: 0,
    started: start,
    uid: 1001,
    user: 'alice',
    account: 'physics',
    partition: 'cpu',
    nodes: 1,
    cpu_us: seconds * 1e6,
    measured_uj: { 'package-0': [seconds * 1e7, seconds * 2e7, seconds * 3e7] },
    ...rest,
  };
}

/** A host's line with 300 s of one package: 10 J for runs, 20 J idle, 30 J system under `usage`. */
export function hostRecord(given: Partial<HostRecord> = {}): HostRecord {
  const from = given.from ?? '2026-03-02T10:00:00.000Z';
  return {
    schema: 1,
    kind: 'host',
    tool: '0.1.0',
    cluster: 'alpha',
    host: 'n1',
    boot: '0123abcd',
    instance: '0123456789ab',
    seq: 0,
    from,
    to: later(from, 300),
    ms: 300_000,
    nodes: ['n1'],
    domains: {
      'package-0': {
        class: 'cpu',
        source: 'rapl',
        quality: 'measured',
        counter_uj: 60e6,
        runs_uj: [10e6, 11e6, 12e6],
        idle_uj: [20e6, 21e6, 22e6],
        system_uj: [30e6, 28e6, 26e6],
        missing_ms: 0,
      },
    },
    cpu: { cpus: 4, busy_us: 1, runs_us: 1 },
    ...given,
  };
}

/** `utc` plus some seconds, in the records' form. */
export function later(utc: string, seconds: number): string {
  return new Date(Date.parse(utc) + Math.round(seconds * 1000)).toISOString();
}
