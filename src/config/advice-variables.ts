/** What advice can ask about a job and say of it: the name, and how its value is written. Text ones are compared with = and !=. */
export const ADVICE_VARIABLES = {
  energy_kwh: 'energy',
  co2e_kg: 'mass',
  elapsed_seconds: 'duration',
  nodes: 'number',
  cpus: 'number',
  cpu_cores: 'number',
  cpu_idle: 'number',
  cpu_efficiency: 'part',
  memory_asked_bytes: 'bytes',
  memory_bytes: 'bytes',
  memory_unused_bytes: 'bytes',
  memory_efficiency: 'part',
  gpus: 'number',
  gpu_utilization: 'part',
  gpu_idle_part: 'part',
  gpu_idle_kwh: 'energy',
  time_limit_seconds: 'duration',
  time_part: 'part',
  runs: 'number',
  earlier_runs_kwh: 'energy',
  intensity_g_per_kwh: 'number',
  cleaner_hour_g_per_kwh: 'number',
  cleaner_hour_part: 'part',
  cleaner_hour_kg: 'mass',
  cleaner_hour: 'text',
  cleaner_cluster_part: 'part',
  cleaner_cluster_kg: 'mass',
  cleaner_cluster: 'text',
  state: 'text',
  user: 'text',
  account: 'text',
  partition: 'text',
  qos: 'text',
  cluster: 'text',
} as const;

export type AdviceVariable = keyof typeof ADVICE_VARIABLES;

/** Rules that come with EIT, in data/advice/advice.yaml: a site's rule of the same id changes it. */
export const SHIPPED_RULES = [
  'idle-gpu',
  'memory',
  'one-core',
  'time-limit',
  'cleaner-hour',
  'cleaner-cluster',
] as const;

export function isAdviceVariable(name: string): name is AdviceVariable {
  return Object.hasOwn(ADVICE_VARIABLES, name);
}
