import {
  appendFileSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { removeLeftBehind, stageIn } from './stage';

/** Says that a folder is an appendix, and which files of it are its own; programs read figures from it. */
export const SUMMARY_FILE = 'appendix.json';

/** What files can be called that are ours. */
const OWN_FILE = /^(?:index\.html|appendix\.json|(?:runs|sets|data)\/[\w.-]+|files\/(?:[\w-]+\/)?[^/\0]+)$/;

/** Lines of raw data wait in memory until there are so many bytes. */
const MOST_WAITING_BYTES = 32 << 20;

/** Folders in which there can be files of ours; pages come after what they lead to. */
const ORDER = ['data/', 'files/', 'runs/', 'sets/', 'index.html'];

/**
 * The folder of an appendix. All is written beside its place first; then each file gets its name at once, so that who reads has the old
 * one or the new one. What is not the appendix's own stays.
 */
export class AppendixFolder {
  readonly dir: string;
  readonly #stage: string;
  readonly #old: readonly string[];
  /** Folders that were made for it, outermost first. */
  readonly #made: readonly string[];
  readonly #written = new Set<string>();
  readonly #waiting = new Map<string, string[]>();
  #waitingBytes = 0;

  private constructor(dir: string, old: readonly string[], made: readonly string[]) {
    this.dir = dir;
    this.#old = old;
    this.#made = made;
    this.#stage = stageIn(dir);
    rmSync(this.#stage, { recursive: true, force: true });
    mkdirSync(this.#stage);
  }

  /** @throws EitError EIT_PAGES where the folder holds something else, or cannot be written */
  static open(dir: string): AppendixFolder {
    return asPages(dir, () => {
      const made = makeFolder(dir);
      const names = readdirSync(dir);
      // A folder can be a repository.
      const old = names.every((name) => name.startsWith('.')) ? [] : ownFiles(dir);
      removeLeftBehind(dir, names);
      return new AppendixFolder(dir, old, made);
    });
  }

  /** Paths of all files written so far, in order. */
  get paths(): string[] {
    return [...this.#written].sort();
  }

  /** @param path from the top, as links have it */
  write(path: string, text: string): void {
    asPages(this.dir, () => writeFileSync(this.#place(path), text));
  }

  copy(path: string, from: string): void {
    asPages(this.dir, () => copyFileSync(from, this.#place(path)));
  }

  /** Adds a line to a file. */
  append(path: string, line: string): void {
    const lines = this.#waiting.get(path);
    if (lines === undefined) this.#waiting.set(path, [line]);
    else lines.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes > MOST_WAITING_BYTES) this.flush();
  }

  flush(): void {
    asPages(this.dir, () => {
      for (const [path, lines] of this.#waiting) appendFileSync(this.#place(path), lines.join(''));
    });
    this.#waiting.clear();
    this.#waitingBytes = 0;
  }

  /** Takes back what was appended: it is read anew. */
  dropAppended(paths: Iterable<string>): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const path of paths) {
      rmSync(join(this.#stage, path), { force: true });
      this.#written.delete(path);
    }
  }

  bytesOf(path: string): number {
    return statSync(join(this.#stage, path)).size;
  }

  /**
   * Puts all that was written in its place, and takes away what an earlier appendix had and this one has not.
   * @param summary what appendix.json holds beside the list of files
   */
  finish(summary: Readonly<Record<string, unknown>>): void {
    this.flush();
    const files = this.paths;
    const textOf = (listed: readonly string[]): string =>
      `${JSON.stringify({ kind: 'eit-appendix', schema: 1, ...summary, files: listed }, null, 1)}\n`;
    asPages(this.dir, () => {
      // Whatever becomes of this, the next one knows which files are its own.
      this.#put(SUMMARY_FILE, textOf([...new Set([...this.#old, ...files])].sort()));
      for (const folder of ORDER) for (const path of files) if (path.startsWith(folder)) this.#move(path);
      for (const path of this.#old) {
        if (this.#written.has(path) || path === SUMMARY_FILE) continue;
        if (isPlainBelow(this.dir, path)) rmSync(join(this.dir, path), { force: true });
      }
      this.#put(SUMMARY_FILE, textOf(files));
      rmSync(this.#stage, { recursive: true, force: true });
      removeEmpty(this.dir, this.#old);
    });
  }

  /** Takes away what was begun and is not finished. */
  abandon(): void {
    rmSync(this.#stage, { recursive: true, force: true });
    try {
      for (const folder of this.#made.toReversed()) rmdirSync(folder);
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
    }
  }

  #place(path: string): string {
    if (!OWN_FILE.test(path) || path.split('/').includes('..')) throw new Error(`no place for ${path}`);
    this.#written.add(path);
    const to = join(this.#stage, path);
    mkdirSync(dirname(to), { recursive: true });
    return to;
  }

  #put(path: string, text: string): void {
    const staged = join(this.#stage, path);
    writeFileSync(staged, text);
    renameSync(staged, join(this.dir, path));
  }

  #move(path: string): void {
    const to = join(this.dir, path);
    mkdirSync(dirname(to), { recursive: true });
    mustBeFolders(this.dir, path);
    renameSync(join(this.#stage, path), to);
  }
}

/**
 * Makes a folder and those around it, one at a time: where a file system makes none (/proc), Node's own way of it does not end.
 * @returns those that were not there, outermost first
 */
function makeFolder(dir: string): string[] {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true) return [];
  const parent = dirname(dir);
  const made = parent === dir ? [] : makeFolder(parent);
  mkdirSync(dir);
  return [...made, dir];
}

/** @throws EitError EIT_PAGES where the folder is no appendix */
function ownFiles(dir: string): string[] {
  const refuse = (why: string, cause?: unknown): EitError =>
    new EitError(
      'EIT_PAGES',
      `${visible(dir)} is not empty, and ${why}: name a new folder, or one that eit appendix wrote`,
      { cause },
    );
  let summary: unknown;
  try {
    summary = JSON.parse(readFileSync(join(dir, SUMMARY_FILE), 'utf8'));
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) throw refuse(`has no ${SUMMARY_FILE}`, cause);
    if (cause instanceof SyntaxError) throw refuse(`its ${SUMMARY_FILE} is damaged`, cause);
    throw cause;
  }
  const { kind, files } = (summary ?? {}) as { kind?: unknown; files?: unknown };
  if (kind !== 'eit-appendix' || !Array.isArray(files))
    throw refuse(`its ${SUMMARY_FILE} is of something else`);
  return files.filter(
    (path): path is string =>
      typeof path === 'string' && OWN_FILE.test(path) && !path.split('/').includes('..'),
  );
}

/** A link in the place of a folder of ours would lead out of it. */
function mustBeFolders(dir: string, path: string): void {
  const parts = path.split('/');
  for (let i = 1; i < parts.length; i++) {
    const folder = join(dir, ...parts.slice(0, i));
    if (lstatSync(folder).isDirectory()) continue;
    throw new EitError('EIT_PAGES', `${visible(folder)} is a link, and pages go into folders: remove it`);
  }
}

/** Whether a file of an earlier appendix is there, in folders and not behind a link. */
function isPlainBelow(dir: string, path: string): boolean {
  const parts = path.split('/');
  for (let i = 1; i < parts.length; i++) {
    const stats = lstatSync(join(dir, ...parts.slice(0, i)), { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true) return false;
  }
  return true;
}

/** Folders in which nothing is left. */
function removeEmpty(dir: string, files: readonly string[]): void {
  const folders = new Set(files.map((path) => dirname(path)).filter((folder) => folder !== '.'));
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    try {
      rmdirSync(join(dir, folder));
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR')) throw error;
    }
  }
}

function asPages<T>(dir: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof EitError || !isNativeError(cause) || !('syscall' in cause)) throw cause;
    throw new EitError(
      'EIT_PAGES',
      `the appendix cannot be written to ${visible(dir)}: ${visible(String(cause))}; give a folder that you may write to`,
      { cause },
    );
  }
}
