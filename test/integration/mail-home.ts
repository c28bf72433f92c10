import { type ChildProcess, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { isErrno } from '../../src/errors';
import { until } from '../cluster/until';

const ROOT = join(__dirname, '..', '..');
export const MAILPROG = join(ROOT, 'eit-mail');
export const PROGRAM = join(ROOT, 'dist/eit.js');

/** A mail as the server has taken it. */
export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  /** Headers with their folds undone, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A real SMTP server on the loopback interface. */
export class MailServer {
  readonly taken: Taken[] = [];
  port = 0;
  readonly #server: SMTPServer;

  /** @param delayMs between the end of a mail and the answer */
  constructor(options: SMTPServerOptions = {}, delayMs = 0) {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      logger: false,
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const { mailFrom, rcptTo } = session.envelope;
          this.taken.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text,
            headers: headersOf(text),
          });
          setTimeout(done, delayMs);
        });
      },
      ...options,
    });
    // A client that is killed in the middle is what some tests are about.
    this.#server.on('error', () => undefined);
  }

  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const address = this.#server.server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** How often each message id was taken. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { headers } of this.taken) {
      const id = headers.get('message-id') ?? '';
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }
}

/** The headers of a message, folds undone and encoded words (RFC 2047) decoded. */
export function headersOf(text: string): Map<string, string> {
  const head = text.split(/\r?\n\r?\n/)[0] ?? '';
  return new Map(
    head
      .replaceAll(/\r?\n[ \t]+/g, ' ')
      .split(/\r?\n/)
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        decoded(line.slice(line.indexOf(':') + 2)),
      ]),
  );
}

function decoded(value: string): string {
  return value
    .replaceAll(/\?= (?==\?)/g, '?=')
    .replaceAll(/=\?UTF-8\?([QB])\?(.*?)\?=/gi, (_, form: string, word: string) => {
      if (form.toUpperCase() === 'B') return Buffer.from(word, 'base64').toString('utf8');
      const bytes = word
        .replaceAll('_', ' ')
        .replaceAll(/=([0-9A-F]{2})/gi, (__, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      return Buffer.from(bytes, 'latin1').toString('utf8');
    });
}

/** A folder with a config, the mails and a former program that writes down what it is given. */
export class MailHome {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'eit-mail-test-')));
  readonly config = join(this.dir, 'eit.yaml');
  readonly mailDir = join(this.dir, 'mail');
  readonly former = join(this.dir, 'former');
  readonly #spoolers: ChildProcess[] = [];

  constructor(mail: Readonly<Record<string, unknown>>) {
    mkdirSync(join(this.dir, 'calls'));
    mkdirSync(join(this.dir, 'bin'));
    // Where Slurm is installed without a slurm.conf a real one looks for its controller in the network for 20 s.
    this.script(join(this.dir, 'bin/sacct'), "echo 'no accounting here' >&2; exit 1");
    this.script(
      this.former,
      `f='${this.dir}/calls'/$$; { printf '%s\\0' "$@"; echo; cat; env; } >$f.tmp; mv $f.tmp $f.done`,
    );
    this.configure(mail);
  }

  configure(mail: Readonly<Record<string, unknown>>, more = ''): void {
    const lines = [
      `state_dir: ${this.dir}/state`,
      `mail_dir: ${this.mailDir}`,
      `next_mailprog: ${this.former}`,
      `ledger: ${this.dir}/ledger`,
      `mail: ${JSON.stringify(mail)}`,
      more,
    ];
    writeFileSync(this.config, `${lines.join('\n')}\n`);
  }

  script(path: string, body: string): string {
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  }

  /** What the former program was given, a call an item: arguments, then what followed them. */
  formerCalls(): { readonly args: string[]; readonly rest: string }[] {
    const dir = join(this.dir, 'calls');
    return readdirSync(dir)
      .filter((name) => name.endsWith('.done'))
      .map((name) => readFileSync(join(dir, name), 'utf8'))
      .map((text) => ({
        args: text.slice(0, text.lastIndexOf('\0')).split('\0'),
        rest: text.slice(text.lastIndexOf('\0') + 2),
      }));
  }

  /** Calls eit-mail as slurmctld does, with this environment alone. */
  mail(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    options: { input?: string; shell?: string[] } = {},
  ): SpawnSyncReturns<string> {
    const [program = '', ...rest] = [...(options.shell ?? []), MAILPROG, ...args];
    return spawnSync(program, rest, {
      cwd: '/',
      env: { EIT_CONFIG: this.config, ...env },
      encoding: 'utf8',
      timeout: 60_000,
      ...(options.input === undefined ? { stdio: ['ignore', 'pipe', 'pipe'] } : { input: options.input }),
    });
  }

  /** Starts a spooler and waits until eit-mail would see it. */
  async startSpooler(): Promise<ChildProcess> {
    rmSync(join(this.mailDir, 'beat'), { force: true });
    const child = this.spawnSpooler();
    await until(
      'a spooler',
      30_000,
      () => existsSync(join(this.mailDir, 'beat')) || undefined,
      () => this.log(),
    );
    return child;
  }

  spawnSpooler(...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [PROGRAM, 'mail', 'spool', ...args], {
      cwd: '/',
      env: { PATH: `${this.dir}/bin:${process.env['PATH']}`, EIT_CONFIG: this.config },
      stdio: 'ignore',
    });
    this.#spoolers.push(child);
    return child;
  }

  /** The process that has the lock: the one that was started waits for it. */
  spoolerPid(): number {
    return Number(readFileSync(join(this.mailDir, 'beat'), 'utf8').split(' ')[2]);
  }

  files(folder: string): string[] {
    try {
      return readdirSync(join(this.mailDir, folder)).sort();
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  log(): string {
    const path = join(this.mailDir, 'mail.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  async remove(): Promise<void> {
    for (const child of this.#spoolers) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A job's environment as slurmctld makes it. */
export function jobEnv(job: number, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    SLURM_CLUSTER_NAME: 'alpha',
    SLURM_JOB_ID: String(job),
    SLURM_JOB_NAME: 'work',
    SLURM_JOB_USER: 'ada',
    SLURM_JOB_UID: '1000',
    SLURM_JOB_NODELIST: 'n1',
    SLURM_JOB_STATE: 'COMPLETED',
    SLURM_JOB_MAIL_TYPE: 'Ended',
    SLURM_JOB_RUN_TIME: '00:00:03',
    ...more,
  };
}
