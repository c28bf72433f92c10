import type { GroupKey } from '../generated/report';

/** What `--group-by` of a report takes. */
export const GROUP_KEYS = [
  'job',
  'user',
  'account',
  'partition',
  'node',
  'hour',
  'day',
  'week',
  'month',
  'cluster',
  'qos',
  'state',
  'name',
  'array',
  'het',
  'cpumodel',
  'gpumodel',
] as const satisfies readonly GroupKey[];
