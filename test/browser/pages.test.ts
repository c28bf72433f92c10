import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expectAccessible } from './accessibility';
import { describeBrowser } from './availability';
import { madePage, type MadeJob } from './made-page';

/** Each is text, and would do something if it were taken for anything else. */
const HOSTILE = [
  '<script>window.ran=1</script>',
  '"><img src=x onerror=window.ran=2>',
  '</script><script>window.ran=3</script>',
  '<!--<script>',
  '</title></style></textarea><svg onload=window.ran=4>',
  "' onmouseover='window.ran=5",
  '=HYPERLINK("https://example.org/?"&A1,"x")',
  '+1-1',
  '@SUM(A1)',
  'abc\u202Egnp.exe',
  '&lt;b&gt; &amp;',
  '${7*7} {{7*7}}',
  'javascript:window.ran=6',
];

const ORDINARY: MadeJob[] = [
  {
    name: 'train',
    partition: 'gpu',
    user: 'bob',
    account: 'bio',
    start: '2026-02-27T10:00:00.000Z',
    seconds: 900,
  },
  {
    name: 'solve',
    partition: 'cpu',
    user: 'carol',
    start: '2026-03-01T08:00:00.000Z',
    seconds: 1800,
    state: 'FAILED',
  },
  {
    name: 'solve',
    partition: 'cpu',
    user: 'alice',
    start: '2026-03-01T20:00:00.000Z',
    seconds: 600,
    state: 'CANCELLED',
  },
];
const JOBS: MadeJob[] = [
  ...ORDINARY,
  ...HOSTILE.map((name, i) => ({
    ...{ name, user: name, account: name, partition: i % 2 ? name : 'cpu' },
    ...{ start: '2026-03-02T10:00:00.000Z', seconds: 300 + i },
  })),
];

// A busy machine opens a page in half a minute.
jest.setTimeout(180_000);

