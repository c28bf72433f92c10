import {
  closeSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Options } from 'yargs';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { type Handing, HandingJournal } from '../mail/handing-journal';
import { letterRecipient, parseNotice, retriedBytes } from '../mail/notice-file';
import { LETTER_NAME, NOTICE_NAME, readNotice } from '../mail/spooled-file';
import { readThrottleState } from '../mail/throttle';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION, lastGiven } from './given';
import { alignedRows, jsonText } from './plain-text';

const HOUR_MS = 3_600_000;

/** new: no spooler has taken it; waits, held: in its queue; sending: is being handed over. */
type State = 'new' | 'waits' | 'held' | 'sending' | 'failed' | 'unsure';

interface Entry {
  /** What `retry` and `drop` take. */
  readonly id: string;
  readonly state: State;
  /** ISO 8601; null: its file tells nothing. */
  readonly since: string | null;
  readonly to: string | null;
  readonly job: string | null;
  readonly why: string | null;
}

export const options: Readonly<Record<string, Options>> = {
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'the mails that wait, failed or may have arrived, and why'],
];

export const epilogue =
  'queue: as the user whom mail_dir belongs to. `eit mail retry ID` sends one once more that failed or may have arrived, `eit mail drop ID` ' +
  'takes it away; `all` for all of them.';

/** `eit mail queue`: what there is of mails that have not gone. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const { mail_dir: dir } = configOf(argv, env);
  const entries = readQueue(dir);
  if (argv['json'] === true) await output.write([jsonText({ mails: entries })]);
  else if (entries.length === 0) await output.write(['Nothing waits, nothing failed.\n']);
  else await output.write([told(entries)]);
  return 0;
}

export function configOf(
  argv: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): ReturnType<typeof loadConfig>['config'] {
  const path = lastGiven(argv['config']);
  return loadConfig({ ...(path === undefined ? {} : { path }), env }).config;
}

/** @throws EitError EIT_MAIL where this user may not look */
function readQueue(dir: string): Entry[] {
  return reading(dir, () => {
    const journal = new HandingJournal(dir);
    const sending = new Set(journal.handings('sending').flatMap(({ letters }) => letters));
    const throttle = readThrottleState(join(dir, 'throttle.json'));
    const letters = (folder: 'new' | 'queue'): Entry[] =>
      namesIn(join(dir, folder)).flatMap((id) => {
        const { to, ...facts } = factsOf(join(dir, folder, id));
        const heldMs = to === null ? null : (throttle[to]?.heldSinceMs ?? null);
        const state =
          folder === 'new' ? 'new' : sending.has(id) ? 'sending' : heldMs === null ? 'waits' : 'held';
        const why =
          state === 'held'
            ? `more than max_per_user_hour: in one mail at ${new Date((heldMs ?? 0) + HOUR_MS).toISOString()}`
            : null;
        return [{ id, state, to, ...facts, why }];
      });
    return [
      ...letters('new'),
      ...letters('queue'),
      ...endedEntries(journal, 'unsure'),
      ...endedEntries(journal, 'failed'),
    ];
  });
}

/** Those of an outcome: by the journal, and notices that are none. */
function endedEntries(journal: HandingJournal, outcome: 'failed' | 'unsure'): Entry[] {
  const folder = join(journal.dir, outcome);
  const handings = journal.handings(outcome);
  const reasons = new Map<string, Handing>(
    handings.flatMap((handing) => handing.letters.map((letter) => [letter, handing] as const)),
  );
  return namesIn(folder).map((id) => {
    const why = reasons.get(id)?.reason;
    const fallback = LETTER_NAME.test(id) ? 'mail.log says why' : 'it is no notice';
    return { id, state: outcome, ...factsOf(join(folder, id)), why: why ?? fallback };
  });
}

