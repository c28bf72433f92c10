import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../browser/availability';
import { top } from './measured-cluster';

/** What a browser has to say of an appendix. */
export interface OpenedAppendix {
  /** What pages asked for or complained of. */
  readonly problems: readonly string[];
  /** By page. */
  readonly pages: ReadonlyMap<string, OpenedPage>;
}

export interface OpenedPage {
  readonly title: string;
  readonly text: string;
  /** Names of its pictures, with what each has to say. */
  readonly pictures: Readonly<Record<string, string>>;
  readonly isWide: boolean;
}

/**
 * Opens pages of an appendix in Chromium, as a phone has it, and takes pictures of them into test-results.
 * @param name of the folder of pictures
 * @throws Error where there is no Chromium: CI has to have it
 */
export async function openAppendix(
  dir: string,
  paths: readonly string[],
  name: string,
): Promise<OpenedAppendix> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error('Chromium is not installed (Debian: chromium)');
  const browser = await chromium.launch({
    executablePath,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 400, height: 800 } });
    page.setDefaultTimeout(60_000);
    const problems: string[] = [];
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('dialog', (dialog) => problems.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && !request.url().startsWith(`file://${dir}/`))
        problems.push(`request: ${request.url()}`);
    });
    const pages = new Map<string, OpenedPage>();
    for (const path of paths) {
      await page.goto(`file://${dir}/${path}`);
      const shot = join(top, 'test-results', name, `${path.replaceAll(/\W/g, '-')}.png`);
      mkdirSync(dirname(shot), { recursive: true });
      await page.screenshot({ path: shot, fullPage: true });
      pages.set(path, await readPage(page));
    }
    return { problems, pages };
  } finally {
    await browser.close();
  }
}

async function readPage(page: Page): Promise<OpenedPage> {
  const pictures = await page
    .locator('svg[role=img]')
    .evaluateAll((all) =>
      all.map((svg): [string, string] => [
        svg.querySelector('title')?.textContent ?? '',
        svg.querySelector('desc')?.textContent ?? '',
      ]),
    );
  const width = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
  return {
    title: await page.locator('h1').innerText(),
    text: await page.locator('body').innerText(),
    pictures: Object.fromEntries(pictures),
    isWide: width > 0,
  };
}
