import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Sets the nice value of this process: of each of its threads, since on Linux each has its own (man 2 setpriority).
 * @throws the system's error: to go below 0, or below what it is, takes CAP_SYS_NICE
 */
export function setOwnNice(nice: number): void {
  for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), nice);
}
