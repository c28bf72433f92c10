import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EitError, type EitErrorCode } from '../../../src/errors';
import { TOP, documents, read } from './documents';

const page = read('docs/troubleshooting.md');
const codes = [
  ...readFileSync(join(TOP, 'src/errors.ts'), 'utf8').matchAll(/^ {2}(EIT_[A-Z_]+): \{ exit/gm),
].map(([, code = '']) => code as EitErrorCode);
const sections = new Map(
  page.text
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

/** Variables of the environment, which look like codes. */
const VARIABLES = [
  'EIT_CHROMIUM',
  'EIT_REQUIRE_BROWSER',
  'EIT_WRITE_RELEASED',
  'EIT_CONFIG',
  'EIT_HOME',
  'EIT_NODE',
  'EIT_QOS',
  'EIT_QOS_OVER',
  'EIT_QOS_KEEP',
  'EIT_DEBUG',
  'EIT_SOFTWARE_DIR',
  'EIT_AGENT_LOCK_FD',
  'EIT_REQUIRE_CLUSTER',
  'EIT_REQUIRE_GPU',
  'EIT_REQUIRE_GUEST',
  'EIT_GPU_STAND_IN',
  'EIT_TEST_SEED',
  'EIT_GUEST_CACHE',
  'EIT_TEST_LONG',
];

describe('the codes of src/errors.ts', () => {
  test('are all in the page, in the same order, and no other', () => {
    expect(codes.length).toBeGreaterThan(10);
    expect([...sections.keys()]).toEqual(codes);
  });

  test.each(codes)('%s has its exit status and says more', (code) => {
    const section = sections.get(code) ?? '';
    expect(section).toContain(`\n\nExit status ${new EitError(code, '').exitStatus}. `);
    expect(section.length).toBeGreaterThan(120);
  });

  test('are what the other documents call them', () => {
    const named = documents().flatMap(({ text }) => text.match(/\bEIT_[A-Z_]+[A-Z]\b/g) ?? []);
    for (const name of new Set(named)) expect([...codes, ...VARIABLES]).toContain(name);
  });
});

describe('the messages of the hooks', () => {
  // What a message says whatever its values are: the texts between the shell's expansions.
  const scripts = ['prolog', 'epilog'].map((name) => readFileSync(join(TOP, name), 'utf8'));
  const said = scripts.flatMap((script) =>
    [...script.matchAll(/\bsay "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
      text.split(/\$\{[^}]*\}|\$\w+/).filter((part) => part !== ''),
    ),
  );
  const messages = [...new Map(said.map((parts) => [parts.join('*'), parts])).values()];
  const table = page.text.slice(
    page.text.indexOf('## Messages of the hooks'),
    page.text.indexOf('## Messages of the agent'),
  );
  const shown = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, message = '']) => message);

  function isShownAs(parts: readonly string[], text: string): boolean {
    const pattern = parts.map(escaped).join('.+');
    return new RegExp(`^.*${pattern}.*$`).test(text);
  }

  test.each(messages.map((parts) => [parts.join('...'), parts] as const))('%s', (_, parts) => {
    expect(shown.filter((text) => isShownAs(parts, text))).toHaveLength(1);
  });

  test('are as many as the page has', () => {
    expect(messages.length).toBeGreaterThan(10);
    expect(shown).toHaveLength(messages.length);
  });
});

describe('the messages of the agent', () => {
  const source = [
    'agent/agent',
    'agent/own-metrics',
    'agent/gpu-conflicts',
    'agent/gpu-news',
    'agent/gpu-release',
    'agent/outbox',
    'agent/recovery',
    'agent/main',
    'agent/own-metrics',
    'agent/host-idle-power',
    'agent/shipper-process',
    'agent/wakeups',
    'ledger/shipper-main',
    'ledger/host-lock',
  ]
    .map((name) => readFileSync(join(TOP, `src/${name}.ts`), 'utf8'))
    .join('\n');
  const table = page.text.slice(page.text.indexOf('## Messages of the agent'), page.text.indexOf('## Codes'));
  const shown = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, message = '']) => message);

  // What a message says whatever its values are: of both, the longest piece between them.
  const longest = (pieces: readonly string[]): string =>
    pieces.map((piece) => piece.trim()).reduce((a, b) => (b.length > a.length ? b : a), '');

  test.each(shown)('%s', (message) => {
    expect(source).toContain(longest(message.split(/\b[A-Z]{2,}\b|\bN(?: runs| s)?\b/)));
  });

  const logged = [...source.matchAll(/\blog\(\s*'(?:info|warn|error)',\s*([`'])((?:(?!\1).)+)\1/g)]
    .map(([, , text = '']) => longest(text.split(/\$\{[^}]*\}/)))
    .filter((piece) => piece.length > 8 && !piece.startsWith('EIT_'));

  test.each(logged)('... %s ... is in the page', (piece) => {
    expect(shown.filter((message) => message.includes(piece))).toHaveLength(1);
  });

  test('are found in the source', () => {
    expect(logged.length).toBeGreaterThan(5);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
