import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isErrno } from '../errors';

/** One line of a Slurm config: its keys in small letters, with their values. */
export type ConfLine = ReadonlyMap<string, string>;

/** A slurm.conf (or gres.conf, cgroup.conf) with all that it includes, in the order in which Slurm reads it. */
export interface SlurmConfTree {
  /** Files that were read, the first one itself. */
  readonly files: readonly string[];
  /** Files that it includes and that could not be read here. */
  readonly unread: readonly string[];
  readonly lines: readonly ConfLine[];
}

/** More files than these include each other in a circle. */
const MOST_FILES = 100;

/**
 * Reads a Slurm config file and what its `Include` lines name (https://slurm.schedmd.com/slurm.conf.html): paths that are not
 * absolute count from the file's folder, `%c` is the cluster's name.
 * @throws the system's error where the first file cannot be read
 */
export function readSlurmConfTree(path: string): SlurmConfTree {
  const files: string[] = [];
  const unread: string[] = [];
  const lines: ConfLine[] = [];
  const read = (file: string): void => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if (files.length === 0 || !isErrno(error, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR')) throw error;
      unread.push(file);
      return;
    }
    files.push(file);
    for (const line of parseConfLines(text)) {
      const include = line.get('include');
      if (include === undefined) lines.push(line);
      else if (files.length >= MOST_FILES) unread.push(include);
      else {
        const name = include.replaceAll('%c', lastValue({ lines }, 'ClusterName') ?? '');
        read(isAbsolute(name) ? name : join(dirname(path), name));
      }
    }
  };
  read(path);
  return { files, unread, lines };
}

/**
 * The lines of a Slurm config. A line that ends with a backslash goes on; what follows a `#` is a comment, unless a backslash stands
 * before it; a line may hold several `Key=Value`, a value in quotes blanks. `Include FILE` is the key `include`.
 */
export function parseConfLines(text: string): ConfLine[] {
  return text
    .replaceAll(/\\\r?\n/g, '')
    .split('\n')
    .flatMap((raw) => {
      const line = raw.replace(/(^|[^\\])#.*$/, '$1');
      const include = /^\s*include\s+(\S+)/i.exec(line)?.[1];
      if (include !== undefined) return [new Map([['include', include]])];
      const pairs = [...line.matchAll(/([A-Za-z]\w*)\s*[+-]?=\s*(?:"([^"]*)"|([^\s"]*))/g)].map(
        ([, key = '', quoted, plain = '']): [string, string] => [key.toLowerCase(), quoted ?? plain],
      );
      return pairs.length === 0 ? [] : [new Map(pairs)];
    });
}

/** All values of a key that stands at a line's beginning, in the order of the lines, without `(null)`, which is none. */
export function valuesOf({ lines }: Pick<SlurmConfTree, 'lines'>, key: string): string[] {
  return lines.flatMap((line) => {
    const [first] = line.keys();
    const value = line.get(key.toLowerCase()) ?? '';
    return first !== key.toLowerCase() || value === '' || value.toLowerCase() === '(null)' ? [] : [value];
  });
}

/** The value that holds: the last one. */
export function lastValue(tree: Pick<SlurmConfTree, 'lines'>, key: string): string | undefined {
  return valuesOf(tree, key).at(-1);
}

/** Words of a list such as `PrologFlags=Contain,X11`, in small letters. */
export function wordsOf(tree: Pick<SlurmConfTree, 'lines'>, key: string): string[] {
  return (lastValue(tree, key) ?? '').toLowerCase().split(',').filter(Boolean);
}

/** Lines of one kind, such as all that begin with `PartitionName=`; those of `DEFAULT` are merged into what follows them. */
export function recordsOf({ lines }: Pick<SlurmConfTree, 'lines'>, kind: string): ConfLine[] {
  const key = kind.toLowerCase();
  let defaults: ConfLine = new Map();
  return lines.flatMap((line) => {
    const [first] = line.keys();
    if (first !== key) return [];
    if (line.get(key)?.toUpperCase() === 'DEFAULT') {
      defaults = new Map([...defaults, ...line]);
      return [];
    }
    return [new Map([...defaults, ...line])];
  });
}
