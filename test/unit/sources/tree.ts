import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const FIXTURES = resolve(__dirname, '../../fixtures');
export const isRoot = process.getuid?.() === 0;

/** A folder of files that stands in for /sys or /proc; anyone may look into it, as into those. */
export class Tree {
  readonly dir = mkdtempSync(join(tmpdir(), 'eit-tree-'));

  constructor(files: Readonly<Record<string, string>> = {}) {
    chmodSync(this.dir, 0o755);
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  path(path: string): string {
    return join(this.dir, path);
  }

  /** Writes in place, as a counter changes: what has the file open sees it. */
  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    symlinkSync(target, this.path(path));
  }

  remove(path = ''): void {
    rmSync(this.path(path), { recursive: true, force: true });
  }
}

/** Runs as nobody, without root's rights to read what is not its own. */
export function asNobody<T>(work: () => T): T {
  process.seteuid?.(65534);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
