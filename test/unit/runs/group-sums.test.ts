import { GroupSums } from '../../../src/runs/group-sums';

const CONFLICTS: [cluster: string, jobId: number, text: string][] = [
  ['alpha', 4, 'GPU 4 is elsewhere'],
  ['alpha', 4, 'GPU 3 is elsewhere'],
  ['alpha', 10, 'GPU 1 is elsewhere'],
  ['beta', 2, 'GPU 2 is elsewhere'],
];

test('the contradiction that is shown is the same in whatever order runs and sums come', () => {
  for (let turn = 0; turn < CONFLICTS.length; turn++) {
    const turned = CONFLICTS.map((_, i) => CONFLICTS[(i + turn) % CONFLICTS.length]!);
    const one = new GroupSums();
    for (const conflict of turned) one.addConflict(...conflict);
    const total = new GroupSums();
    for (const conflict of turned) {
      const part = new GroupSums();
      part.addConflict(...conflict);
      total.addSums(part);
    }
    for (const sums of [one, total]) {
      expect(sums.gpuConflictRuns).toBe(CONFLICTS.length);
      expect(sums.gpuConflict).toEqual({ cluster: 'alpha', jobId: 4, text: 'GPU 3 is elsewhere' });
    }
  }
});
