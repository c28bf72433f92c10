/** What a synthetic ledger is to be like. Two equal plans give the same bytes. */
export interface SyntheticPlan {
  /** A name that can be a folder's. */
  readonly cluster: string;
  readonly hosts: number;
  /** GPUs of each GPU host: a quarter of the hosts, none where there is only one host. */
  readonly gpusPerNode: number;
  readonly users: number;
  /** Mean over a week. Where the hosts could not run so many, they are shorter than they would be. */
  readonly jobsPerDay: number;
  /** Length of the stretches of which records tell, a part of an hour; absent: 300 s. */
  readonly stretchMs?: number;
  /** Unix ms, whole stretches. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly seed: number;
  /** Version that the records name. */
  readonly tool: string;
  readonly damage: Damage;
}

/** What went wrong between an agent and its file; each is a part of the lines, 0 to 1. */
export interface Damage {
  /** Carried twice. */
  readonly duplicateFraction: number;
  /** Carried in part, and then again whole. */
  readonly halfLineFraction: number;
  /** Carried days later: at the end of their day's file. */
  readonly lateFraction: number;
}

export const NO_DAMAGE: Damage = { duplicateFraction: 0, halfLineFraction: 0, lateFraction: 0 };

/** The default of `agent.record_seconds`. */
export const STRETCH_MS = 300_000;
export const DAY_MS = 86_400_000;
