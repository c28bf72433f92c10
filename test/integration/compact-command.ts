// `eit ledger compact --json` at a time of its own (EIT_TEST_NOW), for tests that run it as somebody.
import { compact } from '../../src/archive/compact';
import { ledgerClusters } from '../../src/ledger/inbox-files';
import { privacyOf } from '../../src/cli/ledger-privacy';
import { loadConfig } from '../../src/config/config';
import { describeError, EitError } from '../../src/errors';

const say = (message: string) => process.stderr.write(`${message}\n`);

async function main(): Promise<void> {
  const { config } = loadConfig({ env: process.env });
  const done = [];
  for (const cluster of await ledgerClusters(config.ledger)) {
    done.push(
      await compact({
        ledger: config.ledger,
        cluster,
        nowMs: Date.parse(process.env['EIT_TEST_NOW'] ?? ''),
        timeZone: 'Europe/Berlin',
        inboxDays: 60,
        privacy: privacyOf(config, process.env, say),
        warn: say,
      }),
    );
  }
  process.stdout.write(JSON.stringify(done));
}

main().catch((error: unknown) => {
  say(describeError(error));
  process.exitCode = error instanceof EitError ? error.exitStatus : 70;
});
