import type { LoadedConfig } from '../config/config';

/** `unknown`: this user may not look, or nothing tells. */
export type Verdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** What can be asked for alone, in the order in which it is told. */
export const TOPICS = [
  'setup',
  'slurm',
  'energy',
  'agent',
  'ledger',
  'clock',
  'archive',
  'hosts',
  'accounting',
  'quotas',
  'carbon',
  'units',
] as const;
export type Topic = (typeof TOPICS)[number];

/** A check of a topic. */
export type TopicCheck = Check & { readonly topic: Topic };

/** One line of what `eit doctor` found. */
export interface Check {
  /** What was looked at: `config`, `source powercap`, ... */
  readonly name: string;
  readonly verdict: Verdict;
  readonly text: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** Where the doctor looks. */
export interface Patient {
  readonly loaded: LoadedConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly isRoot: boolean;
  readonly host: string;
  /** The kernel's, for the agent's process and what is mounted; sources have their own in the config. */
  readonly proc: string;
  readonly nowMs: number;
}

export function ok(name: string, text: string): Check {
  return { name, verdict: 'ok', text };
}

export function warning(name: string, text: string, mend?: string): Check {
  return { name, verdict: 'warning', text, ...(mend === undefined ? {} : { mend }) };
}

export function problem(name: string, text: string, mend?: string): Check {
  return { name, verdict: 'problem', text, ...(mend === undefined ? {} : { mend }) };
}

export function unknown(name: string, text: string): Check {
  return { name, verdict: 'unknown', text };
}
