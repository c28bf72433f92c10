import validateNow from '../../../src/generated/now-validator';
import { jobRow, sortRows } from '../../../src/live/host-now';
import { plainText } from '../../../src/live/screen-line';
import { type TopState, pressKey } from '../../../src/live/top-state';
import { type Size, type TopModel, rowsOf, topScreen } from '../../../src/live/top-view';
import { displayWidth } from '../../../src/report/printable';
import { expectGolden } from '../report/golden';
import { exampleModel, exampleSnapshot } from './example-snapshot';

const LIST: TopState = { view: 'list', sort: 'watts', filter: '', selected: null };
const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 160, rows: 24 },
  { columns: 40, rows: 10 },
];

function screen(model: TopModel, state: TopState, size: Size): string {
  const lines = topScreen(model, state, size);
  expect(lines).toHaveLength(size.rows);
  for (const line of lines) {
    const width = line.reduce((sum, { text }) => sum + displayWidth(text), 0);
    expect(width).toBeLessThanOrEqual(size.columns);
    for (const { text } of line) expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
  return `${lines.map(plainText).join('\n')}\n`;
}

test('the example is what an agent may tell', () => {
  expect(validateNow(exampleSnapshot())).toBe(true);
});

describe.each(SIZES)('$columns × $rows', (size) => {
  const key = jobRow(exampleSnapshot().runs[0]!).key;
  test.each([
    ['list', LIST],
    ['selected', { ...LIST, selected: key, sort: 'energy' }],
    ['detail', { ...LIST, view: 'detail', selected: key }],
    ['help', { ...LIST, view: 'help' }],
    ['filter', { ...LIST, view: 'filter', filter: 'ada' }],
  ] as const)('%s', (name, state) => {
    const text = screen(exampleModel(), state, size);
    expectGolden(`../../live/${name}-${size.columns}x${size.rows}.txt`, text);
  });
});

test('any size is filled and nothing is wider', () => {
  for (let columns = 1; columns < 200; columns += 7) {
    for (let rows = 1; rows < 30; rows++) screen(exampleModel(), LIST, { columns, rows });
  }
});

test('before there is an answer, and without jobs, it says so', () => {
  const size = { columns: 80, rows: 24 };
  expect(screen(exampleModel({ snapshot: null, notice: 'Waiting for the agent ...' }), LIST, size)).toContain(
    'Waiting for the agent ...',
  );
  const own = { ...exampleSnapshot(), scope: 'none' as const, runs: [] };
  expect(screen(exampleModel({ snapshot: own }), LIST, size)).toContain(
    'None of your jobs is measured here.',
  );
  expect(screen(exampleModel({ user: 'nobody' }), LIST, size)).toContain(
    'No job of nobody is measured here.',
  );
  expect(screen(exampleModel(), { ...LIST, filter: 'zzz' }, size)).toContain('No job has "zzz"');
});

test('without UTF-8 it is ASCII', () => {
  const text = screen(exampleModel({ isUnicode: false }), LIST, { columns: 160, rows: 24 });
  expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  expect(text).toContain('####');
});

test('a sum leaves out what is not known, and is not known where nothing is', () => {
  const [known, , unknown] = exampleSnapshot().runs.map(jobRow);
  expect(known?.totalW).toBeCloseTo(96.2 + 40.1 + 8.11 + 388);
  expect(unknown?.totalW).toBeNull();
});

test('sorting: the greatest first, jobs by number, what is not known last', () => {
  const rows = exampleSnapshot().runs.map(jobRow);
  const jobs = (by: Parameters<typeof sortRows>[1]): number[] =>
    sortRows(rows, by).map(({ job }) => job % 1000);
  expect(jobs('watts')).toEqual([467, 502, 399, 511]);
  expect(jobs('energy')).toEqual([399, 467, 502, 511]);
  expect(jobs('cpu')).toEqual([502, 467, 399, 511]);
  expect(jobs('job')).toEqual([399, 467, 502, 511]);
});

describe('keys', () => {
  const keys = ['a', 'b', 'c'];
  const press = (state: TopState, ...pressed: string[]): TopState =>
    pressed.reduce((now, key) => pressKey(now, key, keys).state, state);

  test('select, in bounds', () => {
    expect(press(LIST, 'down').selected).toBe('a');
    expect(press(LIST, 'down', 'j', 'down', 'down').selected).toBe('c');
    expect(press(LIST, 'end', 'up').selected).toBe('b');
    expect(press(LIST, 'end', 'page-up').selected).toBe('a');
    expect(pressKey(LIST, 'down', []).state.selected).toBeNull();
  });
  test('detail and back', () => {
    const detail = press(LIST, 'down', 'enter');
    expect(detail).toMatchObject({ view: 'detail', selected: 'a' });
    expect(press(detail, 'escape')).toMatchObject({ view: 'list', selected: 'a' });
  });
  test('in the filter every key is text, but Ctrl-C quits', () => {
    const typed = press(LIST, '/', 'q', 's', 'x', 'backspace');
    expect(typed).toMatchObject({ view: 'filter', filter: 'qs', sort: 'watts' });
    expect(press(typed, 'enter')).toMatchObject({ view: 'list', filter: 'qs' });
    expect(press(typed, 'escape')).toMatchObject({ view: 'list', filter: '' });
    expect(pressKey(typed, 'ctrl-c', keys).next).toBe('quit');
  });
  test('s goes round', () => {
    expect(press(LIST, 's', 's').sort).toBe('cpu');
    expect(press(LIST, 's', 's', 's', 's').sort).toBe('watts');
  });
});

test('a selected job of a long list is in sight', () => {
  const runs = Array.from({ length: 50 }, (_, i) => ({ ...exampleSnapshot().runs[0]!, job: 1000 + i }));
  const model = exampleModel({ snapshot: { ...exampleSnapshot(), runs } });
  const state: TopState = { ...LIST, sort: 'job' };
  const rows = rowsOf(model, state);
  const text = screen(model, { ...state, selected: rows[37]!.key }, { columns: 80, rows: 24 });
  expect(text).toMatch(/^ +1037 /m);
  expect(text).not.toMatch(/^ +1000 /m);
});
