import type { RunRecord } from '../../../src/generated/record';
import { report } from './asked';
import { later, runRecord } from './records';

const started = '2026-03-02T10:00:00.000Z';
const firstRead = later(started, 60);
const end = { at: later(started, 300), by: 'epilog', coverage: {} } as const;
const total = (...records: readonly RunRecord[]) => report(records).total;

test('a run that the agent saw 60 s after its prolog is not covered in those 60 s', () => {
  const late = runRecord({
    from: firstRead,
    started,
    seconds: 240,
    start: { by: 'prolog', late_ms: 60_000 },
    end,
  });
  expect(total(late)).toMatchObject({ coverage: 0.8, elapsed_seconds: 300 });
});

test('nor is it where its energy comes in several records', () => {
  const first = runRecord({
    from: firstRead,
    started,
    seconds: 140,
    start: { by: 'prolog', late_ms: 60_000 },
  });
  const second = runRecord({ from: later(started, 200), started, seconds: 100, seq: 1, end });
  expect(total(second, first)).toMatchObject({ coverage: 0.8, elapsed_seconds: 300 });
});

test('a run that the agent saw from its prolog on is covered whole', () => {
  const punctual = runRecord({ started, seconds: 300, start: { by: 'prolog' }, end });
  expect(total(punctual)).toMatchObject({ coverage: 1, elapsed_seconds: 300 });
});
