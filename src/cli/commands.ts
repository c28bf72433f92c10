import type { Command } from './command';

/** Every command of `eit`. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'report',
    describe: 'Energy and CO2eq of jobs, by job, user, account, partition, node, day, month or cluster',
    load: () => import('./report'),
  },
];
