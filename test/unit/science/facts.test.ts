import fc from 'fast-check';
import type { FactLine } from '../../../src/generated/facts';
import type { ReportGroup } from '../../../src/generated/report';
import { ownFactsOf, parseFactLines, saidOfJobs } from '../../../src/science/fact-lines';
import { metricFigure } from '../../../src/science/metric-variable';
import { parseMetric, parseMetricCsv, parseMetricsJson, parseTag } from '../../../src/science/metric-values';
import { hasTags, parseWantedTag } from '../../../src/science/own-facts';

const AT = '2026-03-02T10:00:00.000Z';

function line(given: Partial<FactLine>): FactLine {
  return { schema: 1, cluster: 'alpha', job: 7, at: AT, ...given };
}

function job(given: { id?: number; cluster?: string; start?: string } = {}): ReportGroup {
  const { id = 7, cluster = 'alpha', start } = given;
  const told = start === undefined ? {} : { slurm_job: { start } };
  return { job_id: id, cluster, ...told } as unknown as ReportGroup;
}

const key = fc.stringMatching(/^[a-z_][A-Za-z0-9_/. -]{0,20}[a-z]$/);
const value = fc.stringMatching(/^[^\p{C}\p{Zl}\p{Zp}]{0,40}$/u);
const number = fc.double({ noNaN: true, noDefaultInfinity: true });

