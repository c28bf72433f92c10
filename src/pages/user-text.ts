import { visible } from '../config/visible';
import { type Html, markup } from './html';

/** What somebody wrote: as text, with what is not seen made visible, and in a direction of its own. */
export function userText(text: string): Html {
  return markup`<bdi>${visible(text, Infinity)}</bdi>`;
}

/** What somebody wrote with empty lines between its paragraphs; null where there is nothing. */
export function paragraphs(text: string): Html | null {
  const found = text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' ').trim())
    .filter((paragraph) => paragraph !== '');
  return found.length === 0
    ? null
    : markup`<div class="text">${found.map((paragraph) => markup`<p>${userText(paragraph)}</p>`)}</div>`;
}
