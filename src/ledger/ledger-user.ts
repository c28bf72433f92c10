import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EitError } from '../errors';

/** A user as the system knows them, from wherever it knows users. */
export interface Account {
  readonly uid: number;
  /** Of the user's own group. */
  readonly gid: number;
  /** All groups, the own one among them. */
  readonly groups: readonly number[];
}

/** A directory service that does not answer must not hold anybody up for long. */
const LONGEST_ANSWER_MS = 10_000;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

const run = promisify(execFile);

/**
 * Looks a user up with getent(1) and id(1), which ask what nsswitch.conf names.
 * @param user the config's `ledger_user`: a name or a uid
 * @throws EitError EIT_LEDGER_USER where there is none, or nothing answers
 */
export async function findAccount(user: string | number): Promise<Account> {
  const ask = async (program: string, args: readonly string[]): Promise<string> => {
    try {
      const options = { timeout: LONGEST_ANSWER_MS, env: { PATH, LC_ALL: 'C' } };
      return (await run(program, args, options)).stdout;
    } catch (cause) {
      const text = `ledger_user: ${program} ${args.join(' ')} finds no such user; name one that this host knows`;
      throw new EitError('EIT_LEDGER_USER', text, { cause });
    }
  };
  const found = parsePasswdLine(await ask('getent', ['passwd', String(user)]));
  if (found === null) {
    throw new EitError('EIT_LEDGER_USER', `ledger_user: getent passwd ${user} names no uid and group`);
  }
  const groups = (await ask('id', ['-G', found.name])).trim().split(/\s+/).map(Number);
  return { uid: found.uid, gid: found.gid, groups: groups.filter((gid) => Number.isSafeInteger(gid)) };
}

/** A line of passwd(5): name, password, uid, gid, ... */
export function parsePasswdLine(line: string): { name: string; uid: number; gid: number } | null {
  const [, name = '', uid, gid] = /^([A-Za-z0-9_][^:\n]*):[^:\n]*:(\d{1,10}):(\d{1,10}):/.exec(line) ?? [];
  return uid === undefined || gid === undefined ? null : { name, uid: Number(uid), gid: Number(gid) };
}

/**
 * The beginning of a command that becomes the user, with all groups of theirs and none of root's: Node.js itself would leave the
 * groups out, by which the ledger's folder may let them in.
 * @param account null: nobody else
 * @returns nothing where the user is this process's own
 */
export function commandAs(account: Account | null): string[] {
  if (account === null || account.uid === process.geteuid?.()) return [];
  const { uid, gid, groups } = account;
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    '--inh-caps=-all',
    '--',
  ];
}
