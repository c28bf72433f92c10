import { spawn } from 'node:child_process';
import { commandAs } from '../ledger/ledger-user';

/** What was found at a folder that records are written to: the ledger's, or the spool. */
export type LedgerLook = {
  /** As whom; null: as who runs this. */
  readonly asUid: number | null;
} & (
  | { readonly kind: 'writable' | 'absent' }
  | { readonly kind: 'refused' | 'not asked'; readonly reason: string }
  | { readonly kind: 'no answer'; readonly timeoutS: number }
);

/** Says one word; writes nothing: the server is asked whether it would let us. */
const PROBE = `
const fs = require('node:fs');
const dir = process.argv[1];
try {
  if (!fs.statSync(dir).isDirectory()) throw new Error('it is not a folder');
  fs.accessSync(dir, fs.constants.W_OK | fs.constants.X_OK | fs.constants.R_OK);
  process.stdout.write('writable');
} catch (error) {
  process.stdout.write(error.code === 'ENOENT' ? 'absent' : 'refused ' + (error.code || error.message));
}
`;
const LONGEST_ANSWER = 1000;
/** Where setpriv is. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Asks for the ledger in a child process, as the user who writes it: a hung file system hangs that child only. It is given up
 * without waiting, since one that is stuck in the kernel cannot even be killed.
 * @param as that user; null: as who runs this
 */
export function probeLedger(
  ledger: string,
  as: { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] } | null,
  timeoutS = 5,
): Promise<LedgerLook> {
  const own = process.getuid?.();
  const other = as !== null && as.uid !== own ? as : null;
  const asUid = as?.uid ?? null;
  if (other !== null && own !== 0)
    return Promise.resolve({
      kind: 'not asked',
      reason: `only root can look as the user who writes it (uid ${other.uid})`,
      asUid,
    });
  return new Promise((resolve) => {
    const account = other === null ? null : { groups: [], ...other };
    const command = [...commandAs(account), process.execPath, '-e', PROBE, ledger];
    const [program = '', ...args] = command;
    const child = spawn(program, args, { cwd: '/', env: { PATH }, stdio: ['ignore', 'pipe', 'ignore'] });
    let answer = '';
    const end = (look: LedgerLook): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.unref();
      child.stdout.destroy();
      resolve(look);
    };
    const timer = setTimeout(() => end({ kind: 'no answer', timeoutS, asUid }), timeoutS * 1000);
    child.on('error', (error) => end({ kind: 'not asked', reason: error.message, asUid }));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer = (answer + text).slice(0, LONGEST_ANSWER);
    });
    child.on('close', () => end(lookOf(answer, asUid)));
  });
}

function lookOf(answer: string, asUid: number | null): LedgerLook {
  if (answer === 'writable' || answer === 'absent') return { kind: answer, asUid };
  const reason = answer.replace(/^refused /, '');
  return {
    kind: 'refused',
    reason: reason === '' ? 'the look at it ended without an answer' : reason,
    asUid,
  };
}