function factsOf(path: string): Pick<Entry, 'since' | 'to' | 'job'> {
  try {
    const bytes = readNotice(path);
    const notice = parseNotice(bytes);
    return {
      since: new Date(notice.receivedMs).toISOString(),
      to: letterRecipient(bytes) ?? notice.recipient,
      job: notice.env['SLURM_JOB_ID'] ?? null,
    };
  } catch (error) {
    if (!(error instanceof EitError) && !isErrno(error, 'ENOENT', 'ELOOP', 'ENXIO')) throw error;
    const since = lstatSync(path, { throwIfNoEntry: false })?.mtime.toISOString() ?? null;
    return { since, to: null, job: null };
  }
}

function namesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => NOTICE_NAME.test(name) || LETTER_NAME.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function reading<T>(dir: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (isErrno(cause, 'ENOENT'))
      throw new EitError(
        'EIT_MAIL',
        `${visible(dir)}: no spooler has been here yet; mail_dir of eit.yaml names it`,
        {
          cause,
        },
      );
    if (isErrno(cause, 'EACCES', 'EPERM'))
      throw new EitError(
        'EIT_MAIL',
        `${visible(dir)} is for the user whom it belongs to: run it as that one, or as root (${String(cause)})`,
        { cause },
      );
    throw cause;
  }
}

function told(entries: readonly Entry[]): string {
  const rows = entries.map(({ state, since, to, job, id, why }) => [
    state,
    since ?? '-',
    to ?? '-',
    job ?? '-',
    id,
    why ?? '',
  ]);
  const columns = ['State', 'Since', 'To', 'Job', 'ID', 'Why'].map((title) => ({ title }));
  return [
    ...alignedRows(columns, rows),
    ...(entries.some(({ state }) => state === 'failed')
      ? ['failed: was not sent. eit mail retry ID sends it once more, eit mail drop ID takes it away.']
      : []),
    ...(entries.some(({ state }) => state === 'unsure')
      ? [
          "unsure: may have arrived. Look for eit.ID in the mail server's log, then eit mail retry ID or eit mail drop ID.",
        ]
      : []),
    '',
  ].join('\n');
}

/** Written beside it first: at each instant it is in one of the folders, whole. */
function retry(from: string, to: string): void {
  const part = `${dirname(to)}/.${basename(to)}.tmp`;
  const { uid, gid } = lstatSync(from);
  const fd = openSync(part, 'w', 0o600);
  try {
    writeFileSync(fd, retriedBytes(readNotice(from), Date.now()));
    // Where root does it, it is the spooler's all the same.
    if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(part, from);
  renameSync(from, to);
}

/**
 * Takes mails out of `failed/` and `unsure/`: back into the queue, or away.
 * @param which an id, or `all`
 * @returns the ids
 * @throws EitError EIT_USAGE where there is none of that id, EIT_MAIL where this user may not
 */
export function endEnded(dir: string, which: string, what: 'retry' | 'drop'): string[] {
  return reading(dir, () => {
    const journal = new HandingJournal(dir);
    const done: string[] = [];
    for (const outcome of ['failed', 'unsure'] as const) {
      const folder = join(dir, outcome);
      const all = namesIn(folder).filter((id) => what === 'drop' || LETTER_NAME.test(id));
      const wanted = new Set(all.filter((id) => which === 'all' || id === which));
      for (const handing of journal.handings(outcome)) {
        if (!handing.letters.some((letter) => wanted.has(letter))) continue;
        // Of a list that was one mail all go the same way.
        for (const letter of handing.letters) if (all.includes(letter)) wanted.add(letter);
        // The journal first: what stands in it ends a letter again.
        rmSync(join(folder, `${handing.id}.json`), { force: true });
      }
      for (const id of wanted) {
        if (what === 'drop') rmSync(join(folder, id), { force: true, recursive: true });
        else retry(join(folder, id), join(dir, 'queue', id));
        done.push(id);
      }
    }
    if (done.length === 0 && which !== 'all')
      throw new EitError(
        'EIT_USAGE',
        `${visible(which)}: no mail of that ID failed or may have arrived; eit mail queue lists them`,
      );
    return done;
  });
}
