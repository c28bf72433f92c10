import { openHostMemory, parseMeminfo } from '../../../src/sources/host-memory';
import { Tree } from './tree';

const TEXT = `MemTotal:       16000 kB
MemFree:         1000 kB
Cached:          9000 kB
AnonPages:       3000 kB
Shmem:            400 kB
AnonHugePages:   2048 kB
HugePages_Total:       5
HugePages_Free:        3
Hugepagesize:       2048 kB
`;

test('held is anonymous and shared memory and the huge pages in use; page cache is nobody’s', () => {
  expect(parseMeminfo(TEXT)).toEqual({
    totalBytes: 16_000 * 1024,
    heldBytes: (3000 + 400 + 2 * 2048) * 1024,
  });
  const without = TEXT.replace(/^Huge.*\n/gm, '');
  expect(parseMeminfo(without)).toMatchObject({ heldBytes: 3400 * 1024 });
});

test.each(['MemTotal', 'AnonPages', 'Shmem'])('without %s it is missing and not 0', (key) => {
  const text = TEXT.replace(new RegExp(`^${key}:.*\n`, 'm'), '');
  expect(parseMeminfo(text)).toEqual({ missing: expect.stringContaining('/proc/meminfo holds') });
});

test('it is read anew each time; what is not there is missing', () => {
  const tree = new Tree({ meminfo: TEXT });
  const memory = openHostMemory({ proc: tree.dir });
  expect(memory.read()).toMatchObject({ totalBytes: 16_000 * 1024 });
  tree.write('meminfo', TEXT.replace('16000', '17000'));
  expect(memory.read()).toMatchObject({ totalBytes: 17_000 * 1024 });
  memory.close();
  tree.remove();
  expect(openHostMemory({ proc: tree.dir }).read()).toEqual({ missing: expect.stringContaining('ENOENT') });
});
