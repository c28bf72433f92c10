/** A column of the table of jobs. */
export interface JobHead {
  readonly key: string;
  readonly title: string;
  /** In a CSV file, with its unit. */
  readonly csv: string;
  readonly isNumber: boolean;
}

/** The columns of the table of jobs, in its order; the page's script sorts by them. */
export const JOB_HEADS = [
  { key: 'id', title: 'Job', csv: 'JobID', isNumber: false },
  { key: 'name', title: 'Name', csv: 'JobName', isNumber: false },
  { key: 'user', title: 'User', csv: 'User', isNumber: false },
  { key: 'account', title: 'Account', csv: 'Account', isNumber: false },
  { key: 'partition', title: 'Partition', csv: 'Partition', isNumber: false },
  { key: 'state', title: 'State', csv: 'State', isNumber: false },
  { key: 'start', title: 'Start', csv: 'Start', isNumber: true },
  { key: 'elapsed', title: 'Elapsed', csv: 'Elapsed_s', isNumber: true },
  { key: 'kwh', title: 'Energy', csv: 'Energy_kWh', isNumber: true },
  { key: 'co2e', title: 'CO2eq', csv: 'CO2e_kg', isNumber: true },
  { key: 'cpu', title: 'CPU used', csv: 'CPUEfficiency', isNumber: true },
  { key: 'memory', title: 'Memory used', csv: 'MemoryEfficiency', isNumber: true },
  { key: 'gpu', title: 'GPU used', csv: 'GPUUtilFraction', isNumber: true },
  { key: 'coverage', title: 'Observed', csv: 'Coverage', isNumber: true },
] as const satisfies readonly JobHead[];

export type JobKey = (typeof JOB_HEADS)[number]['key'];
