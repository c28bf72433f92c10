import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { RunRecord } from '../../src/generated/record';
import { noOtherUser } from '../test-unless';
import { LEDGER, type Outcome, ReportCommand } from './report-command';
import { mustRun, type TestUser, TestUsers } from './test-users';

export const TOP = join(__dirname, '../..');
/** Why these tests cannot be made here; undefined: they can. */
export const missing =
  noOtherUser ??
  (spawnSync('setfacl', ['--version']).status === 0 ? undefined : 'needs setfacl (package acl)');
export const CLUSTERS = ['alpha', 'beta', 'epsilon'];
const NOW = '2026-03-12T12:00:00Z';
const SINCE = ['-S', '2026-01-01', '-E', '2026-03-12'];

/** A program that answers as sacct does, of rows in a file beside it. */
const SACCT = `#!/bin/sh
cd "$(dirname "$0")" || exit 9
if [ "$1" = --helpformat ]; then cat helpformat; exit 0; fi
for option in "$@"; do case $option in --delimiter=*) delimiter=\${option#*=} ;; esac; done
awk -v RS='\\036' -v d="$delimiter" -F '\\037' 'NF > 1 { for (i = 1; i <= NF; i++) printf "%s%s", $i, d; print $1 }' rows
`;
const FIELDS = [
  ...['JobIDRaw', 'JobID', 'Cluster', 'Submit', 'Start', 'End', 'State', 'QOS', 'ElapsedRaw', 'AllocCPUS'],
  ...['UID', 'User', 'ConsumedEnergyRaw', 'JobName'],
] as const;
export type SacctRow = Readonly<Record<string, string | number>>;

function parsed(line: string): RunRecord | null {
  try {
    return JSON.parse(line) as RunRecord;
  } catch {
    return null;
  }
}

