import { loadConfig } from '../config/config';
import { EitError } from '../errors';
import { hostName } from '../config/host-name';
import { shipSpool } from './shipper';

/** How long after a failure the next try comes. */
const RETRY_MS = 10_000;

/**
 * The shipper's process, started by the agent. A byte on its standard input says that the spool has grown; its end says
 * that the agent is gone: then one last try, and it leaves. It may hang on a hung file system, and nothing else does.
 */
function main(): void {
  // Modes in the ledger are the ledger's own.
  process.umask(0);
  const { config } = loadConfig({ env: process.env });
  const paths = {
    spoolDir: config.spool_dir,
    ledger: config.ledger,
    varDir: config.var_dir,
    host: hostName(),
  };
  let lastFailure = '';
  let retry: NodeJS.Timeout | undefined;

  const ship = (): void => {
    clearTimeout(retry);
    try {
      shipSpool(paths);
      if (lastFailure !== '') process.stderr.write('shipper: the ledger can be written again\n');
      lastFailure = '';
    } catch (error) {
      const message = error instanceof EitError ? `${error.code}: ${error.message}` : String(error);
      if (message !== lastFailure) process.stderr.write(`shipper: ${message}\n`);
      lastFailure = message;
      retry = setTimeout(ship, RETRY_MS);
      // Only the agent keeps the shipper alive, not a ledger that cannot be written.
      retry.unref();
    }
  };

  // systemd ends a unit's processes all at once; the agent's last lines are still to come.
  process.on('SIGTERM', () => undefined);
  // Its messages go to the agent's log; without an agent there is nobody to tell.
  process.stderr.on('error', () => undefined);
  process.stdin.on('data', ship);
  process.stdin.on('end', ship);
  ship();
}

main();