test('whatever is said is read back, and the last said holds', () => {
  const said = fc.array(
    fc.record({
      job: fc.integer({ min: 1, max: 3 }),
      tags: fc.dictionary(key, fc.option(value)),
      n: fc.dictionary(key, number),
    }),
  );
  fc.assert(
    fc.property(said, (all) => {
      const lines = all.map(({ job: id, tags, n }) =>
        line({
          job: id,
          tags,
          metrics: Object.fromEntries(
            Object.entries(n).map(([name, one]) => [name, { points: [[null, one]] }]),
          ),
        }),
      );
      const read = parseFactLines(lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
      expect(read.bad).toEqual([]);
      const facts = ownFactsOf(read.lines);
      for (const id of [1, 2, 3]) {
        const tags = new Map<string, string>();
        const metrics = new Map<string, number>();
        for (const one of all.filter((each) => each.job === id)) {
          for (const [name, text] of Object.entries(one.tags))
            if (text === null) tags.delete(name);
            else tags.set(name, text);
          // JSON knows no -0.
          for (const [name, of] of Object.entries(one.n)) metrics.set(name, of === 0 ? 0 : of);
        }
        expect(new Map(Object.entries(facts.tagsOf(job({ id }))))).toEqual(tags);
        const figures = Object.entries(facts.metricsOf(job({ id }))).map(
          ([name, metric]) => [name, metricFigure(metric, 'last')] as const,
        );
        expect(new Map(figures)).toEqual(metrics);
        for (const [name, text] of tags) expect(facts.jobsTagged([{ key: name, value: text }])).toContain(id);
      }
    }),
    { numRuns: 100 },
  );
});

test('damage costs its own line alone, which is named by its number', () => {
  const good = JSON.stringify(line({ tags: { set: 'a' } }));
  const newer = JSON.stringify({ ...line({ tags: { set: 'x' } }), schema: 2 });
  const text = [good, '{"job":', '', newer, good.replace('"a"', '"b"'), good.slice(0, 20)].join('\n');
  const { lines, bad } = parseFactLines(text);
  expect(lines.map(({ tags }) => tags)).toEqual([{ set: 'a' }, { set: 'b' }]);
  expect(bad).toEqual([
    { line: 2, why: 'not JSON' },
    { line: 4, why: expect.stringContaining('refused by the schema at /schema') as string },
    { line: 6, why: 'half line at the end' },
  ]);
});

test.each([
  ['control characters', { tags: { set: 'a\u001b[2J' } }],
  ['a direction override', { tags: { 'a\u202eb': 'x' } }],
  ['a value that is no text', { tags: { set: 1 } }],
  ['infinity', '{"points":[[null,1e999]]}'],
  ['a day that no calendar has', { at: '2026-13-02T10:00:00.000Z' }],
  ['a name that options split at', { tags: { 'a:b': 'x' } }],
])('%s is refused', (_, given) => {
  const whole =
    typeof given === 'string'
      ? JSON.stringify(line({ metrics: {} })).replace('"metrics":{}', `"metrics":{"a":${given}}`)
      : JSON.stringify({ ...line({}), ...given });
  expect(parseFactLines(`${whole}\n`)).toMatchObject({ lines: [], bad: [{ line: 1 }] });
});

test('an id that comes again is another job; a requeued one is the same; one that waited too', () => {
  const facts = ownFactsOf([
    line({ started: AT, tags: { set: 'old' } }),
    line({ job: 8, tags: { set: 'waiting' } }),
  ]);
  expect(facts.tagsOf(job({ start: '2026-03-02T10:00:00Z' }))).toEqual({ set: 'old' });
  expect(facts.tagsOf(job({ start: '2026-03-04T10:00:00Z' }))).toEqual({ set: 'old' });
  expect(facts.tagsOf(job({ start: '2027-03-02T10:00:00Z' }))).toEqual({});
  expect(facts.tagsOf(job())).toEqual({ set: 'old' });
  expect(facts.tagsOf(job({ cluster: 'beta' }))).toEqual({});
  expect(facts.tagsOf(job({ id: 8, start: '2026-03-09T10:00:00Z' }))).toEqual({ set: 'waiting' });
  expect(facts.tagsOf(job({ id: 8, start: '2026-09-09T10:00:00Z' }))).toEqual({});
});

test('what was taken back is gone, and comes again when it is said again', () => {
  const back = [line({ tags: { set: 'a', lr: '1' } }), line({ tags: { set: null } })];
  expect(ownFactsOf(back).tagsOf(job())).toEqual({ lr: '1' });
  expect(saidOfJobs([...back, line({ tags: { lr: null } })])).toEqual([]);
  expect(ownFactsOf([...back, line({ tags: { set: 'b' } })]).tagsOf(job())).toEqual({ lr: '1', set: 'b' });
});

test('names of JavaScript itself are names like others', () => {
  const text =
    '{"schema":1,"cluster":"alpha","job":7,"at":"2026-03-02T10:00:00.000Z","tags":{"constructor":"x"}}\n';
  const facts = ownFactsOf(parseFactLines(text).lines);
  expect(hasTags(facts.tagsOf(job()), [parseWantedTag('constructor=x')])).toBe(true);
  expect(hasTags({}, [parseWantedTag('constructor')])).toBe(false);
});

test.each([
  ['accuracy=93.1%', ['accuracy', { unit: '%', points: [[null, 93.1]] }]],
  ['fpos=1.2e18', ['fpos', { points: [[null, 1.2e18]] }]],
  ['score=310 points', ['score', { unit: 'points', points: [[null, 310]] }]],
  ['gap=5eV', ['gap', { unit: 'eV', points: [[null, 5]] }]],
  ['delta=-.5', ['delta', { points: [[null, -0.5]] }]],
  ['speed=120/s', ['speed', { unit: '/s', points: [[null, 120]] }]],
  ['speedup=0x', ['speedup', { unit: 'x', points: [[null, 0]] }]],
  ['size=0 bytes', ['size', { unit: 'bytes', points: [[null, 0]] }]],
  ['area=3 m2', ['area', { unit: 'm2', points: [[null, 3]] }]],
  ['heat=20 °C', ['heat', { unit: '°C', points: [[null, 20]] }]],
])('%s', (text, metric) => expect(parseMetric(text)).toEqual(metric));

test.each([
  ['accuracy=NaN', 'NaN and infinity are no results'],
  ['accuracy=93,1%', 'write the number with a point and without separators'],
  ['fpos=1_000', '1 with the unit "_000"'],
  ['t=1,200 ms', '1 with the unit ",200 ms"'],
  ['t=1 200 ms', 'no sum, fraction'],
  ['t=1.2.3', '1.2 with the unit ".3"'],
  ['t=1:20', '1 with the unit ":20"'],
  ["t=1'000", 'is hardly what is meant'],
  ['n=0x1F', '0 with the unit "x1F"'],
  ['n=0b101', 'other base'],
  ['n=1/2', '1 with the unit "/2"'],
  ['n=3-5', 'is hardly what is meant'],
  ['n=1.2×10^3', 'is hardly what is meant'],
  ['n=1.2x10^3', 'is hardly what is meant'],
  ['n=1e+', 'is hardly what is meant'],
  ['accuracy=1e999', 'NaN and infinity are no results'],
  ['accuracy=', 'give name=number'],
  ['accuracy', 'is no name'],
  ['a:b=1', 'is no name'],
  ['-x=1', 'is no name'],
])('%s is refused', (text, message) => expect(() => parseMetric(text)).toThrow(message));

test.each([
  ['set', 'is no tag: give key=value'],
  ['=x', 'is no name'],
  ['set=\u0007', 'characters that cannot be seen'],
  [`set=${'x'.repeat(257)}`, 'over 256 characters'],
])('the tag %j is refused', (text, message) => expect(() => parseTag(text)).toThrow(message));

test('a file of results as programs write it; what is none is named, the rest is taken', () => {
  const text =
    '{"accuracy": 0.93, "loss": [[1, 2.5], [2, 1.5]], "return": [1, 2, 3], "fpos": {"value": 1e18, "unit": "FPOs"}, ' +
    '"val": {"acc": {"points": [[1, 90], [2, 91]], "unit": "%", "best": "max"}}, "note": "NaN", "bad": NaN, "worse": [1, -Infinity]}';
  const { metrics, faults } = parseMetricsJson(text, 'metrics.json');
  expect(metrics).toEqual({
    accuracy: { points: [[null, 0.93]] },
    loss: {
      points: [
        [1, 2.5],
        [2, 1.5],
      ],
    },
    return: {
      points: [
        [null, 1],
        [null, 2],
        [null, 3],
      ],
    },
    fpos: { unit: 'FPOs', points: [[null, 1e18]] },
    'val.acc': {
      unit: '%',
      best: 'max',
      points: [
        [1, 90],
        [2, 91],
      ],
    },
  });
  expect(faults).toEqual([
    'note is "NaN", not a number',
    'bad is empty, not a number',
    'worse has a value that is no number and no [step, value], the 2. of the list',
  ]);
});

test('a text of megabytes, and one with quotes in it, is passed over', () => {
  const long = 'NaN\\"'.repeat(4_000_000);
  const { metrics, faults } = parseMetricsJson(`{"a": 1, "t": "${long}", "b": -Infinity, "c": 2}`, 'm.json');
  expect(Object.keys(metrics)).toEqual(['a', 'c']);
  expect(faults).toHaveLength(2);
  expect(() => parseMetricsJson('{"a": "NaN', 'm.json')).toThrow(/^m\.json is no JSON/);
});

test.each(['', '[1]', '{"a":', '3'])('%j is no file of results', (text) =>
  expect(() => parseMetricsJson(text, 'metrics.json')).toThrow(/^metrics\.json /),
);

test('a column of a CSV file, with steps, without the rows in which it is empty', () => {
  const text = '\uFEFFepoch,train_loss,val_loss\n1,2.5,\n1,,1.5\r\n2,"2.1",\n2,,1e-1\n';
  expect(parseMetricCsv(text, 'log.csv', { value: 'val_loss', step: 'epoch' })).toEqual({
    points: [
      [1, 1.5],
      [2, 0.1],
    ],
  });
  expect(() => parseMetricCsv(text, 'log.csv', { value: 'acc' })).toThrow(
    'log.csv has no column "acc" (there are: epoch, train_loss, val_loss)',
  );
  expect(() => parseMetricCsv('a\n1\nnan\n', 'log.csv', { value: 'a' })).toThrow(
    'log.csv:3: a is "nan", not a number',
  );
  expect(() => parseMetricCsv('a\n', 'log.csv', { value: 'a' })).toThrow('has 0 values');
});

test('figures of a series; of the best only where it was said which that is', () => {
  const points = [3, 9, 6].map((one, step) => ({ step, value: one }));
  const of = (best?: 'max' | 'min') => ({ unit: '', points, ...(best === undefined ? {} : { best }) });
  expect(
    (['last', 'mean', 'max', 'min', 'best'] as const).map((figure) => metricFigure(of(), figure)),
  ).toEqual([6, 6, 9, 3, null]);
  expect([metricFigure(of('max'), 'best'), metricFigure(of('min'), 'best')]).toEqual([9, 3]);
});
