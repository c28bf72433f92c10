import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, openLog } from '../agent/log';
import { type LoadedConfig, loadConfig } from '../config/config';
import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError, describeError, isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import { KernelLock } from '../ledger/kernel-lock';
import { readBootId, writeBeat } from '../mail/beat';
import { findFormerProgram } from '../mail/former-program';
import { MailFolder } from '../mail/mail-folder';
import { LookProcess } from '../mail/look-process';
import { nodemailer } from '../mail/nodemailer';
import { Spooler } from '../mail/spooler';
import { Throttle, readThrottleState, writeThrottleState } from '../mail/throttle';
import { version } from '../version';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { answerLooks } from './mail-look';
import { isLocked, runLocked, thisProgram } from './mail-lock';
import { openWay } from './mail-transport';

const LOOK_EVERY_MS = 1000;
const BEAT_EVERY_MS = 5000;
const PRUNE_EVERY_MS = 60_000;
/** Mails wait for their records in the meantime. */
const SACCT_MS = 20_000;
/** A ledger of any size has been read by then. */
const LONGEST_LOOK_MS = 120_000;
const THROTTLE_WINDOW_MS = 3_600_000;

export const options: Readonly<Record<string, Options>> = {
  once: {
    type: 'boolean',
    describe: 'sends what is there, waits for its records as long as the config says, and ends',
  },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'sends the mails that eit-mail leaves, until it is told to end; the service eit-mail runs it'],
];

export const epilogue =
  'spool: eit-mail, the MailProg of slurm.conf, leaves the mails of jobs in mail_dir. The spooler waits for the records of all nodes of a ' +
  'job and sends the mail with its energy; it needs the right to read the ledger. docs/mail.md tells how to set it up.';

/** `eit mail spool`: sends what `eit-mail` leaves until it is told to end; one at a time. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env } = surroundings;
  const path = [argv['config']].flat().findLast((value) => typeof value === 'string');
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  if (env['EIT_MAIL_LOOK'] !== undefined) return look(loaded, surroundings);
  const { config } = loaded;
  const folder = new MailFolder(config.mail_dir, config.mail.domain);
  // What a group may read of it, `eit-mail` must: the lock and the beat.
  process.umask(0o027);
  folder.prepare();
  const lockPath = join(config.mail_dir, 'lock');
  if (!isLocked(env)) return runLocked(lockPath, 'spooler', env);
  const log = openMailLog(join(config.mail_dir, 'mail.log'));
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end.abort());
  const jobReader = new LookProcess({
    command: thisProgram(),
    env: { ...env, EIT_MAIL_LOOK: '1' },
    longestMs: LONGEST_LOOK_MS,
    now: () => performance.now(),
    log,
  });
  try {
    const { spooler, throttle } = openSpooler(config, folder, jobReader, log);
    await spooler.start();
    log('info', `spooler ${version} begins (process ${process.pid})`);
    await (argv['once'] === true
      ? spoolOnce(spooler, end.signal)
      : spool(config, folder, spooler, lockPath, end.signal, log));
    await spooler.close();
    writeThrottleState(throttlePath(config), throttle.state(Date.now()));
    log('info', 'spooler ends');
    return 0;
  } catch (error) {
    log('error', describeError(error));
    throw error;
  } finally {
    // Whoever looks for figures when the last mail has gone looks for nobody.
    jobReader.close();
  }
}

/** It names who gets mails about what: nothing for SlurmUser's group, which reads other files there. */
function openMailLog(path: string): Log {
  for (const old of [path, `${path}.1`]) {
    try {
      chmodSync(old, 0o600);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
  return openLog(path, Date.now, 0o600);
}

/** The process that looks into the ledger for the spooler. */
async function look(loaded: LoadedConfig, { env, output, uid }: Surroundings): Promise<number> {
  const over = new AbortController();
  const { LedgerJobReader } = await import('./mail-reader');
  const jobReader = new LedgerJobReader({
    loaded,
    uid,
    now: Date.now,
    output,
    sacct: { program: 'sacct', env, timeoutMs: SACCT_MS, signal: over.signal },
  });
  await answerLooks(jobReader, process, () => over.abort());
  // What is being read is for nobody.
  return process.exit(0);
}

function openSpooler(
  config: EitConfig,
  folder: MailFolder,
  jobReader: LookProcess,
  log: Log,
): { spooler: Spooler; throttle: Throttle } {
  const library = nodemailer();
  const throttle = new Throttle(readThrottleState(throttlePath(config)), {
    most: config.mail.max_per_user_hour,
    windowMs: THROTTLE_WINDOW_MS,
  });
  const spooler = new Spooler({
    config: config.mail,
    folder,
    ...openWay(config, join(config.mail_dir, 'sending'), library),
    formerProgram: findFormerProgram(config.next_mailprog),
    throttle,
    onThrottle: () => writeThrottleState(throttlePath(config), throttle.state(Date.now())),
    jobReader,
    nodemailer: library,
    boot: readBootId(),
    now: Date.now,
    log,
  });
  return { spooler, throttle };
}

async function spool(
  config: EitConfig,
  folder: MailFolder,
  spooler: Spooler,
  lockPath: string,
  end: AbortSignal,
  log: Log,
): Promise<void> {
  const lock = new KernelLock(lockPath);
  // By a timer of its own: a mail server that is slow does not make us look dead.
  writeBeat(config.mail_dir);
  const beat = setInterval(() => {
    try {
      writeBeat(config.mail_dir);
    } catch (error) {
      // A full disk. Without a beat eit-mail hands mails to the former program; what was taken goes on.
      log('error', describeError(error));
    }
  }, BEAT_EVERY_MS);
  let prunedMs = Date.now();
  try {
    while (!end.aborted) {
      if (!lock.isHeld())
        throw new EitError(
          'EIT_MAIL',
          `${visible(lockPath)} was removed: another spooler could start; this one ends`,
        );
      await spooler.pass();
      if (Math.abs(Date.now() - prunedMs) >= PRUNE_EVERY_MS) {
        folder.prune(Date.now());
        prunedMs = Date.now();
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal: end }).catch(() => undefined);
    }
  } finally {
    clearInterval(beat);
  }
  log('info', 'told to end');
}

async function spoolOnce(spooler: Spooler, end: AbortSignal): Promise<void> {
  while ((await spooler.pass()) > 0 && !spooler.isIdle && !end.aborted) await sleep(LOOK_EVERY_MS / 4);
}

function throttlePath(config: EitConfig): string {
  return join(config.mail_dir, 'throttle.json');
}
