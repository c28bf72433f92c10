import { type HostState, emptyHostState } from '../../../src/agent/host-state';
import { type EventOutcome, applyEvent } from '../../../src/agent/runs';
import { instantAt } from './reading-builder';

/** What each hook leads to where all are read in one tick. */
function outcomes(...hooks: readonly (readonly ['prolog' | 'epilog', restart?: number])[]): EventOutcome[] {
  const state: HostState = emptyHostState();
  return hooks.map(([hook, restart = 0], i) => {
    const variables = { SLURM_JOB_RESTART_COUNT: String(restart) };
    const event = { hook, boot: '0123abcd', uptimeS: i, jobId: 7, node: 'n1', variables };
    const filed = { file: `${hook}.7.1.${i}`, atMs: instantAt(i).wallMs, event };
    return applyEvent(state, filed, instantAt(i), 'lab', () => false);
  });
}

test('hooks that are named twice in slurm.conf make one run', () => {
  const all = outcomes(['prolog'], ['prolog'], ['epilog'], ['epilog']);
  expect(all).toEqual(['started', 'repeated', 'ended', 'repeated']);
});

test('a job that is requeued at once has two runs', () => {
  // In an epilog's environment the requeue has counted up already.
  const all = outcomes(['prolog'], ['epilog', 1], ['epilog', 1], ['prolog', 1], ['epilog', 1]);
  expect(all).toEqual(['started', 'ended', 'repeated', 'started', 'ended']);
});

test('epilogs alone are one run', () => {
  expect(outcomes(['epilog'], ['epilog'])).toEqual(['ended without start', 'repeated']);
});
