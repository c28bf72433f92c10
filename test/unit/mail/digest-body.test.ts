import { digestBody, digestSubject } from '../../../src/mail/digest-body';
import { textPart } from '../../../src/mail/text-part';
import { FactsTable } from '../../../src/runs/facts-table';
import { report } from '../report/asked';
import { facts, hour, quota, T_S } from './jobs';

const table = new FactsTable(null);
table.add('alpha', 1, facts());
table.add('alpha', 2, facts({ state: 'FAILED', name: 'evil\u001b[31m', startS: T_S }));
const month = report(
  [hour({ job: 1 }), hour({ job: 2, measured_uj: { 'package-0': [36e10, 36e10, 36e10] } })],
  { groupBy: ['job'] },
  {},
  table,
);
const nothing = report([], { groupBy: ['job'] }, {}, table);
const digest = {
  whose: 'alice\r\nBcc: x',
  month: '2026-03',
  report: month,
  before: nothing,
  quotas: [quota()],
};
const top = [...month.groups].sort((a, b) => b.energy_kwh.total - a.energy_kwh.total);

test('a month tells its sums, what was lost and what took the most', () => {
  const text = textPart(digestBody({ ...digest, top }));
  expect(text).toMatch(/Energy +480 Wh +nothing the month before/);
  expect(text).toMatch(/failed +150 Wh +\[###-------\] +1 run\n/);
  expect(text).toMatch(/THE MOST ENERGY\n +1 +330 Wh +\[#{10}\] +0\.13 kg, train, COMPLETED\n +2 +150 Wh/);
  expect(text).toMatch(/QUOTAS\n +user alice +25 %/);
});

test('the change against the month before is told in percent', () => {
  const half = report([hour({ job: 9, measured_uj: { 'package-0': [57.6e10, 57.6e10, 57.6e10] } })]);
  const text = textPart(digestBody({ ...digest, before: half, top }));
  expect(text).toMatch(/Energy +480 Wh +\+100 % against the month before/);
});

test('names stay data', () => {
  const body = digestBody({ ...digest, top });
  // eslint-disable-next-line no-control-regex
  expect(digestSubject({ ...digest, top })).not.toMatch(/[\p{Cc}]/u);
  expect(textPart(body).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
