import type { Command } from './command';
import { about } from './report-options';

/** What `eit report` is, also as a program of its own: that holds no other command, and so starts sooner. */
export const REPORT: Command = {
  ...about,
  load: () => import('./report'),
};
