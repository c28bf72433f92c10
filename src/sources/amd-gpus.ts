import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { readKernelFile } from './kernel-file';

/**
 * How many GPUs the driver of AMD's (amdkfd) shows below <sys>/class/kfd/kfd/topology/nodes: on an MI250X module two, which
 * is how Slurm counts them. A node there is a GPU if its gpu_id is not 0; CPUs are nodes too.
 * https://github.com/torvalds/linux/blob/master/drivers/gpu/drm/amd/amdkfd/kfd_topology.c
 * @returns 0 where there is no such driver or it may not be looked into
 */
export function countAmdGpus(sys: string): number {
  const dir = join(sys, 'class/kfd/kfd/topology/nodes');
  try {
    return readdirSync(dir).filter((node) => isGpu(join(dir, node, 'gpu_id'))).length;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return 0;
    throw error;
  }
}

/** A GPU that this process may not use (its cgroup's device list) has a file that cannot be read. */
function isGpu(path: string): boolean {
  try {
    return /^[1-9]\d*$/.test(readKernelFile(path).trim());
  } catch (error) {
    if (isErrno(error, 'EPERM', 'EACCES', 'ENOENT', 'ENOTDIR', 'EIO')) return false;
    throw error;
  }
}
