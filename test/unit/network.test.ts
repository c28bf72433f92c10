import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SRC = join(__dirname, '../../src');

/** What opens a connection: fetch, and Node's modules for it. */
const NETWORK =
  /\bfetch\s*[(,}]|from '(?:node:)?(?:https?|http2|net|tls|dgram|undici)'|\bWebSocket\b|\bEventSource\b|load\('nodemailer\/lib\/smtp/;

/** A child's pipe is a Socket of node:net too; no more than that is taken of it. */
const PIPE = /import \{ Socket \} from 'node:net';/;

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('generated/'))
  .map((file) => ({ file, text: readFileSync(join(SRC, file), 'utf8') }));

test('nothing but `eit intensity fetch`, `eit zones locate --ip` and the mails open a connection, and `eit prometheus --listen` alone takes any', () => {
  // Methods of that name, and types, open none.
  const harmless = new RegExp(`import type .*|\\.fetch\\(|async fetch\\(|\\n  fetch\\(|${PIPE.source}`, 'g');
  const found = sources.filter(({ text }) => NETWORK.test(text.replaceAll(harmless, '')));
  expect(found.map(({ file }) => file)).toEqual([
    'carbon/ip-place.ts',
    'cli/intensity-fetch.ts',
    'cli/prometheus-server.ts',
    'cli/zones-locate.ts',
    'mail/nodemailer.ts',
  ]);
});

test('pipes of children are not connected to anything', () => {
  const withPipes = sources.filter(({ text }) => PIPE.test(text));
  expect(withPipes.length).toBeGreaterThan(0);
  for (const { text } of withPipes) expect(text).not.toMatch(/\.connect\(/);
});

test('what it looks for is what would be there', () => {
  for (const line of [
    "await fetch('x')",
    '{ fetch, sleep }',
    "import { request } from 'node:https'",
    "from 'net'",
  ])
    expect(NETWORK.test(line)).toBe(true);
});
