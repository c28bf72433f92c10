import { XMLParser } from 'fast-xml-parser';
import { badgeOf } from '../../../src/exports/badge';
import { cleanMark, type MarkOutcome, sameForLessMark } from '../../../src/exports/badge-marks';
import { badgeSvg } from '../../../src/exports/badge-svg';
import { variableNamed } from '../../../src/science/variable';
import { type Job, setOf } from './sets';

const SPAN = { fromMs: Date.UTC(2026, 0, 2), toMs: Date.UTC(2026, 0, 3) };
const drawn = (jobs: readonly Job[], label = 'energy', marks: { text: string; basis: string }[] = []) => {
  const badge = badgeOf(setOf('train', jobs), { label, marks, span: SPAN });
  return { badge, svg: badgeSvg(badge) };
};
const text = (outcome: MarkOutcome): string => ('mark' in outcome ? outcome.mark.text : outcome.refused);

test('energy, CO2eq, coverage, how it came about, and below it what that rests on', () => {
  const { badge } = drawn([{ kwh: 4 }, { kwh: 6 }]);
  expect(badge.text).toBe('energy: 12.5 kWh, 5.00 kg CO2eq, 100 % observed, measured');
  expect(badge.basis).toBe(
    '2 jobs of train, 2026-01-02 to 2026-01-03: energy with PUE 1.25, divided by the policy usage; CO2eq with 400 g/kWh (DE, a test; average-lifecycle), location-based. slurm-eit 1.2.3.',
  );
});

test('what was observed in part is at least that', () => {
  expect(drawn([{ kwh: 4, coverage: 0.949 }]).badge.text).toBe(
    'energy: at least 5.00 kWh, 2.00 kg CO2eq, 94 % observed, measured',
  );
});

test('an SVG that is one, whatever a label holds; wide enough for its parts; never red', () => {
  const label = `</text><script>alert(1)</script>&"'\u001b[31m\u202e`;
  const { badge, svg } = drawn([{ kwh: 1e9 }], label, [{ text: '<b>', basis: ']]>' }]);
  const parsed = new XMLParser({ ignoreAttributes: false, preserveOrder: false, trimValues: false }).parse(
    svg,
  ) as {
    svg: {
      title: string;
      desc: string;
      g: { text: { '#text': string; '@_x': string; '@_textLength': string }[]; rect: { '@_fill': string }[] };
      '@_aria-label': string;
      '@_width': string;
    };
  };
  for (const never of ['<script', '\u001b', '\u202e']) expect(svg).not.toContain(never);
  expect(Object.keys(parsed.svg)).not.toContain('script');
  expect(parsed.svg.g.text).toHaveLength(badge.parts.length);
  expect(parsed.svg.title).toContain('<script>');
  const last = parsed.svg.g.text.at(-1)!;
  expect(Number(last['@_x']) + Number(last['@_textLength'])).toBeLessThan(Number(parsed.svg['@_width']));
  const grounds = new Set(parsed.svg.g.rect.map((rect) => rect['@_fill']));
  // A run of a million MWh has the colours of any other.
  expect(grounds).toEqual(new Set(['#3d4652', '#1f5f8b', '#1e6b3c', '#ffffff']));
});

describe('the mark of a clean zone', () => {
  test.each([
    [401, 'clean zone: < 401 g/kWh'],
    [400, '400 g/kWh (DE) is not below 400 g/kWh'],
  ])('below %i g/kWh', (bound, wanted) => {
    expect(text(cleanMark(setOf('a', [{ kwh: 1 }]).report, bound))).toBe(wanted);
  });

  test('is not given to a zone that nobody has said', () => {
    const set = setOf('a', [{ kwh: 1 }], { defaults_used: ['zone WORLD, 475 g/kWh (default: ...)'] });
    expect(text(cleanMark(set.report, 1000))).toMatch('the zone is a default');
  });
});

describe('the mark of the same performance at less energy', () => {
  const jobs = (kwh: readonly number[], accuracy: readonly number[], coverage = 1): Job[] =>
    kwh.map((one, i) => ({ kwh: one, accuracy: accuracy[i]!, coverage }));
  const BASE = jobs([10, 11, 10.5, 10.2], [0.9, 0.91, 0.905, 0.9]);
  const mark = (own: readonly Job[], better: 'higher' | 'lower' | null = null, base = BASE): string => {
    const [set, baseline] = [setOf('own', own), setOf('base', base)];
    const metric = variableNamed('accuracy', [set, baseline]);
    return text(sameForLessMark(set, baseline, { metric, within: 0.02, better }));
  };

  test('is given where both hold', () => {
    expect(mark(jobs([7, 8, 7.5, 7.7], [0.9, 0.905, 0.91, 0.9]))).toBe(
      'same accuracy (±2 %), 28 % less energy',
    );
  });

  test.each([
    ['more energy', jobs([12, 13, 12, 12], [0.9, 0.905, 0.91, 0.9]), 'energy: it is not less in the mean'],
    [
      'less by chance',
      jobs([5, 16, 9, 11], [0.9, 0.905, 0.91, 0.9]),
      /energy: less in the mean, and that can be chance/,
    ],
    [
      'a worse result',
      jobs([7, 8, 7.5, 7.7], [0.8, 0.81, 0.8, 0.8]),
      /accuracy: the means are further apart/,
    ],
    [
      'results that vary',
      jobs([7, 8, 7.5, 7.7], [0.7, 1.1, 0.8, 1.0]),
      /accuracy: the means are within the margin, and that can be chance/,
    ],
    ['one run', jobs([7], [0.9]), 'own has one run: how much runs differ takes two or more on each side'],
    [
      'runs observed in part',
      jobs([7, 8, 7.5, 7.7], [0.9, 0.9, 0.9, 0.9], 0.9),
      /observed in part: less energy may be less looking/,
    ],
  ])('is not given for %s', (_, own, wanted) => {
    expect(mark(own)).toMatch(wanted);
  });

  test('a better result is the same only where the direction is known', () => {
    const own = jobs([7, 8, 7.5, 7.7], [0.99, 0.98, 0.99, 0.99]);
    expect(mark(own)).toMatch('further apart');
    expect(mark(own, 'higher')).toBe('same accuracy (−2 %), 28 % less energy');
    expect(mark(own, 'lower')).toMatch('further apart');
  });

  test('results that are equal in every run need no test', () => {
    const same = jobs([10, 11, 10.5, 10.2], [0.9, 0.9, 0.9, 0.9]);
    expect(mark(jobs([7, 8, 7.5, 7.7], [0.9, 0.9, 0.9, 0.9]), null, same)).toBe(
      'same accuracy (±2 %), 28 % less energy',
    );
  });
});
