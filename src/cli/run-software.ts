import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { dataPath } from '../data-path';
import { OWN_CLUSTER } from '../own-run/run-lines';

/** The script itself stops after five. */
const LONGEST_MS = 7000;

/**
 * Writes down what software a run begins with, as of jobs (slurm-examples/taskprolog-software.sh): `DIR/software/own-<number>`.
 * A run goes on without it.
 */
export function writeSoftware(
  folder: string,
  job: number,
  env: NodeJS.ProcessEnv,
  note: (text: string) => void,
): void {
  const script = dataPath('../slurm-examples/taskprolog-software.sh');
  const file = join(folder, 'software', `${OWN_CLUSTER}-${job}`);
  mkdirSync(join(folder, 'software'), { recursive: true });
  spawnSync('sh', [script], {
    // Of a batch step: what a job of Slurm is told of its tasks is not this run's.
    env: {
      ...Object.fromEntries(
        Object.entries(env).filter(([name]) => !name.startsWith('SLURM_') || name === 'SLURM_CONTAINER'),
      ),
      SLURM_CLUSTER_NAME: OWN_CLUSTER,
      SLURM_JOB_ID: String(job),
      EIT_SOFTWARE_DIR: folder,
    },
    stdio: 'ignore',
    timeout: LONGEST_MS,
  });
  if (!existsSync(file)) note(`modules and packages could not be written to ${file}; the run goes on`);
}
