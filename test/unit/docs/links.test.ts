import { existsSync } from 'node:fs';
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
