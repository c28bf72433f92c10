import { measuredAndRestText, measuredPartText } from '../../../src/report/measured-part';

test.each([
  [null, 'no energy', 'no energy'],
  [0, 'modelled', 'modelled'],
  [0.0004, '1 % measured', '1 % measured, the rest modelled'],
  [0.001, '1 % measured', '1 % measured, the rest modelled'],
  [0.29, '29 % measured', '29 % measured, the rest modelled'],
  [0.997, '99 % measured', '99 % measured, the rest modelled'],
  [0.9994, '99 % measured', '99 % measured, the rest modelled'],
  [0.9996, '99 % measured', '99 % measured, the rest modelled'],
  [1, 'measured', 'measured'],
])('of %j measured: %s', (part, text, whole) => {
  expect(measuredPartText(part, 'no energy')).toBe(text);
  expect(measuredAndRestText(part, 'no energy')).toBe(whole);
});
