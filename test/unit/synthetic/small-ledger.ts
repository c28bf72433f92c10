import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EitRecord } from '../../../src/generated/record';
import type { Expected } from '../../../src/synthetic/expectation';
import { generateLedger } from '../../../src/synthetic/generate';
import { NO_DAMAGE, type SyntheticPlan } from '../../../src/synthetic/plan';

/** Four days around the end of a month; with this seed everything that the generator knows happens in them. */
export const SMALL: SyntheticPlan = {
  cluster: 'small',
  hosts: 6,
  gpusPerNode: 2,
  users: 9,
  jobsPerDay: 250,
  sinceMs: Date.parse('2026-01-30T00:00:00Z'),
  untilMs: Date.parse('2026-02-03T00:00:00Z'),
  seed: 81,
  tool: '0.0.1',
  damage: NO_DAMAGE,
};

/** A ledger in a folder that the test takes away. */
export class SmallLedger {
  readonly dir = mkdtempSync(join(tmpdir(), 'eit-synthetic-'));
  readonly folder = join(this.dir, 'ledger');
  readonly plan: SyntheticPlan;
  readonly expected: Expected;
  #records: EitRecord[] | null = null;

  constructor(given: Partial<SyntheticPlan> = {}) {
    this.plan = { ...SMALL, ...given };
    this.expected = generateLedger(this.folder, this.plan, { withSacct: true });
  }

  /** By path below the folder: a hash of the contents. */
  hashes(): Record<string, string> {
    return Object.fromEntries(
      [...this.files()].map(([path, text]) => [path, createHash('sha256').update(text).digest('hex')]),
    );
  }

  /** Contents by path below the folder. */
  files(): Map<string, string> {
    const names = readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
    return new Map(names.map((path) => [path.slice(this.folder.length + 1), readFileSync(path, 'utf8')]));
  }

  /** Lines of the inbox by file, `<day>/<host>.ndjson`. */
  inbox(): Map<string, string[]> {
    const prefix = `${this.plan.cluster}/inbox/`;
    return new Map(
      [...this.files()]
        .filter(([path]) => path.startsWith(prefix))
        .map(([path, text]) => [path.slice(prefix.length), text.split('\n').slice(0, -1)]),
    );
  }

  records(): readonly EitRecord[] {
    return (this.#records ??= [...this.inbox().values()].flatMap((lines) =>
      lines.map((line) => JSON.parse(line) as EitRecord),
    ));
  }

  sacct(): string[] {
    return readFileSync(join(this.folder, 'sacct.txt'), 'utf8').split('\n').slice(0, -1);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }
}
