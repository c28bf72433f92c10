import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataPath } from '../data-path';
import { OWN_CLUSTER } from '../own-run/run-lines';

/** The script itself stops after five. */
const LONGEST_MS = 7000;

/**
 * Writes down what software a run begins with, by the script that does it for jobs (slurm-examples/taskprolog-software.sh): in
 * `DIR/software/own-<number>`, of a job that the site measures where that script puts it.
 * @param own the folder and number of a run of ours; null: of the job that this process is in
 * @returns whether it is there; a run goes on without it
 */
export function writeSoftware(
  env: NodeJS.ProcessEnv,
  own: { readonly folder: string; readonly job: number } | null,
): boolean {
  const script = dataPath('../slurm-examples/taskprolog-software.sh');
  // Of a batch step: what Slurm tells its tasks is not this run's.
  const plain = Object.entries(env).filter(
    ([name]) => !name.startsWith('SLURM_') || name === 'SLURM_CONTAINER',
  );
  spawnSync('sh', [script], {
    env:
      own === null
        ? env
        : {
            ...Object.fromEntries(plain),
            SLURM_CLUSTER_NAME: OWN_CLUSTER,
            SLURM_JOB_ID: String(own.job),
            EIT_SOFTWARE_DIR: own.folder,
          },
    stdio: 'ignore',
    timeout: LONGEST_MS,
  });
  return own === null || existsSync(join(own.folder, 'software', `${OWN_CLUSTER}-${own.job}`));
}
