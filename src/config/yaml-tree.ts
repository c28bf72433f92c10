import {
  type Document,
  type ErrorCode,
  LineCounter,
  type Node,
  type Pair,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml';
import { visible } from './visible';

/** What is wrong at one place of a file. */
export interface Problem {
  /** Offset in the text. */
  readonly at: number;
  readonly message: string;
}

/** A YAML file as plain data, with where each key stands. */
export interface YamlTree {
  /** Objects without prototype and lists; undefined where the file is empty. */
  readonly data: unknown;
  /** By `placeKey`: where each key and each item of a list stands; the empty path is the whole file. */
  readonly places: ReadonlyMap<string, Place>;
  readonly problems: readonly Problem[];
  /** An offset as `line:column`, from 1. */
  readonly position: (offset: number) => string;
}

export interface Place {
  readonly path: readonly string[];
  readonly keyAt: number;
  readonly valueAt: number;
  readonly pair: Pair | null;
}

/** The key of a path in `YamlTree.places`. */
export const placeKey = (path: readonly string[]): string => path.map((part) => `${part}\0`).join('');

/**
 * Parses one document of YAML 1.2 with nothing in it that a settings file does not need and that could surprise: no
 * anchors, aliases, tags or directives, no key twice, no control characters. Problems are collected, not thrown.
 */
export function parseYamlTree(text: string): YamlTree {
  const lineCounter = new LineCounter();
  const walk = new Walk();
  const position = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${line}:${col}`;
  };

  const odd = findOddCharacter(text);
  if (odd) {
    const before = text.slice(0, odd.at).split('\n');
    const where = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
    return { data: undefined, places: walk.places, problems: [odd], position: () => where };
  }
  // Keys that stand twice are found by the walk: the parser's own search takes seconds on a long file.
  const document = parseDocument(text, {
    prettyErrors: false,
    lineCounter,
    uniqueKeys: false,
    stringKeys: false,
    logLevel: 'error', // `silent` would hide a second document
  });
  const problems = syntaxProblems(document, position);
  if (problems.length > 0) return { data: undefined, places: walk.places, problems, position };
  const data = document.contents === null ? undefined : walk.toData(document.contents, [], null);
  return { data, places: walk.places, problems: walk.problems, position };
}

/** What YAML forbids or hides, and what the hooks' line reader and YAML would see differently. */
function findOddCharacter(text: string): Problem | undefined {
  if (text.startsWith('\uFEFF')) {
    return { at: 0, message: 'the file begins with a byte order mark; save it as UTF-8 without one' };
  }
  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  const odd = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\uFEFF]|\r(?!\n)/.exec(text);
  if (!odd) return undefined;
  return { at: odd.index, message: `the character ${visible(odd[0])} has no place in this file; remove it` };
}

const SYNTAX: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: 'a second document begins (---); one file is one document',
  RESOURCE_EXHAUSTION: 'nested too deeply',
};

/** The parser's errors, one a line: those behind the first in a line are mostly caused by it. */
function syntaxProblems(document: Document.Parsed, position: YamlTree['position']): Problem[] {
  const byLine = new Map<string, Problem>();
  for (const error of document.errors) {
    const message = SYNTAX[error.code] ?? `not YAML: ${visible(error.message)}`;
    const line = position(error.pos[0]).split(':')[0] ?? '';
    if (!byLine.has(line)) byLine.set(line, { at: error.pos[0], message });
  }
  if (document.directives.yaml.version !== '1.2') {
    byLine.set('', {
      at: 0,
      message: `YAML ${visible(document.directives.yaml.version)} is asked for; it is read as YAML 1.2`,
    });
  }
  return [...byLine.values()];
}

class Walk {
  readonly places = new Map<string, Place>();
  readonly problems: Problem[] = [];

  toData(node: Node | null, path: readonly string[], pair: Pair | null): unknown {
    const valueAt = node?.range?.[0] ?? 0;
    const keyAt = (pair?.key as Node | undefined)?.range?.[0] ?? valueAt;
    this.places.set(placeKey(path), { path, keyAt, valueAt: node ? valueAt : keyAt, pair });
    if (node === null) return null;
    if (isAlias(node)) return this.refuse(valueAt, 'an alias (*) is not for this file; write the value out');
    if (node.anchor !== undefined)
      return this.refuse(valueAt, 'an anchor (&) is not for this file; remove it');
    if (node.tag !== undefined) return this.refuse(valueAt, 'a tag (!) is not for this file; remove it');

    if (isSeq(node)) {
      return node.items.map((item, i) => this.toData(item as Node | null, [...path, String(i)], null));
    }
    if (isMap(node)) return this.toObject(node.items, path);
    return isScalar(node) ? node.value : this.refuse(valueAt, 'not a value');
  }

  private toObject(pairs: readonly Pair[], path: readonly string[]): Record<string, unknown> {
    const data = Object.create(null) as Record<string, unknown>;
    for (const pair of pairs) {
      const node = pair.key as Node | null;
      const at = node?.range?.[0] ?? (pair.value as Node | null)?.range?.[0] ?? 0;
      if (!isScalar(node) || node.anchor !== undefined || node.tag !== undefined) {
        this.refuse(at, 'a key must be a plain word');
        continue;
      }
      const key = node.source ?? '';
      const below = [...path, key];
      const first = this.places.get(placeKey(below));
      if (first) this.refuse(at, `the key ${visible(below.join('.'))} stands here a second time; keep one`);
      else data[key] = this.toData(pair.value as Node | null, below, pair);
    }
    return data;
  }

  private refuse(at: number, message: string): undefined {
    this.problems.push({ at, message });
  }
}
