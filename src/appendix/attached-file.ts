import { isUtf8 } from 'node:buffer';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, sep } from 'node:path';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';

/** A file beside a spec. */
export interface SourceFile {
  /** Where it is, with no link left in it. */
  readonly path: string;
  /** As it is called in the appendix. */
  readonly name: string;
  readonly bytes: number;
}

/** Text of files up to this size is looked through for names. */
const MOST_TEXT_BYTES = 8 << 20;

/**
 * A file that a spec attaches. It has to lie in the spec's folder or below it, also where a link leads.
 * @param dir the spec's folder
 * @param named as the spec has it
 * @throws EitError EIT_APPENDIX
 */
export function sourceFile(dir: string, named: string): SourceFile {
  const refuse = (why: string, cause?: unknown): EitError =>
    new EitError('EIT_APPENDIX', `files: ${JSON.stringify(visible(named, 200))} cannot be attached: ${why}`, {
      cause,
    });
  if (isAbsolute(named) || named.split('/').includes('..'))
    throw refuse('give a path from the folder of the spec, without ..');
  try {
    const [top, path] = [realpathSync(dir), realpathSync(join(dir, named))];
    if (!path.startsWith(top === sep ? sep : `${top}${sep}`))
      throw refuse('it leads out of the folder of the spec; copy it there');
    const stats = statSync(path);
    if (!stats.isFile()) throw refuse('it is no plain file');
    return { path, name: plainName(basename(named)), bytes: stats.size };
  } catch (cause) {
    if (cause instanceof EitError) throw cause;
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) throw refuse('there is no such file beside the spec', cause);
    throw refuse(visible(String(cause)), cause);
  }
}

/** What a web server, a browser and any file system take as a plain name; not hidden. */
export function plainName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}._+()-]/gu, '_')
    .replace(/^[.-]/, '_');
  return [...plain].slice(0, 100).join('');
}

/** Names of a folder, each once: a second `a.txt` is `a-2.txt`. */
export function namedApart(files: readonly SourceFile[]): SourceFile[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const dot = file.name.lastIndexOf('.');
    const [stem, ending] = dot > 0 ? [file.name.slice(0, dot), file.name.slice(dot)] : [file.name, ''];
    let name = file.name;
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${stem}-${i}${ending}`;
    taken.add(name.toLowerCase());
    return { ...file, name };
  });
}

/** What a file says, to be looked through for names. */
export interface FileText {
  readonly text: string;
  /** Why names can stand in it that are not in the text; null: the text is all of it. */
  readonly unseen: string | null;
}

/**
 * What is in a file, as UTF-8 has it; of what is no UTF-8 as Latin-1 has it too.
 */
export function textOfFile({ path, bytes }: SourceFile): FileText {
  if (bytes > MOST_TEXT_BYTES) return { text: '', unseen: `it has more than ${MOST_TEXT_BYTES >> 20} MiB` };
  const data = readFileSync(path);
  // Pictures, archives, PDF and other compressed text: what can be read of them is not all that they say.
  const isText = !data.includes(0) && !data.subarray(0, 5).equals(PDF);
  return {
    text: isUtf8(data) ? data.toString('utf8') : `${data.toString('utf8')}\n${data.toString('latin1')}`,
    unseen: isText ? null : 'it is no plain text',
  };
}

/** ISO 32000-1, 7.5.2. */
const PDF = Buffer.from('%PDF-');
