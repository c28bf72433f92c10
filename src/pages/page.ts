import { createHash } from 'node:crypto';
import { PAGE_SCRIPT } from '../generated/page-script';
import { footer } from '../report/footer';
import { localTime } from '../report/local-time';
import { visible } from '../report/printable';
import { counted } from '../report/units';
import type { PageContent } from './content';
import { efficiencySection } from './efficiency-section';
import { hoursSection } from './hours-section';
import { markup, Html } from './html';
import { jobsSection } from './jobs-section';
import { quotaSection } from './quota-section';
import { sharesSections } from './shares-section';
import { STYLE } from './style';
import { tiles } from './tiles';
import { timeSection } from './time-section';

/** A part of a page, with what the list of contents calls it. */
export interface PageSection {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** A page that needs nothing but itself: no server, no network; it can be read without its script. */
export function renderPage(content: PageContent): string {
  const { title, report, view, links } = content;
  const sections = [
    timeSection(content),
    ...sharesSections(content),
    hoursSection(content),
    efficiencySection(content),
    quotaSection(content),
    jobsSection(content),
  ].filter((section) => section !== null);
  const generated = localTime(report.generated_at, view.timeZone);
  const until =
    report.data_until === null ? 'no data yet' : `data until ${localTime(report.data_until, view.timeZone)}`;
  const span = `${localTime(report.since, view.timeZone)} to ${localTime(report.until, view.timeZone)}`;
  const page = markup`<!doctype html><html lang="en"><head><meta charset="utf-8" /><meta http-equiv="Content-Security-Policy" content="${policy()}" /><meta name="viewport" content="width=device-width, initial-scale=1" /><meta name="referrer" content="no-referrer" /><meta name="robots" content="noindex" /><title>${visible(title)}</title><link rel="icon" href="data:," /><style>${new Html(STYLE)}</style></head><body><a class="skip" href="#main">Skip to the figures</a><header class="top"><h1><bdi>${visible(title)}</bdi></h1><p class="soft">${span}. Made ${generated}, ${until}.</p><nav class="contents" aria-label="Contents"><ul>${sections.map(({ id, title: name }) => markup`<li><a href="#${id}">${name}</a></li>`)}<li><a href="#notes">Notes</a></li></ul></nav>${
    links.length === 0
      ? null
      : markup`<nav class="contents" aria-label="Other pages"><ul>${links.map(
          ({ href, text }) => markup`<li><a href="${href}"><bdi>${visible(text)}</bdi></a></li>`,
        )}</ul></nav>`
  }</header><main id="main">${tiles(content)}${sections.map(
    ({ id, title: name, body }) =>
      markup`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${name}</h2>${body}</section>`,
  )}</main><footer class="bottom" id="notes"><h2>Notes</h2><ul>${noteLines(content).map((line) => markup`<li>${line}</li>`)}</ul><p>EIT for Slurm ${report.tool_version}; ${counted(report.total.jobs, 'job')}, policy ${report.policy}. The figures are those of eit-report with the same options.</p></footer><script>${new Html(PAGE_SCRIPT)}</script></body></html>`;
  return `${page.text}\n`;
}

/** What a report says below its table, for as much as a page has columns. */
function noteLines({ report, view }: PageContent): string[] {
  return footer(report, { ...view, terminal: null }, []);
}

/** No network, no plug-in, no frame, no form; of scripts and styles those that the page itself holds. */
function policy(): string {
  return (
    `default-src 'none'; style-src '${sourceHash(STYLE)}'; script-src '${sourceHash(PAGE_SCRIPT)}'; img-src data:; ` +
    "base-uri 'none'; form-action 'none'"
  );
}

/** As a Content-Security-Policy names an inline script (W3C CSP 3, 2.3.1). */
function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
