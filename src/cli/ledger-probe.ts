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

/** When a file was made there by its own time, and between which times of this host's clock (Unix ms). */
export type ClockLook =
  | { readonly beforeMs: number; readonly afterMs: number; readonly fileMs: number }
  | { readonly reason: string };

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
/** Makes an empty file, and says when: by our clock before and after, and by the file. */
const CLOCK_PROBE = `
const fs = require('node:fs');
const path = process.argv[1] + '/.clock-' + require('node:crypto').randomBytes(6).toString('hex') + '.tmp';
const before = Date.now();
try {
  fs.writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  const file = fs.statSync(path).mtimeMs;
  process.stdout.write([before, file, Date.now()].join(' '));
} catch (error) {
  process.stdout.write('refused ' + (error.code || error.message));
} finally {
  fs.rmSync(path, { force: true });
}
`;
const OWNER_PROBE = `
const { uid, gid } = require('node:fs').statSync(process.argv[1]);
process.stdout.write(uid + ' ' + gid);
`;
const LONGEST_ANSWER = 1000;
/** Where setpriv is. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

type Writer = { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] } | null;

/**
 * Asks for the ledger in a child process, as the user who writes it: a hung file system hangs that child only. It is given up
 * without waiting, since one that is stuck in the kernel cannot even be killed.
 * @param as that user; null: as who runs this
 */
export async function probeLedger(ledger: string, as: Writer, timeoutS = 5): Promise<LedgerLook> {
  const asUid = as?.uid ?? null;
  const answer = await askAs(PROBE, ledger, as, timeoutS);
  if (answer === null) return { kind: 'no answer', timeoutS, asUid };
  return typeof answer === 'string' ? lookOf(answer, asUid) : { kind: 'not asked', asUid, ...answer };
}

/** What time the file system of a folder has, as its writer finds it; a file is made there and removed. */
export async function probeClock(dir: string, as: Writer, timeoutS = 5): Promise<ClockLook> {
  const answer = await askAs(CLOCK_PROBE, dir, as, timeoutS);
  if (answer === null) return { reason: `${dir} gave no answer in ${timeoutS} s` };
  if (typeof answer !== 'string') return answer;
  const [beforeMs = NaN, fileMs = NaN, afterMs = NaN] = answer.split(' ').map(Number);
  return [beforeMs, fileMs, afterMs].some(Number.isNaN)
    ? { reason: `no file can be made in ${dir}: ${answer.replace(/^refused /, '')}` }
    : { beforeMs, fileMs, afterMs };
}

/** Whom a folder belongs to; null: nobody tells. */
export async function probeOwner(
  dir: string,
  timeoutS = 5,
): Promise<{ readonly uid: number; readonly gid: number } | null> {
  const answer = await askAs(OWNER_PROBE, dir, null, timeoutS);
  const [, uid, gid] = typeof answer === 'string' ? (/^(\d+) (\d+)$/.exec(answer) ?? []) : [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** What a probe says; null: nothing in time. */
function askAs(
  probe: string,
  dir: string,
  as: Writer,
  timeoutS: number,
): Promise<string | null | { readonly reason: string }> {
  const own = process.getuid?.();
  const other = as !== null && as.uid !== own ? as : null;
  if (other !== null && own !== 0)
    return Promise.resolve({ reason: `only root can look as the user who writes it (uid ${other.uid})` });
  return new Promise((resolve) => {
    const account = other === null ? null : { groups: [], ...other };
    const command = [...commandAs(account), process.execPath, '-e', probe, dir];
    const [program = '', ...args] = command;
    const child = spawn(program, args, { cwd: '/', env: { PATH }, stdio: ['ignore', 'pipe', 'ignore'] });
    let answer = '';
    const end = (found: string | null | { readonly reason: string }): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.unref();
      child.stdout.destroy();
      resolve(found);
    };
    const timer = setTimeout(() => end(null), timeoutS * 1000);
    child.on('error', (error) => end({ reason: error.message }));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer = (answer + text).slice(0, LONGEST_ANSWER);
    });
    child.on('close', () => end(answer));
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
