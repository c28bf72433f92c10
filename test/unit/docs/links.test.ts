import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOP, anchors, documents, relativeLinks } from './documents';

const links = documents().flatMap((document) =>
  relativeLinks(document).map((link) => ({ from: document.path, ...link })),
);

test.each(links)('$from links to what is there: $to#$anchor', ({ to, anchor }) => {
  expect(existsSync(join(TOP, to))).toBe(true);
  if (anchor !== '') expect(anchors(to)).toContain(anchor);
});

test('README.md links to every page of docs/', () => {
  const pages = documents().filter(({ path }) => /^docs\/[^/]+\.md$/.test(path));
  const linked = links.filter(({ from }) => from === 'README.md').map(({ to }) => to);
  for (const { path } of pages) expect(linked).toContain(path);
});

test('what is packed links to what is packed', () => {
  const { files } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as { files: string[] };
  // npm packs the first two always.
  const packed = ['README.md', 'LICENSE', ...files];
  const isPacked = (path: string): boolean =>
    packed.some((name) => path === name || path.startsWith(`${name}/`));
  expect(links.filter(({ from, to }) => isPacked(from) && !isPacked(to))).toEqual([]);
});
