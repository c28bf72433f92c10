import { setTimeout as sleep } from 'node:timers/promises';
import { EitError } from '../errors';
import type { EitConfig } from '../generated/config';
import type { SlurmStep } from '../own-run/slurm-step';
import { isClusterName } from '../slurm/run-identity';
import { isMissing } from '../sources/source';
import { readAgentProcess } from './agent-process';
import { NowReader } from './now-reader';

/** An agent that is asked answers within two ticks. */
const PATIENCE_MS = 3000;
const TOTALS_ALONE_MS = 2000;
const LOOK_MS = 100;

/**
 * Whether the agent of this host measures the job: it tells so of the job's own user. One that runs and does not answer is taken to,
 * since agents run for the sake of hooks: rather a run without records than one with two.
 * @returns null where it does not
 */
export async function measuredByHooks(
  { job, cluster }: SlurmStep,
  config: EitConfig,
  uid: number,
): Promise<{ readonly cluster: string } | null> {
  const agent = readAgentProcess(config.state_dir, Date.now());
  if (isMissing(agent)) return null;
  const named = [config.cluster, cluster].find((name) => isClusterName(name)) ?? 'unknown';
  const reader = new NowReader(config.state_dir, uid);
  const fromMs = Date.now();
  let hasAnswered = false;
  try {
    while (Date.now() - fromMs < PATIENCE_MS) {
      const snapshot = reader.read();
      // Whoever has jobs here is told more than the totals, in this time.
      const isAll = snapshot?.scope !== 'none' || Date.now() - fromMs > TOTALS_ALONE_MS;
      if (snapshot !== null && Date.parse(snapshot.at) >= fromMs && isAll) {
        hasAnswered = true;
        const its = snapshot.runs.find((run) => run.job === job && run.ended === null);
        if (its !== undefined) return { cluster: its.cluster };
      }
      await sleep(LOOK_MS);
    }
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
  }
  return hasAnswered ? null : { cluster: named };
}
