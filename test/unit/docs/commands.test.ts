import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/config';
import { ReportCommand } from '../../integration/report-command';
import { TOP, codeBlocks, commandLines, documents, read } from './documents';

const { scripts } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const programs = [
  ...readFileSync(join(TOP, 'scripts/build.mjs'), 'utf8').matchAll(/^ {2}'?([\w-]+)'?: 'src\//gm),
].map(([, name = '']) => name);
const lines = [
  ...new Set(
    documents()
      .filter(({ path }) => !path.startsWith('data'))
      .flatMap(commandLines),
  ),
];

describe('npm', () => {
  const named = lines.flatMap((line) => {
    const [, script = line.startsWith('npm test') ? 'test' : undefined] =
      /^npm run ([\w:.-]+)/.exec(line) ?? [];
    return script === undefined ? [] : [script];
  });

  test.each([...new Set(named)])('has a script %s', (script) => {
    expect(scripts).toHaveProperty([script]);
  });

  test('scripts that users have a use for are in README.md or CONTRIBUTING.md', () => {
    const text = `${read('README.md').text}${read('CONTRIBUTING.md').text}`;
    for (const script of Object.keys(scripts).filter((name) => name !== 'prepack'))
      expect(text).toContain(script === 'test' ? 'npm test' : `npm run ${script}`);
  });
});

describe('node dist/', () => {
  const named = lines.flatMap((line) =>
    [...line.matchAll(/\bdist\/([\w-]+)\.js/g)].map(([, name = '']) => name),
  );

  test.each([...new Set(named)])('%s.js is built', (program) => {
    expect(programs).toContain(program);
  });
});

describe('eit-report', () => {
  const pages = mkdtempSync(join(tmpdir(), 'eit-docs-pages-'));
  let command: ReportCommand;
  beforeAll(() => {
    command = new ReportCommand();
  });
  afterAll(() => {
    command.remove();
    rmSync(pages, { recursive: true });
  });

  const asked = lines.filter((line) =>
    /^(?:eit-report|eit report|node dist\/eit-report\.js)(?: |$)/.test(line),
  );

  test('is in the documents', () => {
    expect(asked.length).toBeGreaterThan(5);
  });

  test.each(asked)('%s', async (line) => {
    const args = line.replace(/^(?:eit-report|eit report|node dist\/eit-report\.js)/, '').trim();
    const words = args === '' ? [] : args.split(/\s+/);
    const { status, stdout, stderr } = await command.report(
      words.map((word) => (word === 'DIR' ? join(pages, 'DIR') : word)),
    );
    expect({
      status,
      stderr: stderr.replaceAll(/^eit-report: no (?:runs|lines of hosts) .*\n/gm, ''),
    }).toEqual({
      status: 0,
      stderr: '',
    });
    expect(stdout).not.toBe('');
  });
});

describe('eit.yaml', () => {
  const examples = documents().flatMap((document) =>
    codeBlocks(document, 'yaml').map((text) => ({
      path: document.path,
      // In a list they are indented.
      text: text.replaceAll(new RegExp(`^${/^ */.exec(text)?.[0] ?? ''}`, 'gm'), ''),
    })),
  );

  test('is in the documents', () => {
    expect(examples.map(({ path }) => path).sort()).toEqual([
      'README.md',
      'docs/factors.md',
      'docs/install.md',
      'docs/mail-contents.md',
      'docs/mail.md',
    ]);
  });

  test.each(examples)('of $path is one that the agent takes', ({ text }) => {
    const dir = mkdtempSync(join(tmpdir(), 'eit-docs-'));
    try {
      writeFileSync(join(dir, 'eit.yaml'), text);
      const { set } = loadConfig({ path: join(dir, 'eit.yaml'), env: {} });
      const [, group = ''] = /^(site|mail):/m.exec(text) ?? [];
      expect([...set].filter((key) => key.startsWith(`${group}.`))).not.toEqual([]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
