// `eit sacct-sync` of a cluster by a program in sacct's place, at a time of its own (EIT_TEST_NOW), for tests that run it as somebody.
import { syncJobs } from '../../src/archive/job-sync';
import { privacyOf } from '../../src/cli/ledger-privacy';
import { loadConfig } from '../../src/config/config';
import { describeError, EitError } from '../../src/errors';

const say = (message: string) => process.stderr.write(`${message}\n`);

async function main(): Promise<void> {
  const [cluster = '', program = ''] = process.argv.slice(2);
  const { config } = loadConfig({ env: process.env });
  const nowS = Date.parse(process.env['EIT_TEST_NOW'] ?? '') / 1000;
  const { files } = await syncJobs({
    ...{ ledger: config.ledger, cluster, slurmCluster: null, sinceS: nowS - 3600, nowS },
    sacct: { program, env: process.env, timeoutMs: 60_000 },
    privacy: privacyOf(config, process.env, say),
    warn: say,
    onProgress: () => undefined,
  });
  process.stdout.write(JSON.stringify(files));
}

main().catch((error: unknown) => {
  say(describeError(error));
  process.exitCode = error instanceof EitError ? error.exitStatus : 70;
});