/** A ledger on a folder of its own, with real users in the place of the fixture's. */
export class PrivateLedger {
  readonly dir: string;
  readonly ledger: string;
  readonly users = new TestUsers();
  readonly owner: TestUser;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly ada: TestUser;
  readonly command = new ReportCommand();
  #config: string;

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'eit-privacy-'));
    chmodSync(this.dir, 0o755);
    this.ledger = join(this.dir, 'ledger');
    [this.owner, this.alice, this.bob, this.ada] = ['ledger', 'alice', 'bob', 'ada'].map((role) =>
      this.users.make(role),
    ) as [TestUser, TestUser, TestUser, TestUser];
    buildSync({
      absWorkingDir: TOP,
      entryPoints: ['test/integration/compact-command.ts', 'test/integration/sync-command.ts'],
      outdir: join(this.command.dir, 'dist'),
      bundle: true,
      platform: 'node',
      define: { __EIT_VERSION__: '"0.0.1"' },
      logLevel: 'warning',
    });
    this.fill(this.ledger);
    this.#config = this.configure({});
  }

  configure(values: Readonly<Record<string, unknown>>): string {
    return (this.#config = this.command.config('eit.yaml', {
      ledger: this.ledger,
      admins: [this.ada.name],
      ...values,
    }));
  }

  /** What hosts have sent, as an old installation left it: readable for all. */
  fill(ledger: string): void {
    // Runs in two months; GPUs and hosts that tell what they are made of.
    for (const fixture of [LEDGER, join(LEDGER, '../gpus')]) cpSync(fixture, ledger, { recursive: true });
    for (const file of this.files(ledger, '.ndjson')) {
      const text = readFileSync(file, 'utf8')
        .replaceAll('"uid":1001,"user":"alice"', `"uid":${this.alice.uid},"user":"${this.alice.name}"`)
        .replaceAll('"uid":1002,"user":"bob"', `"uid":${this.bob.uid},"user":"${this.bob.name}"`);
      writeFileSync(file, text);
    }
    mustRun('chmod', ['-R', 'a+rX', ledger]);
    mustRun('chown', ['-R', `${this.owner.uid}:${this.owner.gid}`, ledger]);
  }

  files(folder: string, ending: string): string[] {
    return (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => name.endsWith(ending))
      .map((name) => join(folder, name));
  }

  compact(as: TestUser = this.owner): Promise<Outcome> {
    return this.command.run(process.execPath, [join(this.command.dir, 'dist/compact-command.js')], {
      ...who(as),
      env: { EIT_TEST_NOW: NOW },
    });
  }

  /** Brings what sacct tells, as the ledger's user; a stand-in of sacct tells these rows. */
  async sync(cluster: string, rows: readonly SacctRow[]): Promise<Outcome> {
    const folder = join(this.dir, 'sacct');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'sacct'), SACCT, { mode: 0o755 });
    writeFileSync(join(folder, 'helpformat'), FIELDS.join('  '));
    const text = rows.map((row) => FIELDS.map((field) => row[field]).join('\x1f'));
    writeFileSync(join(folder, 'rows'), text.join('\x1e'));
    const args = [join(this.command.dir, 'dist/sync-command.js'), cluster, join(folder, 'sacct')];
    return this.command.run(process.execPath, args, { ...who(this.owner), env: { EIT_TEST_NOW: NOW } });
  }

  /** A row of sacct for each run of a cluster: odd jobs have failed, each user has names and a QOS of his own. */
  sacctRows(cluster: string): SacctRow[] {
    const found = new Map<string, SacctRow>();
    for (const file of this.files(join(this.ledger, cluster, 'inbox'), '.ndjson')) {
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        const run = parsed(line);
        if (run?.kind !== 'run' || run.uid === undefined) continue;
        const startS = run.slurm_start ?? Math.floor(Date.parse(run.started) / 1000);
        const user = run.user ?? '';
        const key = `${run.job} ${startS}`;
        const endS = Math.max(Number(found.get(key)?.['End'] ?? 0), Math.ceil(Date.parse(run.to) / 1000));
        found.set(key, {
          ...{ JobIDRaw: run.job, JobID: run.job, Cluster: cluster, Submit: startS - 60, Start: startS },
          ...{ End: endS, State: run.job % 2 === 1 ? 'FAILED' : 'COMPLETED', ElapsedRaw: endS - startS },
          ...{ QOS: user === this.alice.name ? 'long' : 'normal', AllocCPUS: 4, UID: run.uid, User: user },
          ...{ ConsumedEnergyRaw: 1000 * run.job, JobName: `work of ${user.split('-').at(-1) ?? ''}` },
        });
      }
    }
    return [...found.values()];
  }

  report(as: TestUser | null, args: readonly string[]): Promise<Outcome> {
    return this.command.report([...SINCE, '--config', this.#config, ...args], as === null ? {} : who(as));
  }

  /** A program as a user, with nothing of root's left. */
  async as(user: TestUser, program: string, ...args: string[]): Promise<Outcome> {
    return this.command.run(program, args, who(user));
  }

  /** Paths below the ledger that a user can open and read a byte of. */
  async readable(user: TestUser): Promise<string[]> {
    const all = (readdirSync(this.ledger, { recursive: true }) as string[]).filter((path) =>
      statSync(join(this.ledger, path)).isFile(),
    );
    const script = `
      const fs = require('node:fs');
      for (const path of JSON.parse(fs.readFileSync(0, 'utf8'))) {
        try { fs.readSync(fs.openSync(process.argv[1] + '/' + path), Buffer.alloc(1)); console.log(path); } catch (error) { if (error.code !== 'EACCES') throw error; }
      }`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script, this.ledger], {
      input: JSON.stringify(all),
      encoding: 'utf8',
      ...who(user),
    });
    if (status !== 0) throw new Error(stderr);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }

  /** Folders that a user can list. */
  async listable(user: TestUser): Promise<string[]> {
    const all = ['.', ...(readdirSync(this.ledger, { recursive: true }) as string[])].filter((path) =>
      statSync(join(this.ledger, path)).isDirectory(),
    );
    const found = [];
    for (const path of all) {
      const { status } = spawnSync('ls', [join(this.ledger, path)], who(user));
      if (status === 0) found.push(path);
    }
    return found.sort();
  }

  remove(): void {
    this.command.remove();
    rmSync(this.dir, { recursive: true, force: true });
    this.users.remove();
  }
}

export function who({ uid, gid }: TestUser): { uid: number; gid: number; cwd: string } {
  return { uid, gid, cwd: '/' };
}

/** A report of --json without the moment of its making. */
export function without(stdout: string): unknown {
  return { ...(JSON.parse(stdout) as object), generated_at: null };
}
