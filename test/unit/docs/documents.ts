import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The top folder of the checkout. */
export const TOP = join(__dirname, '../../..');

/** A document for users: its path from the top, and its text. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** Every Markdown file for users and contributors. */
export function documents(): Document[] {
  const folders = [
    '',
    'docs',
    'docs/adr',
    'slurm-examples',
    'data/zones',
    'data/generation',
    'data/hardware',
    'data',
  ];
  return folders.flatMap((folder) =>
    readdirSync(join(TOP, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => read(join(folder, name))),
  );
}

export function read(path: string): Document {
  return { path, text: readFileSync(join(TOP, path), 'utf8') };
}

/** Blocks between ``` of a language ('' : none given). */
export function codeBlocks({ text }: Document, language: string): string[] {
  return [...text.matchAll(/^ *```(\w*)\n([^]*?)^ *```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , block = '']) => block);
}

/** What stands between single backticks outside of blocks. */
export function codeSpans({ text }: Document): string[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}

/** Command lines: those of shell blocks, without comments, and the code spans. */
export function commandLines(document: Document): string[] {
  return [...codeBlocks(document, 'sh').flatMap((block) => block.split('\n')), ...codeSpans(document)]
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .flatMap((line) => line.split(/ && /))
    .filter((line) => line !== '');
}

/** Where the relative links of a document lead: path from the top, and the anchor. */
export function relativeLinks({ path, text }: Document): { to: string; anchor: string }[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#');
      return { to: file === '' ? path : join(dirname(path), file), anchor };
    });
}

/** Anchors of a document's headings, as GitHub makes them. */
export function anchors(path: string): string[] {
  if (!path.endsWith('.md') || !existsSync(join(TOP, path))) return [];
  return [...read(path).text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
