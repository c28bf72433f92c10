import type { Server } from 'node:http';
import { serveMetrics } from '../../../src/cli/prometheus-server';
import { EitError } from '../../../src/errors';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** What was asked for, and how each collection is to end. */
class Collections {
  readonly begun: PromiseWithResolvers[] = [];
  readonly collect = (): Promise<string> => {
    const one = withResolvers();
    this.begun.push(one);
    return one.promise;
  };
}

interface PromiseWithResolvers {
  readonly promise: Promise<string>;
  readonly resolve: (text: string) => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): PromiseWithResolvers {
  let [resolve, reject]: [(text: string) => void, (error: unknown) => void] = [
    () => undefined,
    () => undefined,
  ];
  const promise = new Promise<string>((done, failed) => ([resolve, reject] = [done, failed]));
  return { promise, resolve, reject };
}

async function serve(
  collections: Collections,
  clock = { ms: 0 },
  warned: string[] = [],
): Promise<() => Promise<string>> {
  const served = await serveMetrics({
    host: '127.0.0.1',
    port: 0,
    collect: collections.collect,
    maxAgeMs: 1000,
    nowMs: () => clock.ms,
    warn: (text) => warned.push(text),
  });
  ({ server } = served);
  return async () => {
    const response = await fetch(served.url);
    return `${response.status} ${await response.text()}`;
  };
}

async function begun(collections: Collections, count: number): Promise<void> {
  while (collections.begun.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('who asks while the first figures are worked out waits for them; one collection is for all', async () => {
  const collections = new Collections();
  const get = await serve(collections);
  const asked = [get(), get(), get()];
  await begun(collections, 1);
  collections.begun[0]?.resolve('a 1\n');
  expect(await Promise.all(asked)).toEqual(['200 a 1\n', '200 a 1\n', '200 a 1\n']);
  expect(await get()).toBe('200 a 1\n');
  expect(collections.begun).toHaveLength(1);
});

test('figures that are old are told while new ones are worked out, and then those', async () => {
  const clock = { ms: 0 };
  const collections = new Collections();
  const get = await serve(collections, clock);
  const first = get();
  await begun(collections, 1);
  collections.begun[0]?.resolve('a 1\n');
  await first;
  clock.ms = 1000;
  expect([await get(), await get()]).toEqual(['200 a 1\n', '200 a 1\n']);
  expect(collections.begun).toHaveLength(2);
  collections.begun[1]?.resolve('a 2\n');
  expect(await get()).toBe('200 a 2\n');
});

test('a ledger that cannot be read is told here, not to who asks; it is tried again', async () => {
  const clock = { ms: 0 };
  const warned: string[] = [];
  const collections = new Collections();
  const get = await serve(collections, clock, warned);
  const first = get();
  await begun(collections, 1);
  collections.begun[0]?.reject(new EitError('EIT_LEDGER_UNREADABLE', 'cannot read /secret/path'));
  expect(await first).toBe('503 The ledger cannot be read now.\n');
  expect(warned).toEqual(['EIT_LEDGER_UNREADABLE: cannot read /secret/path']);
  const second = get();
  await begun(collections, 2);
  collections.begun[1]?.resolve('a 1\n');
  expect(await second).toBe('200 a 1\n');
  clock.ms = 5000;
  // What failed later leaves what was.
  await get();
  collections.begun[2]?.reject(new Error('gone'));
  expect(await get()).toBe('200 a 1\n');
  expect(warned).toContain('Error: gone');
});
