// A ledger for the picture in README.md: a made-up week of a small cluster, always the same bytes. Nodes c1 to c4 have
// RAPL counters, v1 is a virtual machine with the power model. The records are as the agent writes them, an hour a line.
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HOUR_MS = 3_600_000;
const CPUS = 32;
/** Power of a node (W): idle, and what a busy CPU adds. */
const POWER = { 'package-0': { idleW: 62, busyW: 4.1 }, 'dram-0': { idleW: 9, busyW: 0.4 } };
/** CPUs that work outside the jobs keeps busy. */
const SYSTEM_CPUS = 0.4;

/** What runs: nodes, first hour of the week, hours, CPUs allocated on each node, the busy part of them. */
const JOBS = [
  ['ada', 'climate', 'batch', ['c1', 'c2'], 6, 31, 32, 0.97],
  ['ada', 'climate', 'batch', ['c1', 'c2'], 52, 44, 32, 0.96],
  ['ada', 'climate', 'long', ['c3'], 20, 90, 16, 0.88],
  ['boris', 'genomics', 'batch', ['c4'], 9, 14, 24, 0.71],
  ['boris', 'genomics', 'batch', ['c4'], 33, 15, 24, 0.69],
  ['boris', 'genomics', 'long', ['c3'], 30, 100, 12, 0.35],
  ['chen', 'materials', 'batch', ['c4'], 55, 52, 16, 0.99],
  ['chen', 'materials', 'batch', ['c4'], 80, 40, 16, 0.98],
  ['dara', 'climate', 'cloud', ['v1'], 12, 60, 16, 0.9],
  ['emil', 'teaching', 'cloud', ['v1'], 40, 6, 4, 0.2],
  ['emil', 'teaching', 'batch', ['c1'], 110, 5, 8, 0.15],
];

/**
 * Writes the ledger.
 * @param ledger folder that is made
 * @param weekStart time at which the week starts, as Date.parse reads it
 */
export function writeExampleLedger(ledger, weekStart) {
  const startMs = Date.parse(weekStart);
  const jobs = JOBS.map(([user, account, partition, nodes, from, hours, cpus, busy], i) => {
    const id = 48_210 + 7 * i;
    return { id, uid: 2001 + i, user, account, partition, nodes, from, hours, cpus, busy };
  });
  for (const host of ['c1', 'c2', 'c3', 'c4', 'v1']) {
    const lines = [];
    for (let hour = 0; hour < 24 * 7; hour++) {
      const running = jobs.filter((j) => j.nodes.includes(host) && j.from <= hour && hour < j.from + j.hours);
      lines.push(...hourOf(host, startMs + hour * HOUR_MS, hour, running));
    }
    lines.forEach((line, seq) => append(ledger, host, line, seq));
  }
}

/** The lines of one hour: one a job, and the host's own. */
function hourOf(host, atMs, hour, jobs) {
  const isMeasured = host !== 'v1';
  const [from, to] = [utc(atMs), utc(atMs + HOUR_MS)];
  const used = jobs.map((job) => job.cpus * job.busy * (0.94 + 0.06 * Math.sin(hour + job.id)));
  const busy = used.reduce((total, cpus) => total + cpus, SYSTEM_CPUS);
  const domains = {};
  const energies = jobs.map(() => ({}));
  for (const [name, { idleW, busyW }] of Object.entries(POWER)) {
    if (!isMeasured && name !== 'package-0') continue;
    const counterUj = Math.round((idleW + busyW * busy) * HOUR_MS * 1000);
    const allocated = jobs.map((job) => Math.floor((counterUj * job.cpus) / CPUS));
    const usage = used.map((cpus) => Math.floor((counterUj * cpus) / busy));
    jobs.forEach((_, i) => (energies[i][name] = [usage[i], allocated[i], usage[i]]));
    const [usageUj, allocatedUj] = [sum(usage), sum(allocated)];
    const rest = counterUj - usageUj;
    domains[name] = {
      class: name === 'package-0' ? 'cpu' : 'dram',
      source: isMeasured ? 'powercap' : 'cpu-model',
      quality: isMeasured ? 'measured' : 'modelled',
      counter_uj: counterUj,
      runs_uj: [usageUj, allocatedUj, usageUj],
      idle_uj: [0, counterUj - allocatedUj, 0],
      system_uj: [rest, 0, rest],
      missing_ms: 0,
    };
  }
  const runs = jobs.map((job, i) => ({
    kind: 'run',
    from,
    to,
    ms: HOUR_MS,
    node: host,
    job: job.id,
    restart: 0,
    started: utc(atMs - (hour - job.from) * HOUR_MS),
    uid: job.uid,
    user: job.user,
    account: job.account,
    partition: job.partition,
    // Another node of this job has sent nothing: its coverage says so.
    nodes: job.user === 'chen' && job.cpus === 16 && job.from === 80 ? 2 : job.nodes.length,
    cpus: job.cpus,
    cpu_us: Math.round(used[i] * HOUR_MS * 1000),
    measured_uj: isMeasured ? energies[i] : {},
    ...(isMeasured ? {} : { modelled_uj: energies[i] }),
    ...(hour === job.from ? { start: { by: 'prolog' } } : {}),
    ...(hour === job.from + job.hours - 1
      ? { end: { by: 'epilog', exit_code: '0:0', coverage: { cpu: 1 } } }
      : {}),
  }));
  const cpu = {
    cpus: CPUS,
    busy_us: Math.round(busy * HOUR_MS * 1000),
    runs_us: Math.round(sum(used) * HOUR_MS * 1000),
  };
  return [...runs, { kind: 'host', from, to, ms: HOUR_MS, nodes: [host], domains, cpu }];
}

function append(ledger, host, { kind, ...rest }, seq) {
  const file = join(ledger, 'example/inbox', rest.to.slice(0, 10), `${host}.ndjson`);
  mkdirSync(dirname(file), { recursive: true });
  const instance = Buffer.from(host.padEnd(6, '0')).toString('hex');
  const head = { schema: 1, kind, tool: '0.1.0', cluster: 'example', host, boot: '0123abcd', instance, seq };
  appendFileSync(file, `${JSON.stringify({ ...head, ...rest })}\n`);
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function utc(ms) {
  return new Date(ms).toISOString();
}