describeBrowser('pages', (executablePath) => {
  let browser: Browser;
  let dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'eit-pages-'));
    // Chromium refuses to sandbox what root starts.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Opens a page from a file; what it asks for and complains of is collected. */
  async function open(
    html: string,
    options: BrowserContextOptions = {},
    hash = '',
  ): Promise<{ page: Page; problems: string[] }> {
    const file = join(dir, 'index.html');
    writeFileSync(file, html);
    const context = await browser.newContext(options);
    context.setDefaultTimeout(120_000);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('dialog', (dialog) => problems.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && request.url().split('#')[0] !== `file://${file}`)
        problems.push(`request: ${request.url()}`);
    });
    await page.goto(`file://${file}${hash}`);
    return { page, problems };
  }

  const cells = (page: Page, column: number): Promise<string[]> =>
    page.locator(`#job-table tbody tr > :nth-child(${column})`).allTextContents();
  const count = (page: Page): Promise<string | null> => page.locator('#job-count').textContent();

  describe('of hostile names', () => {
    const html = madePage(JOBS, `Energy: ${HOSTILE.join(' ')}`);

    test('asks for nothing, runs nothing of them, complains of nothing, and shows them as text', async () => {
      const { page, problems } = await open(html);
      const names = await cells(page, 2);
      for (const name of HOSTILE) expect(names).toContain(name.replace('\u202E', '\\u{202e}'));
      await page.locator('#filter-partition').selectOption(HOSTILE[1]!);
      expect(await cells(page, 3)).toEqual([HOSTILE[1]]);
      expect(await page.evaluate('window.ran')).toBeUndefined();
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(2);
      expect(problems).toEqual([]);
      await page.context().close();
    });

    test('its policy lets nothing else run, and lets nothing out', async () => {
      const { page } = await open(html);
      const blocked = await page.evaluate(async () => {
        const violations: string[] = [];
        document.addEventListener('securitypolicyviolation', (event) =>
          violations.push(event.effectiveDirective),
        );
        const script = document.createElement('script');
        script.textContent = 'window.ran=7';
        document.body.append(script);
        const image = new Image();
        image.src = 'https://example.org/x.png';
        document.body.append(image);
        const went = await fetch('https://example.org/').then(
          () => 'went',
          () => 'stopped',
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { went, violations: violations.sort(), ran: (window as unknown as { ran?: number }).ran };
      });
      expect(blocked.went).toBe('stopped');
      expect(blocked.ran).toBeUndefined();
      expect(blocked.violations).toEqual(
        expect.arrayContaining(['connect-src', 'img-src', 'script-src-elem']),
      );
      await page.context().close();
    });

    test('the file of the table is one that no spreadsheet runs', async () => {
      const { page } = await open(html);
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#job-csv').click()]);
      const lines = readFileSync(await download.path(), 'utf8').split('\r\n');
      expect(lines).toHaveLength(JOBS.length + 2);
      expect(lines[0]).toMatch(/^JobID,JobName,User,/);
      expect(lines.some((line) => line.includes('"\'=HYPERLINK(""https://example.org/?""&A1,""x"")"'))).toBe(
        true,
      );
      expect(lines.some((line) => /(^|,)"?[=+@]/.test(line))).toBe(false);
      await page.context().close();
    });
  });

  describe.each<[string, BrowserContextOptions, 'screen' | 'print']>([
    ['light', { viewport: { width: 1200, height: 800 } }, 'screen'],
    ['dark', { viewport: { width: 1200, height: 800 }, colorScheme: 'dark' }, 'screen'],
    ['narrow', { viewport: { width: 360, height: 700 } }, 'screen'],
    ['in print', { viewport: { width: 800, height: 1000 } }, 'print'],
  ])('%s', (_, options, media) => {
    test('axe finds nothing serious, and nothing is wider than the page', async () => {
      const { page, problems } = await open(madePage(ORDINARY), { ...options, bypassCSP: true });
      await page.emulateMedia({ media });
      await expectAccessible(page);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });

  test('can be read without its script: sums, charts with words, days, jobs', async () => {
    const { page } = await open(madePage(ORDINARY), { javaScriptEnabled: false });
    expect(await cells(page, 1)).toEqual(['2', '1', '3']);
    expect(await page.locator('svg[role=img] > title').allTextContents()).toEqual([
      'Energy by day',
      'CO2eq by day',
      'Energy and carbon intensity by hour of the day and day',
    ]);
    expect(await page.locator('.tiles').innerText()).toContain('13.8 Wh');
    await page.locator('#month-2026-03 summary').click();
    expect(await page.locator('#day-2026-03-01').innerText()).toMatch(/^2026-03-01\s+10.0 Wh/);
    expect(await page.locator('#job-filters').isVisible()).toBe(false);
    await page.context().close();
  });

  test('from month to day to job', async () => {
    const { page } = await open(madePage(ORDINARY));
    await page.locator('#month-2026-03 summary').click();
    await page.locator('#day-2026-03-01 a').click();
    expect(await cells(page, 1)).toEqual(['2', '3']);
    expect(await count(page)).toBe('2 of 3 jobs: 10.0 Wh, 4.00 g CO2eq');
    await page.goBack();
    await page.locator('[data-href="#jobs-of-2026-02-27"] .hit').first().click();
    expect(await cells(page, 1)).toEqual(['1']);
    await page.locator('button[type=reset]').click();
    // The browser tells of it after the form is empty.
    await page.locator('#job-table tbody tr').nth(2).waitFor();
    await expect(page.locator('#job-table tbody tr').count()).resolves.toBe(3);
    await page.context().close();
  });

  test('sorted and filtered with the keyboard alone', async () => {
    const { page } = await open(madePage(ORDINARY));
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
    await page.locator('#filter-text').focus();
    for (let i = 0; i < 30 && (await focused()) !== 'User'; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await cells(page, 3)).toEqual(['alice', 'bob', 'carol']);
    await page.keyboard.press('Space');
    expect(await cells(page, 3)).toEqual(['carol', 'bob', 'alice']);
    expect(
      await page
        .locator('th[aria-sort]')
        .evaluateAll((heads) => heads.map((head) => [head.textContent, head.getAttribute('aria-sort')])),
    ).toEqual([['User', 'descending']]);
    await page.locator('#filter-text').focus();
    await page.keyboard.type('SOLVE alice');
    await page.locator('#job-count', { hasText: '1 of 3 jobs' }).waitFor();
    expect(await cells(page, 1)).toEqual(['3']);
    await page.context().close();
  });

  test('50,000 jobs: all are found, sorted and summed; some rows are laid out at a time', async () => {
    const start = Date.parse('2026-03-01T00:00:00Z');
    const many = Array.from({ length: 50_000 }, (_, i): MadeJob => ({
      ...{ name: `job ${i % 977}`, user: `u${i % 40}`, partition: i % 3 ? 'cpu' : 'gpu' },
      ...{ start: new Date(start + i * 20_000).toISOString(), seconds: 1 + (i % 300) },
    }));
    const { page, problems } = await open(madePage(many));
    expect(await count(page)).toMatch(/^50,000 jobs: /);
    expect(await page.locator('#job-table tbody tr').count()).toBe(100);
    await page.locator('thead button', { hasText: 'Job' }).first().click();
    expect((await cells(page, 1)).slice(0, 3)).toEqual(['1', '2', '3']);
    await page.locator('#filter-partition').selectOption('gpu');
    await page.locator('#filter-text').fill('u7');
    const wanted = many.flatMap((job, i) =>
      job.partition === 'gpu' && `${i + 1}\n${job.user}\nphysics\ngpu\n${job.name}\ncompleted`.includes('u7')
        ? [String(i + 1)]
        : [],
    );
    await page
      .locator('#job-count', { hasText: `${wanted.length.toLocaleString('en-GB')} of 50,000` })
      .waitFor();
    expect(await cells(page, 1)).toEqual(wanted.slice(0, 100));
    await page.locator('#page-next').click();
    expect(await cells(page, 1)).toEqual(wanted.slice(100, 200));
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
