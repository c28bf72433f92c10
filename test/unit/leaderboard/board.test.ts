import { makeBoard } from '../../../src/leaderboard/board';
import { parseBoardSpec } from '../../../src/leaderboard/board-spec';
import type { Entry, EntryRun } from '../../../src/leaderboard/entry-run';

const entry = (name: string, metric: number, kwh: number, told: Partial<EntryRun> = {}): Entry => ({
  ...{ name, description: null, link: null, origin: { kind: 'ledger', sha256: null } },
  runs: [
    {
      ...{ name: 'job 1', itKwh: kwh, totalKwh: kwh, co2eKg: kwh, seconds: 3600, coverage: 1 },
      ...{ isCovered: true, measuredFraction: 1, tags: {}, hardware: [], state: null },
      metric: { unit: '', points: [{ step: 0, value: metric }] },
      ...told,
    },
  ],
});

test.each([
  ['higher', 0.5, 0.9],
  ['lower', 0.5, 0.1],
])('what is no better than the baseline is not on the front (%s is better)', (direction, baseline, good) => {
  const spec = parseBoardSpec(
    `title: T\ntask: t\nbaseline: ${baseline}\nmetric: {name: m, direction: ${direction}}\n`,
    'board.yaml',
  );
  const entries = [entry('guesses', baseline, 0.001), entry('learns', good, 5), entry('wastes', good, 6)];
  const [part] = makeBoard(spec, entries).parts;
  expect(Object.fromEntries(part!.rows.map((row) => [row.entry.name, row.isOnFront]))).toEqual({
    guesses: false,
    learns: true,
    wastes: false,
  });
});
