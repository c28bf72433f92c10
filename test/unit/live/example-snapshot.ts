import type { NowRun, NowSnapshot } from '../../../src/generated/now';
import type { LiveFactor, TopModel } from '../../../src/live/top-view';

export const AT = '2026-03-04T09:15:30.000Z';

/** A node of two packages and four GPUs with three jobs of two users, and one that has just ended. */
export function exampleSnapshot(): NowSnapshot {
  return {
    schema: 1,
    kind: 'now',
    tool: '1.0.0',
    host: 'gpu07',
    cluster: 'alpha',
    nodes: ['gpu07'],
    at: AT,
    policy: 'usage',
    scope: 'all',
    totals: {
      runs: 3,
      cpus: 128,
      cpus_busy: 71.4,
      memory_bytes: 208e9,
      memory_total_bytes: 540e9,
      since: '2026-03-03T23:00:00.000Z',
      domains: [
        hostDomain('package-0', 'cpu', 187.3, 150, 20, 17.3, 5.9e6),
        hostDomain('package-1', 'cpu', 171.1, 140, 20, 11.1, 5.4e6),
        hostDomain('dram-0', 'dram', 31.9, 20, 8, 3.9, 1.1e6),
        hostDomain('gpu-0000:01:00.0', 'gpu', 388, 388, 0, 0, 9.1e6),
        hostDomain('gpu-0000:41:00.0', 'gpu', 61.2, 0, 61.2, 0, 1.9e6),
      ],
      whole: [{ name: 'node', source: 'bmc', power_w: 1104, energy_j: 31e6 }],
    },
    runs: [
      run(184_467, 'ada', 3 * 3600 + 754, {
        cpus_busy: 31.6,
        cpus: 32,
        gpus: 1,
        gpu_busy: 0.97,
        memory_bytes: 61.5e9,
        memory_limit_bytes: 128e9,
        domains: [
          domain('package-0', 'cpu', 96.2, 1.21e6),
          domain('package-1', 'cpu', 40.1, 0.44e6),
          domain('dram-0', 'dram', 8.11, 91_000),
          domain('gpu-0000:01:00.0', 'gpu', 388, 4.4e6),
        ],
      }),
      run(184_502, 'katherine.j', 44, {
        cpus_busy: 36,
        cpus: 64,
        domains: [
          domain('package-0', 'cpu', 53.8, 2210),
          domain('package-1', 'cpu', 99.9, 4105),
          domain('dram-0', 'dram', 11.9, 501, 3),
        ],
      }),
      run(184_511, 'evil\x1b[2J\u202e', 2, {
        cpus_busy: null,
        domains: [domain('package-0', 'cpu', null, 0, 2)],
      }),
      run(184_399, 'ada', 86_400 * 2 + 4000, {
        ended: '2026-03-04T09:15:20.000Z',
        domains: [domain('package-0', 'cpu', null, 7.7e6), domain('dram-0', 'dram', null, 0.2e6)],
      }),
    ],
  };
}

function hostDomain(
  name: string,
  domainClass: 'cpu' | 'dram' | 'gpu',
  powerW: number,
  runsW: number,
  idleW: number,
  systemW: number,
  energyJ: number,
): NowSnapshot['totals']['domains'][number] {
  return {
    name,
    class: domainClass,
    quality: 'measured',
    source: domainClass === 'gpu' ? 'nvidia' : 'powercap',
    power_w: powerW,
    runs_w: runsW,
    idle_w: idleW,
    system_w: systemW,
    energy_j: energyJ,
  };
}

function domain(
  name: string,
  domainClass: 'cpu' | 'dram' | 'gpu',
  powerW: number | null,
  energyJ: number,
  missingS = 0,
): NowRun['domains'][number] {
  return {
    name,
    class: domainClass,
    quality: 'measured',
    power_w: powerW,
    energy_j: energyJ,
    missing_s: missingS,
  };
}

function run(job: number, user: string, ranS: number, more: Partial<NowRun>): NowRun {
  return {
    job,
    node: 'gpu07',
    cluster: 'alpha',
    restart: 0,
    user,
    uid: 1000 + (job % 7),
    account: 'physics',
    partition: 'gpu',
    nodes: 1,
    cpus: 1,
    started: new Date(Date.parse(AT) - ranS * 1000).toISOString(),
    ended: null,
    cpus_busy: 0,
    memory_bytes: null,
    memory_limit_bytes: null,
    gpu_busy: null,
    domains: [],
    ...more,
  };
}

export const FACTOR: LiveFactor = { gPerKwh: 475, text: 'DE 380 g/kWh, PUE 1.25' };

export function exampleModel(more: Partial<TopModel> = {}): TopModel {
  return {
    snapshot: exampleSnapshot(),
    factor: FACTOR,
    nowMs: Date.parse(AT),
    clock: '10:15:30',
    notice: '',
    history: (key) => (key === '' ? [610, 640, null, 700, 811, 840] : [1, 2, 3, 4, 3, 2]),
    isUnicode: true,
    user: null,
    ...more,
  };
}
