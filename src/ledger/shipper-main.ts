import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../config/config';
import { hostName } from '../config/host-name';
import { EitError, describeError } from '../errors';
import { setOwnNice } from '../nice';
import { withHostLock } from './host-lock';
import { KernelLock } from './kernel-lock';
import { hostShare, soonMs, untilTurnMs } from './ship-time';
import { type ShipperPaths, isAnythingWaiting, mustHaveLedger, shipSpool } from './shipper';
import { Shipped } from './shipped';
import { SHIPPER_DIR } from './spool-file';
import { SpoolNews } from './spool-news';

const USAGE = `eit-shipper [--unit]

Carries records from this host's spool to the ledger. The agent starts it; with --unit systemd does, and it looks by itself for what is new.
`;
/** How long after a failure the next try comes. */
const RETRY_MS = 10_000;
/** How often a shipper that nobody tells looks for what is new: the end of a run is to be in the ledger within 15 s. */
const LOOK_EVERY_MS = 5000;
/** Behind the jobs: it is never in a hurry. */
const SHIPPER_NICE = 10;

/**
 * The shipper's process. Started by the agent, a byte on its standard input says that the spool has grown; its end says
 * that the agent is gone: then one last try, and it leaves. As a unit it stays until SIGTERM. It may hang on a hung file system, and
 * nothing else does.
 *
 * It writes to the ledger at its host's turn in each stretch; the ends of runs go within seconds.
 */
function main(): void {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined && argument !== '--unit') {
    process.stdout.write(USAGE);
    process.exitCode = argument === '--help' ? 0 : 2;
    return;
  }
  const isUnit = argument === '--unit';
  // The agent goes before the jobs, and what it starts would too.
  setOwnNice(SHIPPER_NICE);
  // Modes in the ledger are the ledger's own.
  process.umask(0);
  const { config } = loadConfig({ env: process.env });
  const paths = {
    spoolDir: config.spool_dir,
    ledger: config.ledger,
    varDir: config.var_dir,
    host: hostName(),
  };
  const say = (message: string) => process.stderr.write(`shipper: ${message}\n`);
  const lock = new KernelLock(join(paths.spoolDir, SHIPPER_DIR, 'lock'));
  const progress = new Shipped(paths.spoolDir);
  const news = new SpoolNews(paths.spoolDir);
  const stretchMs = config.agent.record_seconds * 1000;
  const share = hostShare(paths.host);
  let lastFailure = '';
  let lastLook = '';
  let timer: NodeJS.Timeout | undefined;
  let dueAtMs = Infinity;

  const ship = (): void => {
    if (!lock.isHeld()) {
      say('its lock file was removed: leaving, since a second shipper could write the same');
      process.exit(0);
    }
    try {
      shipOnce(paths, progress, say);
      if (lastFailure !== '') say('the ledger can be written again');
      lastFailure = '';
      shipWithin(untilTurnMs(Date.now(), stretchMs, share));
    } catch (error) {
      const message = describeError(error);
      if (message !== lastFailure) say(message);
      lastFailure = message;
      shipWithin(RETRY_MS);
    }
  };
  const shipNext = (): void => {
    clearTimeout(timer);
    dueAtMs = Infinity;
    ship();
  };
  /** Unless it is to be sooner. By the monotonic clock: the other may be set. */
  const shipWithin = (ms: number): void => {
    const atMs = performance.now() + ms;
    if (atMs >= dueAtMs) return;
    clearTimeout(timer);
    dueAtMs = atMs;
    timer = setTimeout(shipNext, ms);
    // Only the agent, or the unit, keeps the shipper alive, not a ledger that cannot be written.
    timer.unref();
  };
  const look = (): void => {
    try {
      if (news.hasEnd() && lastFailure === '') shipWithin(soonMs(stretchMs, share));
      lastLook = '';
    } catch (error) {
      const message = `the spool cannot be read: ${describeError(error)}`;
      if (message !== lastLook) say(message);
      lastLook = message;
    }
  };

  // Its messages go to the agent's log; without an agent there is nobody to tell.
  process.stderr.on('error', () => undefined);
  if (isUnit) {
    const looking = setInterval(look, LOOK_EVERY_MS);
    process.on('SIGTERM', () => {
      clearInterval(looking);
      shipNext();
      process.exit(0);
    });
  } else {
    // systemd ends a unit's processes all at once; the agent's last lines are still to come.
    process.on('SIGTERM', () => undefined);
    process.stdin.on('data', look);
    process.stdin.on('end', shipNext);
  }
  // The first look says that there is something to carry.
  look();
}

function shipOnce(paths: ShipperPaths, progress: Shipped, say: (message: string) => void): void {
  const holder = holderOf(join(paths.spoolDir, SHIPPER_DIR));
  mustHaveLedger(paths);
  if (!isAnythingWaiting(paths.spoolDir)) return;
  const { ledger, host } = paths;
  withHostLock({ ledger, host, holder }, (showAlive) => shipSpool(paths, progress, showAlive), say);
}

/**
 * Who the shipper of this spool is to the ledger: of this boot of this machine, so that no clone of it is the same.
 * @throws EitError EIT_LEDGER_USER where the folder is another user's: root there could be led by links, and its files would
 *   be in that user's way
 */
function holderOf(dir: string): string {
  const own = process.geteuid?.() ?? 0;
  const stats = statSync(dir, { throwIfNoEntry: false });
  if (stats?.uid !== own) {
    const found =
      stats === undefined ? 'is not there yet: does the agent run?' : `belongs to uid ${stats.uid}`;
    throw new EitError(
      'EIT_LEDGER_USER',
      `the shipper runs as uid ${own}, but ${dir} ${found}; mend: User= of its unit and ledger_user in eit.yaml have to be the same`,
    );
  }
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  const place = `${boot}${dir}\n${stats.dev}:${stats.ino}`;
  return createHash('sha256').update(place).digest('hex').slice(0, 32);
}

main();
