import { percentText } from '../report/units';
import type { MailBody, MailRow, MailSection } from './mail-body';

const FONT = 'font-family:-apple-system,Segoe UI,Helvetica,Arial,sans-serif;font-size:14px;line-height:1.45';
const SMALL = 'font-size:12px;opacity:0.75';
/** Colours that are seen on white and on black: those of the text are the mail program's own. */
const FILLED = '#2e8b57';
const EMPTY = '#9aa5a0';
const WARNING = '#c77700';
const BAR_PX = 120;

/**
 * The HTML part of a mail: tables and inline styles alone, as mail programs show them; nothing is fetched, nothing runs. It says what the
 * text part says.
 */
export function htmlPart(subject: string, body: MailBody): string {
  const { opening, headline, warnings, sections, notes } = body;
  return [
    '<!DOCTYPE html>',
    '<html lang="en" style="color-scheme:light dark">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="supported-color-schemes" content="light dark">',
    `<title>${escaped(subject)}</title>`,
    '</head>',
    `<body style="margin:0;padding:12px;${FONT}">`,
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="max-width:680px">',
    ...(opening === null ? [] : [line(`<p style="margin:0 0 12px 0">${escaped(opening)}</p>`)]),
    line(`<p style="margin:0 0 8px 0;font-size:20px;font-weight:bold">${escaped(headline)}</p>`),
    ...warnings.map((warning) =>
      line(
        `<p style="margin:0 0 8px 0;padding-left:8px;border-left:4px solid ${WARNING}">${escaped(warning)}</p>`,
      ),
    ),
    ...sections.map(sectionHtml),
    line(
      `<div style="margin-top:16px;padding-top:6px;border-top:1px solid ${EMPTY};${SMALL}">` +
        `${notes.map((note) => `<p style="margin:0 0 4px 0">${escaped(note)}</p>`).join('')}</div>`,
    ),
    '</table>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function line(content: string): string {
  return `<tr><td>${content}</td></tr>`;
}

function sectionHtml({ title, rows, lines }: MailSection): string {
  const table =
    rows.length === 0
      ? ''
      : `<table cellpadding="0" cellspacing="0" border="0" style="${FONT}">\n${rows.map(rowHtml).join('\n')}\n</table>`;
  return line(
    `<p style="margin:14px 0 4px 0;font-weight:bold">${escaped(title)}</p>${table}` +
      lines.map((text) => `<p style="margin:4px 0 0 0">${escaped(text)}</p>`).join(''),
  );
}

function rowHtml({ label, value, bar, note }: MailRow): string {
  const cell = (style: string, content: string, more = ''): string =>
    `<td valign="top" style="padding:1px 12px 1px 0;${style}"${more}>${content}</td>`;
  return (
    `<tr>${cell('white-space:nowrap', escaped(label))}` +
    (value === ''
      ? cell('', escaped(note), ' colspan="3"')
      : bar === null
        ? note === ''
          ? cell('font-weight:bold', escaped(value), ' colspan="3"')
          : cell('font-weight:bold', escaped(value)) + cell('', escaped(note), ' colspan="2"')
        : cell('white-space:nowrap;font-weight:bold', escaped(value)) +
          cell('padding-top:6px', barHtml(bar)) +
          cell('', escaped(note))) +
    '</tr>'
  );
}

/** Two cells; what it shows stands beside it in words. */
function barHtml(part: number): string {
  const bounded = Math.max(0, Math.min(1, part));
  const filled = Math.max(
    bounded > 0 ? 1 : 0,
    Math.min(bounded < 1 ? BAR_PX - 1 : BAR_PX, Math.round(bounded * BAR_PX)),
  );
  const cell = (width: number, colour: string): string =>
    width === 0
      ? ''
      : `<td width="${width}" height="10" bgcolor="${colour}" style="width:${width}px;height:10px;font-size:0;line-height:0;background-color:${colour}">&nbsp;</td>`;
  const words = escaped(percentText(bounded));
  return (
    `<table role="img" aria-label="${words}" title="${words}" width="${BAR_PX}" cellpadding="0" cellspacing="0" border="0" ` +
    `style="width:${BAR_PX}px;border-collapse:collapse"><tr>${cell(filled, FILLED)}${cell(BAR_PX - filled, EMPTY)}</tr></table>`
  );
}

/** https://html.spec.whatwg.org/multipage/syntax.html: of no use to leave a tag or an attribute. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
