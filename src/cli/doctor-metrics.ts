import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isErrno } from '../errors';
import { metricsPath } from '../metrics/metrics-file';
import { durationText } from '../report/units';
import { type Missing, isMissing } from '../sources/source';
import type { AgentProcess } from './agent-process';
import { type Check, ok, type Patient, problem, warning } from './doctor-check';

/** As often as it is written, and some time for a busy host. */
const FRESH_S = 120;
const OTHERS_READ = 0o004;
const OTHERS_PASS = 0o001;

/** Whether the agent's figures for Prometheus are there, new, and readable by node_exporter's user; nothing where none are wanted. */
export function checkMetrics(
  { loaded, nowMs }: Pick<Patient, 'loaded' | 'nowMs'>,
  agent: AgentProcess | Missing,
): Check[] {
  const dir = loaded.config.agent.textfile_dir;
  // The check of the agent says that there is none.
  if (dir === undefined || isMissing(agent)) return [];
  const path = metricsPath(dir);
  try {
    const { mtimeMs, mode } = statSync(path);
    const ageS = Math.max(0, Math.round((nowMs - mtimeMs) / 1000));
    const age = `${path} is ${durationText(ageS)} old`;
    if (ageS > FRESH_S)
      return [
        problem('metrics', age, `agent.log says why; the unit of the agent needs ${dir} in ReadWritePaths`),
      ];
    const isClosed = (mode & OTHERS_READ) === 0 || (statSync(dirname(path)).mode & OTHERS_PASS) === 0;
    return [
      isClosed
        ? warning(
            'metrics',
            `${age}, and closed to others`,
            `node_exporter's user is to read it: chmod o+rx ${dir}`,
          )
        : ok('metrics', age),
    ];
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    // The first is written with the first checkpoint.
    if (agent.aliveS < FRESH_S && isErrno(error, 'ENOENT'))
      return [warning('metrics', `there is no ${path} yet`)];
    const text = `cannot look at ${path}: ${error.code ?? ''}`;
    return [
      problem(
        'metrics',
        text,
        `make ${dir}, and put it into ReadWritePaths of the agent's unit; agent.log says more`,
      ),
    ];
  }
}
