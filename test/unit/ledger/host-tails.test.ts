import { readHostTails } from '../../../src/ledger/host-tails';
import { Tree } from '../sources/tree';
import { hostRecord, runRecord } from '../report/records';

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const tails = () => readHostTails(tree.dir, { firstDay: '2026-03-01' });

test("each host's newest line is found behind lines of runs, in the newest of its files", async () => {
  const host = hostRecord({ seq: 7 });
  tree.write('alpha/inbox/2026-03-01/n1.ndjson', line(hostRecord({ seq: 1 })));
  tree.write(
    'alpha/inbox/2026-03-02/n1.ndjson',
    line(hostRecord({ seq: 6 })) + line(host) + line(runRecord()),
  );
  tree.write('alpha/inbox/2026-02-28/n2.ndjson', line(hostRecord({ host: 'n2' })));
  const found = await tails();
  expect(found.map(({ host: name, day }) => [name, day])).toEqual([['n1', '2026-03-02']]);
  expect(found[0]?.record).toEqual(host);
});

test('a half line at the end, a damaged one and another kind before it are passed over', async () => {
  const host = hostRecord();
  const more = `${line(runRecord({ name: '"kind":"host"' } as never))}{"kind":"host",nonsense}\n{"schema":1,"kind":"host","to`;
  tree.write('alpha/inbox/2026-03-02/n1.ndjson', line(host) + more);
  expect((await tails())[0]?.record).toEqual(host);
});

test('lines of a busy host, more than the first look takes, are read further back', async () => {
  const host = hostRecord();
  const busy = line(runRecord()).repeat(400);
  expect(busy.length).toBeGreaterThan(128 * 1024);
  tree.write('alpha/inbox/2026-03-02/n1.ndjson', line(host) + busy);
  expect((await tails())[0]?.record).toEqual(host);
});

test('a file without any line of the host tells when it was written', async () => {
  tree.write('alpha/inbox/2026-03-02/n1.ndjson', line(runRecord()));
  const [tail] = await tails();
  expect(tail?.record).toBeNull();
  expect(Math.abs((tail?.mtimeMs ?? 0) - Date.now())).toBeLessThan(60_000);
});

test('links are not followed', async () => {
  tree.write('elsewhere', line(hostRecord()));
  tree.write('alpha/inbox/2026-03-02/n2.ndjson', line(hostRecord({ host: 'n2' })));
  tree.link('alpha/inbox/2026-03-02/n1.ndjson', tree.path('elsewhere'));
  expect((await tails()).map(({ host }) => host)).toEqual(['n2']);
});
