import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { durationText } from '../report/units';
import { type Missing, isMissing } from '../sources/source';
import { type AgentProcess, readAgentState } from './agent-process';
import { type Check, type Patient, ok, problem, unknown, warning } from './doctor-check';
import { lockHolder } from './lock-holder';
import { findRunningJobs, listed } from './running-jobs';

/** Checkpoints are this far apart. */
const CHECKPOINT_EVERY_S = 30;
const SLACK_S = 60;

/** Whether an agent measures, as its pid file, its lock and its last reading say. */
export function checkAgent(
  patient: Patient,
  agent: AgentProcess | Missing,
  { systemd = '/run/systemd/system' }: { readonly systemd?: string } = {},
): Check[] {
  const { config } = patient.loaded;
  if (isMissing(agent)) return [checkAbsent(patient, agent, existsSync(systemd))];
  const text = `process ${agent.pid} (uid ${agent.uid}), for ${durationText(Math.round(agent.aliveS))}`;
  const lock = lockHolder(join(config.state_dir, 'agent.lock'), patient.proc);
  const held =
    lock === 'nobody'
      ? [
          problem(
            'agent',
            `${text}, but nobody holds its lock: a second one could begin`,
            'restart the agent',
          ),
        ]
      : [ok('agent', text)];

  const checkpoint = readAgentState(config.var_dir);
  if (isMissing(checkpoint))
    return [
      ...held,
      patient.isRoot
        ? warning('last reading', checkpoint.missing)
        : unknown('last reading', checkpoint.missing),
    ];
  const { at } = checkpoint.state;
  if (at === null) return [...held, warning('last reading', 'none yet')];
  const ageS = Math.max(0, (patient.nowMs - at.wallMs) / 1000);
  const age = `${durationText(Math.round(ageS))} ago, as of the checkpoint`;
  const isLate = ageS > CHECKPOINT_EVERY_S + 2 * config.agent.interval_seconds + SLACK_S;
  return [
    ...held,
    isLate
      ? problem(
          'last reading',
          `${age}: the agent stands still, or cannot write ${config.var_dir}`,
          'agent.log says why',
        )
      : ok('last reading', age),
  ];
}

function checkAbsent({ loaded, proc }: Patient, { missing }: Missing, hasSystemd: boolean): Check {
  const { config } = loaded;
  if (lockHolder(join(config.state_dir, 'agent.lock'), proc) === 'somebody')
    return warning(
      'agent',
      `${missing}, but its lock is held: one begins or ends just now`,
      'look again in a minute',
    );
  if (hasSystemd)
    return problem(
      'agent',
      missing,
      'systemctl enable --now eit-agent; systemctl status eit-agent says more',
    );
  const jobs = findRunningJobs(config.roots, null);
  if (jobs.length === 0) return ok('agent', `${missing}, and no job: the next prolog starts one`);
  return problem(
    'agent',
    `${missing}, though ${listed(jobs)} is here`,
    'journalctl -t eit; docs/troubleshooting.md',
  );
}
