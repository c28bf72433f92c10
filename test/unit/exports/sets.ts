import type { EitReport, ReportGroup } from '../../../src/generated/report';
import { NO_FACTS } from '../../../src/science/own-facts';
import type { RunSet } from '../../../src/science/run-set';

/** A job as far as badges and exports read it. */
export interface Job {
  /** IT energy; PUE is 1.25. */
  readonly kwh: number;
  readonly coverage?: number;
  readonly accuracy?: number;
}

/** A set of such jobs, at 400 g/kWh. */
export function setOf(name: string, jobs: readonly Job[], factors: object = {}): RunSet {
  const groups = jobs.map(
    ({ kwh, coverage = 1 }, i) =>
      ({
        ...{ job_id: i + 1, cluster: name, jobs: 1, runs: 1, coverage, nodes_expected: 1, nodes_reported: 1 },
        energy_kwh: { it: kwh, total: kwh * 1.25 },
        co2e_kg: kwh * 0.5,
      }) as unknown as ReportGroup,
  );
  const kwh = jobs.reduce((sum, job) => sum + job.kwh, 0);
  const report = {
    ...{ tool_version: '1.2.3', policy: 'usage', groups },
    factors: {
      ...{ pue: 1.25, zone: 'DE', intensity_g_per_kwh: 400, intensity_source: 'a test', defaults_used: [] },
      ...{
        intensity_basis: 'average-lifecycle',
        it_scope: 'CPU packages',
        domains_measured: ['cpu'],
        ...factors,
      },
    },
    total: {
      ...{ jobs: jobs.length, runs: jobs.length, elapsed_seconds: 7200 * jobs.length, gpu_seconds: 0 },
      ...{ energy_kwh: { it: kwh, total: kwh * 1.25 }, co2e_kg: kwh * 0.5, gpu_utilization: null },
      ...{ coverage: Math.min(...jobs.map(({ coverage = 1 }) => coverage)), measured_fraction: 1 },
      ...{ cpu_models: ['CPU'], gpu_models: [], nodes_expected: jobs.length, nodes_reported: jobs.length },
    },
  } as unknown as EitReport;
  return {
    filter: { name, text: `name=${name}`, asked: { name: [name] } },
    report,
    own: {
      ...NO_FACTS,
      metricsOf: ({ job_id: id }) => {
        const accuracy = jobs[(id ?? 0) - 1]?.accuracy;
        return accuracy === undefined
          ? {}
          : { accuracy: { unit: '', points: [{ step: null, value: accuracy }] } };
      },
    },
  };
}
