import { createHash } from 'node:crypto';
import { BOARD_SCRIPT } from '../generated/board-script';
import { Html, markup } from '../pages/html';
import { STYLE } from '../pages/style';
import { visible } from '../report/printable';

/** Beside the style of all pages. */
const BOARD_STYLE = `${STYLE}
.marks{list-style:none;margin:2px 0 0;padding:0;font-size:.82rem;color:var(--warn)}.marks li::before{content:"\\26A0\\FE0E  "}
.place{color:var(--soft);font-size:.82rem}.front-mark{color:var(--accent);font-weight:600;font-size:.82rem}
.front{fill:none;stroke:var(--accent);stroke-width:2;stroke-dasharray:6 4}.dot{fill:var(--accent);stroke:var(--card);stroke-width:1}.dot.modelled{fill:var(--card);stroke:var(--accent);stroke-width:2}
.cross{stroke:var(--bad);stroke-width:2.2;fill:none}.error{stroke:var(--soft);stroke-width:1.2;fill:none}.label{font-size:12px;fill:var(--text)}
.rank{font-weight:650;font-variant-numeric:tabular-nums}code{overflow-wrap:anywhere}figure{margin:14px 0 0}figcaption{color:var(--soft);font-size:.86rem}
table.board{min-width:640px}table.board td.name{min-width:10rem}table.board td,table.board th{padding-left:7px;padding-right:7px}.front-mark{display:block}table.board thead th,table.board thead button{white-space:normal}table.board thead th{vertical-align:bottom}table.board thead th.n{min-width:6rem}
`;

/** No network, no plug-in, no frame, no form; of scripts and styles those that the page itself holds. */
function policy(): string {
  const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  return (
    `default-src 'none'; style-src '${hash(BOARD_STYLE)}'; script-src '${hash(BOARD_SCRIPT)}'; img-src data:; ` +
    "base-uri 'none'; form-action 'none'"
  );
}

export interface Frame {
  readonly title: string;
  /** Below the title. */
  readonly lead: Html;
  readonly main: Html;
  readonly notes: readonly string[];
  readonly toolVersion: string;
}

/** A page of a leaderboard, which needs nothing but itself and can be read without its script. */
export function boardFrame({ title, lead, main, notes, toolVersion }: Frame): string {
  const page = markup`<!doctype html><html lang="en"><head><meta charset="utf-8" /><meta http-equiv="Content-Security-Policy" content="${policy()}" /><meta name="viewport" content="width=device-width, initial-scale=1" /><meta name="referrer" content="no-referrer" /><title>${visible(title)}</title><link rel="icon" href="data:," /><style>${new Html(BOARD_STYLE)}</style></head><body><a class="skip" href="#main">Skip to the figures</a><header class="top"><h1><bdi>${visible(title)}</bdi></h1>${lead}</header><main id="main">${main}</main><footer class="bottom" id="notes"><h2>How to read it</h2><ul>${notes.map((line) => markup`<li>${visible(line)}</li>`)}</ul><p>EIT for Slurm ${toolVersion}.</p></footer><script>${new Html(BOARD_SCRIPT)}</script></body></html>`;
  return `${page.text}\n`;
}
