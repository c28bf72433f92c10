import { parseColumns } from '../../../src/report/column-choice';
import { columnHelp, COLUMNS } from '../../../src/report/columns';

test('every column is listed with what it is', () => {
  for (const { name, describe } of COLUMNS) {
    expect(columnHelp()).toMatch(new RegExp(`^${name}\\b.*`, 'm'));
    expect(columnHelp()).toContain(describe);
  }
});

test.each([
  ['user', [['User', undefined, 'left']]],
  [
    'USER,energy',
    [
      ['User', undefined, 'left'],
      ['Energy', undefined, 'right'],
    ],
  ],
  ['User%20', [['User', 20, 'right']]],
  ['Energy%-8', [['Energy', 8, 'left']]],
  [
    'energy_kwh, co2e_KG ,',
    [
      ['Energy', undefined, 'right'],
      ['CO2e', undefined, 'right'],
    ],
  ],
])('%s', (text, expected) => {
  expect(parseColumns(text).map(({ column, width, align }) => [column.name, width, align])).toEqual(expected);
});

test.each(['usr', 'User%', 'User%x', 'User%0', '%20', 'User%20%20', 'constructor', 'User%99999'])(
  '%s is refused by name',
  (text) => {
    expect(() => parseColumns(text)).toThrow(
      expect.objectContaining({ code: 'EIT_USAGE', message: expect.stringContaining('JobID, Cluster') }),
    );
  },
);
