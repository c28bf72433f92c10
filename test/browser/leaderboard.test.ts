import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { makeBoard } from '../../src/leaderboard/board';
import { type BoardView, renderBoard } from '../../src/leaderboard/board-page';
import { parseBoardSpec } from '../../src/leaderboard/board-spec';
import { renderEntry } from '../../src/leaderboard/entry-page';
import type { Entry, EntryRun } from '../../src/leaderboard/entry-run';
import { expectAccessible } from './accessibility';
import { describeBrowser } from './availability';

/** Each is text, and would do something if it were taken for anything else. */
const HOSTILE = [
  '<script>window.ran=1</script>',
  '"><img src=x onerror=window.ran=2>',
  '</title></style></textarea><svg onload=window.ran=3>',
  "' onmouseover='window.ran=4",
  'javascript:window.ran=5',
];

function run(number: number, kwh: number, values: readonly number[], more: Partial<EntryRun> = {}): EntryRun {
  return {
    ...{ name: `run ${number}`, itKwh: kwh, totalKwh: kwh * 1.5, co2eKg: kwh / 2, seconds: 3600 * kwh },
    ...{ coverage: 1, isCovered: true, measuredFraction: 1, tags: { env: 'A' } },
    ...{ hardware: ['A CPU of many cores'], state: 'COMPLETED' },
    metric: { unit: 'p', points: values.map((value, i) => ({ step: i, value })) },
    ...more,
  };
}

function entry(name: string, runs: readonly EntryRun[], link: string | null = null): Entry {
  return {
    name,
    description: `About ${name}`,
    link,
    origin: { kind: 'submission', sha256: '0'.repeat(64) },
    runs,
  };
}

const ENTRIES: readonly Entry[] = [
  entry('quick', [run(1, 1, [1, 3, 5]), run(2, 1.2, [2, 4, 5])], 'https://example.org/quick'),
  entry('strong', [run(1, 4, [5, 9, 10]), run(2, 5, [6, 8, 11])]),
  entry('partial', [run(1, 0.5, [7, 8], { coverage: 0.5, isCovered: false })]),
  entry('modelled', [run(1, 3, [4, 4], { measuredFraction: 0, tags: { env: HOSTILE[1]! } })]),
  ...HOSTILE.map((name, i) => entry(name, [run(1, 2 + i, [i, i + 1], { hardware: [name], state: name })])),
];

const SPEC = parseBoardSpec(
  JSON.stringify({
    ...{ title: `Returns ${HOSTILE[0]}`, task: 'returns', description: HOSTILE.join('\n\n') },
    metric: { name: 'r', title: HOSTILE[2], unit: 'p', direction: 'higher' },
    groups: [
      { name: 'A', tag: 'env=A', baseline: 1 },
      { name: HOSTILE[1], tag: `env=${HOSTILE[1]}`, weight: 2 },
    ],
  }),
  'board.yaml',
);

// A busy machine opens a page in half a minute.
jest.setTimeout(180_000);

describeBrowser('a leaderboard', (executablePath) => {
  let browser: Browser;
  let dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'eit-board-'));
    // Chromium refuses to sandbox what root starts.
    browser = await chromium.launch({
      executablePath,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    const board = makeBoard(SPEC, ENTRIES);
    const view: BoardView = {
      ...{ made: 'today', toolVersion: '0.0.1' },
      hrefOf: (one) => `entries/${ENTRIES.indexOf(one)}.html`,
      refused: HOSTILE.map((file) => ({ file, why: file })),
    };
    mkdirSync(join(dir, 'entries'));
    writeFileSync(join(dir, 'index.html'), renderBoard(board, view));
    ENTRIES.forEach((one, i) =>
      writeFileSync(join(dir, `entries/${i}.html`), renderEntry(one, board, '../index.html', '0.0.1')),
    );
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function open(
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; problems: string[] }> {
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(120_000);
    const problems: string[] = [];
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && !request.url().startsWith(`file://${dir}/`))
        problems.push(`request: ${request.url()}`);
    });
    await page.goto(`file://${dir}/${path}`);
    return { page, problems };
  }

  const column = (page: Page, number: number): Promise<string[]> =>
    page.locator(`#part-1 table >> nth=0`).locator(`tbody tr > :nth-child(${number})`).allInnerTexts();

  test('without a script: the ranking, the marks, what is refused, and links to the entries', async () => {
    const { page, problems } = await open('index.html', { javaScriptEnabled: false });
    const names = await column(page, 2);
    expect(names[0]).toMatch(/^quick\n?.*on the front/s);
    expect(names.at(-1)).toMatch(/incomplete: 1 of 1 run observed in part|no better than the baseline/);
    const text = await page.locator('main').innerText();
    for (const name of HOSTILE) expect(text).toContain(name);
    expect(text).toContain('no runs of A');
    await page.locator('#part-1').getByRole('link', { name: 'quick' }).first().click();
    expect(await page.locator('h1').innerText()).toContain('quick');
    expect(await page.locator('#runs tbody tr').count()).toBe(2);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('a click sorts, with what has no value last; nothing hostile runs or is asked for', async () => {
    const { page, problems } = await open('index.html');
    const energy = page.locator('#part-1 table >> nth=0').locator('thead button', { hasText: 'energy' });
    await energy.click();
    const up = await column(page, 2);
    expect(up[0]).toContain('partial');
    await energy.click();
    expect((await column(page, 2)).map((name) => name.split('\n')[0])).toEqual(
      up.map((name) => name.split('\n')[0]).toReversed(),
    );
    const rank = page.locator('#part-1 table >> nth=0').locator('thead button', { hasText: 'Rank' });
    for (let i = 0; i < 2; i++) {
      await rank.click();
      expect((await column(page, 1)).at(-1)).toBe('–');
    }
    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test.each([
    ['index.html', 1200, 'light'],
    ['index.html', 380, 'dark'],
    ['entries/0.html', 380, 'light'],
  ] as const)(
    '%s at %d, %s: axe finds nothing serious, and nothing is wider than the page',
    async (path, width, colorScheme) => {
      const { page } = await open(path, { viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
      await expectAccessible(page);
      await page.context().close();
    },
  );
});
