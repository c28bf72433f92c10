/** Slurm's job states by their short form (https://slurm.schedmd.com/sacct.html, "Job State Codes"; sacct -s takes both). */
const STATES: Readonly<Record<string, string>> = {
  BF: 'BOOT_FAIL',
  CA: 'CANCELLED',
  CD: 'COMPLETED',
  CF: 'CONFIGURING',
  CG: 'COMPLETING',
  DL: 'DEADLINE',
  F: 'FAILED',
  LF: 'LAUNCH_FAILED',
  NF: 'NODE_FAIL',
  OOM: 'OUT_OF_MEMORY',
  PD: 'PENDING',
  PR: 'PREEMPTED',
  R: 'RUNNING',
  RF: 'RECONFIG_FAIL',
  RQ: 'REQUEUED',
  RS: 'RESIZING',
  RV: 'REVOKED',
  S: 'SUSPENDED',
  TO: 'TIMEOUT',
};

/** What became of a run's work. */
export type Outcome = 'failed' | 'cancelled' | 'requeued';

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  BOOT_FAIL: 'failed',
  CANCELLED: 'cancelled',
  DEADLINE: 'failed',
  FAILED: 'failed',
  LAUNCH_FAILED: 'failed',
  NODE_FAIL: 'failed',
  OUT_OF_MEMORY: 'failed',
  PREEMPTED: 'requeued',
  RECONFIG_FAIL: 'failed',
  REQUEUED: 'requeued',
  REVOKED: 'cancelled',
  TIMEOUT: 'failed',
};

/** Short and long forms, for messages. */
export const STATE_FORMS: string = Object.entries(STATES)
  .map(([short, long]) => `${short} (${long})`)
  .join(', ');

/** The long form of a state in either, in any case; null where it is none. */
export function jobState(text: string): string | null {
  const name = text.toUpperCase();
  if (Object.hasOwn(STATES, name)) return STATES[name] ?? null;
  return Object.values(STATES).includes(name) ? name : null;
}

/** null: the work was done, is being done, or nobody knows. */
export function outcomeOf(state: string): Outcome | null {
  return Object.hasOwn(OUTCOMES, state) ? (OUTCOMES[state] ?? null) : null;
}
