import type { Counted, MonthSums } from './expectation';
import type { Fragment } from './fragment';
import type { SyntheticHost } from './host';
import type { JobShape, Submission } from './job-mix';
import type { Owner, SyntheticUser } from './users';

/** A job from its submission to its last end. */
export interface Job {
  readonly id: number;
  /** What it was submitted with: alone, an array of that id, a het job of that id; and its place in it. */
  readonly kind: Submission['kind'];
  readonly firstId: number;
  readonly place: number;
  readonly user: SyntheticUser;
  readonly owner: Owner;
  readonly name: string;
  readonly shape: JobShape;
  readonly submitMs: number;
  /** Of a het job: all components, which start together. */
  readonly components: Job[];
  readonly counted: Counted;
  /** How often it has been requeued. */
  restart: number;
  /** Since when it waits. */
  queuedMs: number;
}

/** How a run ends, in the words of sacct, and what the epilog is told. */
export type EndState =
  'COMPLETED' | 'FAILED' | 'TIMEOUT' | 'CANCELLED' | 'OUT_OF_MEMORY' | 'PREEMPTED' | 'NODE_FAIL';

/** One execution of a job. */
export interface Run {
  readonly job: Job;
  readonly restart: number;
  readonly startMs: number;
  /** What it will end as, where no host fails before. */
  readonly end: EndState;
  readonly fragments: Fragment[];
  /** Of its hosts, as Slurm writes it. */
  readonly nodelist: string;
  /** In the order of the fragments. */
  readonly hosts: readonly SyntheticHost[];
  readonly counted: Counted;
  /** Where its lines are added this month. */
  group: MonthSums | null;
  groupMonth: string;
  isOver: boolean;
  /** Under the policy usage, about. */
  energyUj: number;
}

export const EXIT_CODES: Readonly<Record<EndState, string>> = {
  COMPLETED: '0:0',
  FAILED: '1:0',
  TIMEOUT: '0:15',
  CANCELLED: '0:15',
  OUT_OF_MEMORY: '0:9',
  PREEMPTED: '0:15',
  NODE_FAIL: '1:0',
};
