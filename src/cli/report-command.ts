import type { Command } from './command';

/** What `eit report` is, also as a program of its own: that holds no other command, and so starts sooner. */
export const REPORT: Command = {
  name: 'report',
  describe: 'Energy and CO2eq of jobs, by job, user, account, partition, node, day, month or cluster',
  load: () => import('./report'),
};
