import { advance } from '../../../src/agent/advance';
import { emptyHostState } from '../../../src/agent/host-state';
import { takeHostLine, takeRunLines } from '../../../src/agent/lines';
import type { RunRecord } from '../../../src/generated/record';
import validateRecord from '../../../src/generated/record-validator';
import { FACTS, applyHook, lineWriter } from './hook-builder';
import { readingAt } from './reading-builder';

test.each([
  [0, undefined],
  [0.099, undefined],
  [0.1, 100],
  [5, 5000],
])('a run that is first read %s s after its prolog is late by %s ms', (firstS, lateMs) => {
  const state = emptyHostState();
  applyHook(state, { hook: 'prolog', atS: 0 });
  advance(state, readingAt({ atS: firstS, jobsS: { 1: 0 } }));
  advance(state, readingAt({ atS: 10, energyJ: 1, busyS: 1, jobsS: { 1: 1 } }));
  const [key] = Object.keys(state.runs);
  const [first] = takeRunLines(state, key!, state.at!, lineWriter()) as [RunRecord];
  expect(first.start!.late_ms).toBe(lateMs);
  expect(validateRecord(first)).toBe(true);
  const [second] = takeRunLines(state, key!, state.at!, lineWriter()) as [RunRecord];
  expect(second.start).toBeUndefined();
});

test('reasons longer than the schema’s bound are cut', () => {
  const state = emptyHostState();
  advance(state, readingAt({ atS: 0 }));
  advance(state, readingAt({ atS: 10, energyJ: { missing: 'm'.repeat(2000) } }));
  const facts = { ...FACTS, absentSources: { powercap: 'r'.repeat(2000), hwmon: 'short' } };
  const line = takeHostLine(state, facts, lineWriter())!;
  expect(line.absent_sources).toEqual({ powercap: 'r'.repeat(512), hwmon: 'short' });
  expect(line.domains['package-0']!.missing_reason).toBe('m'.repeat(512));
  expect(validateRecord(line)).toBe(true);
});
