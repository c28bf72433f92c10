import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import type { SlurmConfTree } from '../slurm/slurm-conf-tree';
import { type Check, ok, problem, unknown, warning } from './doctor-check';

/**
 * Whether `gpu.order` of eit.yaml counts GPUs as this node's Slurm does: by NVML's order where gres.conf has AutoDetect, by the minor
 * numbers of the device files where it names those.
 * @param proc has `driver/nvidia/gpus/<PCI address>/information` with a line `Device Minor: 0`
 * @param isOfNode whether a `NodeName=` of gres.conf ('' : none) is this node's
 * @returns nothing where Slurm has no GPUs
 */
export function checkGpuOrder(
  gres: Pick<SlurmConfTree, 'lines'> | null,
  { order }: EitConfig['gpu'],
  { proc, isOfNode }: { readonly proc: string; readonly isOfNode: (nodes: string) => boolean },
): Check[] {
  const name = 'GPU order';
  if (gres === null) return [];
  const own = gres.lines.filter((line) => isOfNode(line.get('nodename') ?? ''));
  const gpus = own.filter((line) => line.get('name')?.toLowerCase() === 'gpu');
  const detects = own
    .map((line) => line.get('autodetect') ?? '')
    .filter(Boolean)
    .at(-1);
  if (gpus.length === 0 && detects === undefined) return [];
  const isDetected = detects !== undefined && detects.toLowerCase() !== 'off';
  if (isDetected)
    return order === 'minor'
      ? [
          problem(
            name,
            `minor, but gres.conf has AutoDetect=${detects}, which counts as nvidia-smi does`,
            'gpu: { order: nvml }',
          ),
        ]
      : [ok(name, `${order}; gres.conf has AutoDetect=${detects}`)];
  if (order === 'map') return [ok(name, 'map: the list of eit.yaml; gres.conf has no AutoDetect')];

  const minors = readMinors(proc);
  const files = gpus.map((line) => line.get('file') ?? '').filter(Boolean);
  if (minors === null || minors.length === 0)
    return [
      unknown(
        name,
        `${order}; gres.conf names ${files.join(', ') || 'no files'}, and NVIDIA's driver shows no GPU here`,
      ),
    ];
  const isSame = minors.every((minor, i) => minor === i);
  const named = files.flatMap(expandFile);
  if (named.length > 0 && named.length < minors.length)
    return [
      warning(
        name,
        `${order}, but gres.conf names ${named.length} of ${minors.length} GPUs: Slurm's index 0 is ${named[0]}`,
        'gpu: { order: map, map: [UUID of index 0, ...] }',
      ),
    ];
  if (isSame)
    return [ok(name, `${order}; the order of the PCI bus and that of the minor numbers are the same here`)];
  const inOrder = minors.join(', ');
  return order === 'minor'
    ? [ok(name, `minor, as gres.conf counts (along the PCI bus the minor numbers are ${inOrder})`)]
    : [
        problem(
          name,
          `nvml, but gres.conf has no AutoDetect and counts device files: along the PCI bus they are ${inOrder}. Jobs get the energy of others' GPUs`,
          'gpu: { order: minor }, or AutoDetect=nvml in gres.conf',
        ),
      ];
}

/** The minor numbers along the PCI bus; null where the driver shows none. */
function readMinors(proc: string): number[] | null {
  const dir = join(proc, 'driver/nvidia/gpus');
  try {
    return readdirSync(dir)
      .sort()
      .flatMap((address) => {
        const text = readFileSync(join(dir, address, 'information'), 'latin1');
        const minor = /^Device Minor:\s*(\d+)/m.exec(text)?.[1];
        return minor === undefined ? [] : [Number(minor)];
      });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return null;
    throw error;
  }
}

/** `/dev/nvidia[0-3]` as four files. */
function expandFile(file: string): string[] {
  const match = /^(.*)\[([\d,-]+)\]$/.exec(file);
  if (match === null) return file.split(',');
  const [, head = '', list = ''] = match;
  return list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: Math.max(0, Math.min(128, to - from + 1)) }, (_, i) => `${head}${from + i}`);
  });
}
