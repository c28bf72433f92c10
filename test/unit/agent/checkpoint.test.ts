import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../../src/agent/checkpoint';
import { emptyHostState } from '../../../src/agent/host-state';
import { finishNow } from '../../../src/ledger/durable';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-checkpoint-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function checkpointOf(state: Checkpoint['state']): Checkpoint {
  return { version: 2, host: 'n1', boot: '0', sources: 'a', state, unwritten: [], removableFiles: [] };
}

function kept(state: Checkpoint['state']): unknown {
  finishNow(writeCheckpoint(dir, checkpointOf(state), false));
  return readCheckpoint(dir)?.state;
}

describe('a checkpoint gives back what was put into it', () => {
  test('any plain data with bigints at any depth', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.bigInt(),
        fc.integer(),
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const state = { ...emptyHostState(), counters: value } as Checkpoint['state'];
        expect(kept(state)).toEqual(state);
      }),
    );
  });

  test('the state itself is left as it is', () => {
    const state = { ...emptyHostState(), counters: { 'package-0': 5n }, cpuTimesNs: [1n, 2n] };
    kept(state);
    expect(state.counters).toEqual({ 'package-0': 5n });
    expect(state.cpuTimesNs).toEqual([1n, 2n]);
  });

  test('a name that objects have of their own is a name like others', () => {
    const counters = JSON.parse('{ "__proto__": 1, "constructor": 2 }') as Record<string, bigint>;
    Object.defineProperty(counters, '__proto__', { value: 7n });
    kept({ ...emptyHostState(), counters });
    expect(readFileSync(join(dir, 'agent-checkpoint.json'), 'utf8')).toContain(
      '"counters":{"__proto__":{"$bigint":"7"},"constructor":2}',
    );
  });
});
