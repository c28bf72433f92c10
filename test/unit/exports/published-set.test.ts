import { badgeOf } from '../../../src/exports/badge';
import { sameForLessMark } from '../../../src/exports/badge-marks';
import { publishedSet } from '../../../src/exports/published-set';
import { sciManifest } from '../../../src/exports/sci-manifest';
import { functionalUnit, sciScore } from '../../../src/exports/sci-score';
import { filtersOf } from '../../../src/cli/chosen-runs';
import { type RunSet, type RunSetFilter } from '../../../src/science/run-set';
import { variableNamed } from '../../../src/science/variable';
import { type Job, setOf } from './sets';

const filterOf = (argv: Readonly<Record<string, unknown>>, from?: string): RunSetFilter =>
  filtersOf(argv, from)[0]!;

test.each([
  [{}, '/home/ada/secret', 'a folder of runs'],
  [{ jobs: '1234,1240_[1-5]' }, undefined, 'runs (1234,1240_[1-5])'],
  [{ set: ['small=1234'] }, '/home/ada/secret', 'small (1234)'],
  [{ set: ['mine=user=ada;account=physics'] }, undefined, 'mine'],
  [{ set: ['both=jobs=1234;user=ada'] }, undefined, 'both'],
])('%j of %s is published as %s', (argv, from, wanted) => {
  expect(publishedSet(filterOf(argv, from))).toBe(wanted);
});

test('neither badge nor manifest says whose runs they are of, or in which folder they lie', () => {
  const span = { fromMs: 0, toMs: 1 };
  const jobs = (kwh: readonly number[]): Job[] => kwh.map((one) => ({ kwh: one, accuracy: 1 }));
  const set: RunSet = { ...setOf('a', jobs([7, 8, 7.5])), filter: filterOf({}, '/home/ada/secret') };
  const baseline: RunSet = {
    ...setOf('b', jobs([17, 18, 17.5])),
    filter: filterOf({ set: ['large=user=ada;account=physics'] }),
  };
  const metric = variableNamed('accuracy', [set, baseline]);
  const outcome = sameForLessMark(set, baseline, { metric, within: 0.02, better: null });
  const marks = 'mark' in outcome ? [outcome.mark] : [];
  expect(marks).toHaveLength(1);
  const M = { g: 1, basis: 'a test' };
  const manifest = sciManifest(
    [set, baseline].map((one) => ({
      ...{ set: one, span },
      score: sciScore(one.report, M, functionalUnit('job', one)),
    })),
  );
  const published = JSON.stringify([badgeOf(set, { label: 'energy', marks, span }), manifest]);
  expect(published).toContain('a folder of runs');
  expect(published).toContain('at less energy than large');
  for (const never of ['ada', 'secret', 'physics']) expect(published).not.toContain(never);
});
