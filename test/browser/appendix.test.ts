import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { JOBS, type LedgerJob, writeAppendixLedger } from '../integration/appendix-ledger';
import { ReportCommand } from '../integration/report-command';
import { expectAccessible } from './accessibility';
import { describeBrowser } from './availability';

const TOP = join(__dirname, '../..');

/** Each is text, and would do something if it were taken for anything else. */
const HOSTILE = [
  '<script>window.ran=1</script>',
  '"><img src=x onerror=window.ran=2>',
  '</title></style></textarea><svg onload=window.ran=4>',
  "' onmouseover='window.ran=5",
  '=HYPERLINK("https://example.org/?"&A1,"x")',
  'abc\u202Egnp.exe',
  '&lt;b&gt; &amp; ${7*7}',
];

const HOSTILE_JOBS: LedgerJob[] = HOSTILE.map((name, i) => ({
  ...{
    job: 101 + i,
    atS: 20_000 + i * 100,
    seconds: 90,
    watts: 20,
    name,
    user: name,
    account: name,
    partition: name,
  },
}));

// A busy machine opens a page in half a minute.
jest.setTimeout(180_000);

describeBrowser('an appendix', (executablePath) => {
  let browser: Browser;
  let command: ReportCommand;
  let shots: string;
  const site = (): string => join(command.dir, 'pages');

  beforeAll(async () => {
    command = new ReportCommand();
    const ledger = join(command.dir, 'ledger');
    await writeAppendixLedger(ledger, [...JOBS, ...HOSTILE_JOBS]);
    command.config('eit.yaml', {
      ledger,
      admins: [String(process.getuid?.())],
      site: { pue: 1.2, zone: 'DE' },
    });
    const spec = {
      title: `Ours ${HOSTILE[0] ?? ''}`,
      description: `First.\n\nSecond ${HOSTILE[1] ?? ''}`,
      names: 'shown',
      figures: ['energy', 'co2e', 'time', 'GPUUtil'],
      plots: [{ x: 'time', y: 'energy' }],
      files: ['eit.yaml'],
      sets: [
        {
          ...{ name: 'Networks', description: 'Two of them.' },
          sets: [
            { name: 'small', runs: 'name=small', order: '-energy' },
            { name: 'large', runs: 'name=large' },
          ],
        },
        { name: 'Others', runs: '21,31,41' },
        { name: HOSTILE[2], runs: HOSTILE_JOBS.map(({ job }) => job).join(',') },
      ],
    };
    const path = command.config('site.yaml', spec);
    const args = ['appendix', '--spec', path, '--output', site()];
    const { status, stderr } = await command.run(process.execPath, [command.script('eit'), ...args]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringMatching(/EIT_/) as string });
    shots = join(TOP, 'test-results/appendix');
    mkdirSync(shots, { recursive: true });
    // Chromium refuses to sandbox what root starts.
    browser = await chromium.launch({
      executablePath,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });
  afterAll(async () => {
    await browser?.close();
    command?.remove();
  });

  /** Opens a page of the site; what it asks for and complains of is collected. */
  async function open(
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; problems: string[] }> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(120_000);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('dialog', (dialog) => problems.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      const isOwn = request.isNavigationRequest() && request.url().startsWith(`file://${site()}/`);
      if (!request.url().startsWith('data:') && !isOwn) problems.push(`request: ${request.url()}`);
    });
    await page.goto(`file://${site()}/${path}`);
    return { page, problems };
  }

  const PAGES = ['index.html', 'sets/1.html', 'runs/12.html'];

  describe.each<[string, BrowserContextOptions, 'screen' | 'print']>([
    ['light', { viewport: { width: 1200, height: 800 } }, 'screen'],
    ['dark', { viewport: { width: 1200, height: 800 }, colorScheme: 'dark' }, 'screen'],
    ['phone', { viewport: { width: 360, height: 700 } }, 'screen'],
    ['print', { viewport: { width: 800, height: 1000 } }, 'print'],
  ])('%s', (look, options, media) => {
    test.each(PAGES)(
      '%s: axe finds nothing serious, nothing is wider than the page, nothing is asked for',
      async (path) => {
        const { page, problems } = await open(path, { ...options, bypassCSP: true });
        await page.emulateMedia({ media });
        await page.screenshot({
          path: join(shots, `${path.replaceAll(/\W/g, '-')}-${look}.png`),
          fullPage: true,
        });
        await expectAccessible(page);
        expect(problems).toEqual([]);
        await page.context().close();
      },
    );
  });

  test('without JavaScript: from the sets to a set, to a run and its data, and back', async () => {
    const { page, problems } = await open('index.html', { javaScriptEnabled: false });
    const row = page.locator('#sets tbody tr', { hasText: 'small' });
    // 40, 41, 43, 42 and 44 W for 600 to 604 s, a tenth for memory, PUE 1.2: 25285.8 W·s · 1.32 in the mean, with s = 1011.9 W·s; 333.8 g/kWh.
    expect(
      (await row.locator('td').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim()),
    ).toEqual([
      '5',
      '9.27 Wh ± 166 mWh sum 46.4 Wh',
      '3.09 g ± 55.4 mg sum 15.5 g',
      '602 s ± 0.707 s sum 3010 s',
      '–',
    ]);
    await row.locator('a').click();
    expect(await page.locator('h1').innerText()).toBe('small');
    expect(await page.locator('#runs tbody th').allTextContents()).toEqual(['5', '3', '4', '2', '1']);
    await page.locator('#runs tbody a').first().click();
    expect(await page.locator('h1').innerText()).toBe('Run 5: job 5 (small)');
    expect(await page.locator('svg[role=img] > title').allTextContents()).toEqual([
      'Power by domain',
      'CPUs busy',
      'Memory held',
      'Frequency of the CPUs of its host',
      'Block devices',
    ]);
    await page.locator('#time details').first().locator('summary').click();
    expect(await page.locator('#time details').first().locator('tbody tr').count()).toBeGreaterThan(9);
    const data = await page.locator('#raw a').first().getAttribute('href');
    expect(readFileSync(join(site(), 'runs', data ?? ''), 'utf8')).toMatch(/^\{"schema":1,"kind":"run"/);
    await page.locator('.crumbs a', { hasText: 'Networks' }).click();
    expect(await page.locator('h1').innerText()).toBe('Networks');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('nothing of hostile names runs, on any page', async () => {
    const runs = JSON.parse(readFileSync(join(site(), 'appendix.json'), 'utf8')) as {
      runs: { job_id: number; page: string }[];
    };
    const hostile = [
      'index.html',
      'sets/3.html',
      ...runs.runs.flatMap(({ job_id: id, page: path }) => (id > 100 ? [path] : [])),
    ];
    expect(hostile).toHaveLength(2 + HOSTILE.length);
    const { page, problems } = await open('index.html');
    for (const path of hostile) {
      await page.goto(`file://${site()}/${path}`);
      expect([
        path,
        await page.evaluate('window.ran'),
        await page.locator('img, script, [onload], [onerror], [onmouseover]').count(),
      ]).toEqual([path, undefined, 0]);
    }
    await page.goto(`file://${site()}/sets/3.html`);
    const names = await page.locator('#runs tbody td.name').allTextContents();
    for (const name of HOSTILE) expect(names).toContain(name.replace('\u202E', '\\u{202e}'));
    expect(await page.title()).toContain(HOSTILE[2]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('the policy of a page lets nothing run and nothing be loaded', async () => {
    const { page } = await open('runs/1.html');
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.ran=7';
      document.body.append(script);
      const went = await fetch('https://example.org/').then(
        () => 'went',
        () => 'stopped',
      );
      return { went, ran: (window as unknown as { ran?: number }).ran };
    });
    expect(ran).toEqual({ went: 'stopped', ran: undefined });
    await page.context().close();
  });

  test('each link and each file of it is there', async () => {
    const { page } = await open('index.html');
    const seen = new Set<string>();
    const waiting = ['index.html'];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      if (!path.endsWith('.html')) continue;
      await page.goto(`file://${site()}/${path}`);
      const links = await page
        .locator('a')
        .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
      const ids = new Set(await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id)));
      for (const link of links) {
        const [file = '', anchor] = link.split('#');
        const to = decodeURIComponent(file).slice(`file://${site()}/`.length);
        if (to === path && anchor !== undefined)
          expect([path, anchor, ids.has(anchor)]).toEqual([path, anchor, true]);
        waiting.push(to);
      }
    }
    const { files } = JSON.parse(readFileSync(join(site(), 'appendix.json'), 'utf8')) as { files: string[] };
    // All are led to, and all that is led to is there: else goto fails.
    expect([...seen].sort()).toEqual(files);
    await page.context().close();
  });
});
