import type { LetterText } from './plain-mail';
import type { Nodemailer } from './nodemailer';

export interface MessageInput {
  readonly from: string;
  readonly to: string;
  /** Without its angle brackets. */
  readonly messageId: string;
  readonly dateMs: number;
  readonly content: LetterText;
  /** Texts of the site's, above and below. */
  readonly header?: string | undefined;
  readonly footer?: string | undefined;
}

/**
 * The message as it is sent (RFC 5322, MIME). Headers are encoded and folded by nodemailer; the subject is one line before it gets there.
 */
export async function buildMessage(input: MessageInput, { MailComposer }: Nodemailer): Promise<Buffer> {
  const { content, header = '', footer = '' } = input;
  const text = [header, content.text, footer].filter((part) => part !== '').join('\n\n');
  const composer = new MailComposer({
    // As objects: nothing in them is taken for a list or a comment.
    from: { name: 'Slurm', address: input.from },
    to: { name: '', address: input.to },
    subject: oneLine(content.subject),
    messageId: `<${input.messageId}>`,
    date: new Date(input.dateMs),
    text,
    ...(content.html === undefined ? {} : { html: framed(content.html, header, footer) }),
    // RFC 3834: so that nobody's absence answers it.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    // Our parts are texts; nothing in them is a name of a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: 'windows',
  });
  return composer.compile().build();
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').trim();
}

/** The site's texts inside the body of a page. */
function framed(html: string, header: string, footer: string): string {
  const part = (text: string): string =>
    text === '' ? '' : `<div style="white-space:pre-wrap">${escaped(text)}</div>`;
  const opening = /<body[^>]*>/i.exec(html);
  const closing = html.toLowerCase().lastIndexOf('</body>');
  const start = opening === null ? 0 : opening.index + opening[0].length;
  const end = closing < start ? html.length : closing;
  return `${html.slice(0, start)}${part(header)}${html.slice(start, end)}${part(footer)}${html.slice(end)}`;
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (character) => names[character] ?? '');
}
