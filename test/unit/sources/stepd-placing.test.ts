import { type JobOfProcesses, openJobProcessesCpu } from '../../../src/sources/job-processes';
import { Tree } from './tree';

const USER = 1000;
const TICK_NS = 10_000_000n;

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

/** A slurmstepd of job 7 with a task that has used `ticks`; `fds` its open files, by number. */
function addStepd(pid: number, ticks: number, fds: Readonly<Record<string, string>> | 'unreadable'): void {
  addProcess(pid, { parent: 1, uid: 0, comm: 'slurmstepd', title: 'slurmstepd: [7.0]', ticks: 0 });
  addProcess(pid + 1, { parent: pid, uid: USER, comm: 'task', title: 'task', ticks });
  if (fds === 'unreadable') return;
  for (const [fd, target] of Object.entries(fds)) tree.link(`${pid}/fd/${fd}`, target);
}

function addProcess(
  pid: number,
  of: { parent: number; uid: number; comm: string; title: string; ticks: number },
): void {
  tree.write(
    `${pid}/stat`,
    `${pid} (${of.comm}) S ${of.parent} 1 1 0 -1 0 0 0 0 0 ${of.ticks} 0 0 0 20 0 1 0 5 0 0\n`,
  );
  tree.write(`${pid}/status`, `Name:\t${of.comm}\nUid:\t${of.uid}\t${of.uid}\t${of.uid}\t${of.uid}\n`);
  tree.write(`${pid}/cmdline`, `${of.title}\0`);
  // As a kernel shows it to every process: all sockets of the host, two of them with such a name that anyone has made.
  tree.write(
    `${pid}/net/unix`,
    [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000000000000: 00000002 00000000 00010000 0001 01 111 /spool/n1/n1_7.0',
      '0000000000000000: 00000002 00000000 00010000 0001 01 222 /spool/n2/n2_7.0',
      '0000000000000000: 00000002 00000000 00010000 0001 01   9 /tmp/n2_7.0',
      '0000000000000000: 00000003 00000000 00000000 0001 03 333',
      '',
    ].join('\n'),
  );
}

/** What the job's counter on a node reads, one value a look, in ticks or why not. */
function looks(count: number, job: Partial<JobOfProcesses> = {}): unknown[] {
  const counter = openJobProcessesCpu({ proc: tree.dir }, { jobId: 7, uid: USER, node: 'n1', ...job });
  return Array.from({ length: count }, () => {
    const value = counter.read();
    return typeof value === 'bigint' ? Number(value / TICK_NS) : value;
  });
}

const everywhere = { isElsewhere: () => true };

test('the sockets that a slurmstepd holds tell its node, whatever others are called', () => {
  addStepd(10, 5, { 0: '/dev/null', 3: 'socket:[333]', 4: 'socket:[111]' });
  addStepd(20, 30, { 3: 'socket:[222]' });
  expect(looks(2, everywhere)).toEqual([5, 5]);
  expect(looks(2, { ...everywhere, node: 'n2' })).toEqual([30, 30]);
});

test('on a host where two nodes run the job, one that cannot be placed is missing on both', () => {
  addStepd(10, 5, { 4: 'socket:[111]' });
  addStepd(20, 30, 'unreadable');
  for (const node of ['n1', 'n2']) {
    const why = { missing: expect.stringContaining(`${tree.dir}/20/fd does not tell`) };
    expect(looks(3, { ...everywhere, node }).slice(1)).toEqual([why, why]);
  }
});

test('it stays missing when the other node has done, since what came before cannot be told apart', () => {
  addStepd(20, 30, 'unreadable');
  let elsewhere = true;
  const counter = openJobProcessesCpu(
    { proc: tree.dir },
    { jobId: 7, uid: USER, node: 'n1', isElsewhere: () => elsewhere },
  );
  counter.read();
  expect(counter.read()).toMatchObject({ missing: expect.any(String) });
  elsewhere = false;
  expect(counter.read()).toMatchObject({ missing: expect.any(String) });
  tree.link('20/fd/3', 'socket:[111]');
  expect(counter.read()).toBe(30n * TICK_NS);
});

test('on the only node that runs the job it is that one’s, from the second look on', () => {
  addStepd(10, 5, 'unreadable');
  expect(looks(3, { isElsewhere: () => false })).toEqual(['gone', 5, 5]);
});
