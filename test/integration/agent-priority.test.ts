import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isErrno } from '../../src/errors';
import { until } from '../cluster/until';
import { AgentHome } from './agent-home';
import { noOtherUser, testUnless } from '../test-unless';

const asRoot = testUnless(noOtherUser);

let home: AgentHome;
beforeEach(() => (home = new AgentHome(['cluster: lab'])));
afterEach(() => home.remove());

/** The nice value of each of a process's threads (man 5 proc, field 19 of stat). */
function niceValues(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

/** Processes of the program that have this agent's config in their environment. */
function processesOf(program: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(home.config);
        return isOurs && words[0] === process.execPath && words.some((word) => word.endsWith(program));
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return false;
        throw error;
      }
    })
    .map(Number);
}

asRoot('the agent goes before the jobs with each of its threads, and what it starts does not', async () => {
  await home.start();
  const pid = home.agentPid() ?? 0;
  expect(new Set(niceValues(pid))).toEqual(new Set([-10]));
  // Not every kernel has autogroups, and not every process is in one: then its own nice value is what counts.
  if (existsSync(`/proc/${pid}/autogroup`)) {
    expect(readFileSync(`/proc/${pid}/autogroup`, 'utf8')).toMatch(/^(\/autogroup-\d+ nice -10\n)?$/);
  }

  home.hook('prolog', 7);
  await home.read();
  const [shipper = 0] = await until('the shipper', 20_000, () => {
    const found = processesOf('eit-shipper.js');
    return found.length > 0 ? found : undefined;
  });
  const lowest = await until('the shipper to step back', 20_000, () => {
    const nice = Math.min(...niceValues(shipper));
    return nice > 0 ? nice : undefined;
  });
  expect(lowest).toBe(10);
});
