import { report } from './asked';
import { runRecord } from './records';

const start = '2026-03-02T10:00:00.000Z';
const end = '2026-03-02T10:05:00.000Z';
const last = { at: end, by: 'epilog', coverage: {} } as const;

test('a node that only its epilog tells of has reported, but its time was not observed', () => {
  const { total } = report([
    runRecord({ nodes: 2, start: { by: 'prolog' }, end: last }),
    runRecord({
      ...{ node: 'n2', nodes: 2, from: end, seconds: 0, cpu_us: 0, measured_uj: {} },
      ...{ start: { by: 'epilog' }, end: last },
    }),
  ]);
  expect(total).toMatchObject({ runs: 1, nodes_expected: 2, nodes_reported: 2, coverage: 0.5 });
});

test('of a run that only an epilog tells of nobody knows how long it was', () => {
  const record = runRecord({ from: start, seconds: 0, measured_uj: {}, start: { by: 'epilog' }, end: last });
  expect(report([record]).total).toMatchObject({ runs: 1, elapsed_seconds: 0, coverage: null });
});
