import { visible } from '../config/visible';
import { EitError } from '../errors';
import { expandHostlist } from './hostlist';

/** More nodes than any cluster has: so that a hostile value does not fill the memory. */
const MOST_NODES = 100_000;

/**
 * SLURM_JOB_CPUS_PER_NODE, one number a node of the job: `4(x2),8` is 4, 4, 8. See
 * https://slurm.schedmd.com/sbatch.html#OPT_SLURM_JOB_CPUS_PER_NODE.
 * @throws EitError EIT_PARSE
 */
export function parseCpusPerNode(text: string): number[] {
  const groups = text.split(',').map((group) => {
    const [, cpus, times = '1'] = /^(\d{1,9})(?:\(x(\d{1,9})\))?$/.exec(group) ?? [];
    if (cpus === undefined || Number(times) === 0) throw fault(text, `"${visible(group, 80)}" is no count`);
    return { cpus: Number(cpus), times: Number(times) };
  });
  const nodes = groups.reduce((sum, { times }) => sum + times, 0);
  if (nodes > MOST_NODES) throw fault(text, `it has ${nodes} nodes, more than ${MOST_NODES}`);
  return groups.flatMap(({ cpus, times }) => Array.from({ length: times }, () => cpus));
}

/**
 * The CPUs that a job has on one of its nodes.
 * @param cpusPerNode SLURM_JOB_CPUS_PER_NODE
 * @param nodelist SLURM_JOB_NODELIST, in the same order
 * @returns undefined where the node is not in the list, or where the two cannot be read or do not fit together
 */
export function cpusOnNode(cpusPerNode: string, nodelist: string, node: string): number | undefined {
  try {
    const cpus = parseCpusPerNode(cpusPerNode);
    const nodes = expandHostlist(nodelist, { limit: MOST_NODES });
    return cpus.length === nodes.length ? cpus[nodes.indexOf(node)] : undefined;
  } catch (error) {
    if (error instanceof EitError) return undefined;
    throw error;
  }
}

function fault(text: string, what: string): EitError {
  return new EitError('EIT_PARSE', `CPUs per node "${visible(text, 80)}": ${what}; expected such as 4(x2),8`);
}
