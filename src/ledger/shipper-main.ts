import { loadConfig } from '../config/config';
import { hostName } from '../config/host-name';
import { describeError } from '../errors';
import { setOwnNice } from '../nice';
import { withHostLock } from './host-lock';
import { mustHaveLedger, shipSpool } from './shipper';

/** How long after a failure the next try comes. */
const RETRY_MS = 10_000;
/** Behind the jobs: it is never in a hurry. */
const SHIPPER_NICE = 10;

/**
 * The shipper's process, started by the agent. A byte on its standard input says that the spool has grown; its end says
 * that the agent is gone: then one last try, and it leaves. It may hang on a hung file system, and nothing else does.
 */
function main(): void {
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
  let lastFailure = '';
  let retry: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  const ship = async (): Promise<void> => {
    clearTimeout(retry);
    try {
      mustHaveLedger(paths);
      await withHostLock(paths.ledger, paths.host, () => shipSpool(paths), say);
      if (lastFailure !== '') say('the ledger can be written again');
      lastFailure = '';
    } catch (error) {
      const message = describeError(error);
      if (message !== lastFailure) say(message);
      lastFailure = message;
      retry = setTimeout(shipNext, RETRY_MS);
      // Only the agent keeps the shipper alive, not a ledger that cannot be written.
      retry.unref();
    }
  };
  const shipNext = (): void => {
    running = running.then(ship);
  };

  // systemd ends a unit's processes all at once; the agent's last lines are still to come.
  process.on('SIGTERM', () => undefined);
  // Its messages go to the agent's log; without an agent there is nobody to tell.
  process.stderr.on('error', () => undefined);
  process.stdin.on('data', shipNext);
  process.stdin.on('end', shipNext);
  shipNext();
}

main();
