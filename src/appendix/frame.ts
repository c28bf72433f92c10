import { createHash } from 'node:crypto';
import { visible } from '../config/visible';
import { Html, markup, type Piece } from '../pages/html';
import { userText } from '../pages/user-text';
import { APPENDIX_STYLE } from './style';

/** A part of a page, with what the list of contents calls it. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

export interface Link {
  readonly href: string;
  readonly text: string;
}

export interface Frame {
  readonly title: string;
  /** Beside the title, what the page belongs to; '' where it is the first. */
  readonly within: string;
  readonly crumbs: readonly Link[];
  /** Below the title. */
  readonly lead: Html;
  readonly sections: readonly Section[];
  readonly foot: Html;
}

/** A page with no script, which needs nothing but itself. */
export function frame({ title, within, crumbs, lead, sections, foot }: Frame): string {
  const full = within === '' ? title : `${title} - ${within}`;
  const page = markup`<!doctype html><html lang="en"><head><meta charset="utf-8" /><meta http-equiv="Content-Security-Policy" content="${POLICY}" /><meta name="viewport" content="width=device-width, initial-scale=1" /><meta name="referrer" content="no-referrer" /><title>${visible(full)}</title><link rel="icon" href="data:," /><style>${new Html(APPENDIX_STYLE)}</style></head><body><a class="skip" href="#main">Skip to the figures</a><header class="top">${
    crumbs.length === 0
      ? null
      : markup`<nav class="crumbs" aria-label="Where this page is"><ol>${crumbs.map(({ href, text }) => markup`<li><a href="${href}">${userText(text)}</a></li>`)}</ol></nav>`
  }<h1>${userText(title)}</h1>${lead}${
    sections.length < 2
      ? null
      : markup`<nav class="contents" aria-label="Contents"><ul>${sections.map(({ id, title: name }) => markup`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>`
  }</header><main id="main">${sections.map(
    ({ id, title: name, body }) =>
      markup`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${name}</h2>${body}</section>`,
  )}</main><footer class="bottom">${foot}</footer></body></html>`;
  return `${page.text}\n`;
}

/** Of scripts, pictures from elsewhere, forms and frames nothing; of styles the page's own (W3C CSP 3, 2.3.1). */
const POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(APPENDIX_STYLE).digest('base64')}'; img-src data:; ` +
  "base-uri 'none'; form-action 'none'";

/** A table that is as wide as it has to be: who has a narrow screen moves it. */
export function wideTable(
  caption: string,
  heads: readonly { readonly title: string; readonly isNumber?: boolean }[],
  rows: readonly Html[],
): Html {
  return markup`<div class="wide" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${heads.map(
    ({ title, isNumber }) => markup`<th scope="col" class="${isNumber === true ? 'n' : ''}">${title}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Terms with what there is to say of them; what is null is left out. */
export function facts(lines: readonly (readonly [term: string, text: Piece | null])[]): Html {
  const told = lines.filter(
    ([, text]) => markup`${text}`.text !== '' && markup`${text}`.text !== '<bdi></bdi>',
  );
  return markup`<dl class="facts">${told.map(([term, text]) => markup`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`;
}

export function tile(what: string, value: string, more: string): Html {
  return markup`<li><span class="what">${what}</span><span class="value">${value}</span><span class="more">${more}</span></li>`;
}
