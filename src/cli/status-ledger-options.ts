import { existsSync } from 'node:fs';
import type { Options } from 'yargs';
import { EitError } from '../errors';
import type { EitConfig } from '../generated/config';
import { parseDuration } from './duration';
import { probeLedger } from './ledger-probe';
import type { LedgerStatusOptions } from './status-ledger';
import { lastGiven } from './given';

/** Of `eit status --ledger`, beside those of every status. */
export const LEDGER_OPTIONS: Readonly<Record<string, Options>> = {
  'silent-for': {
    type: 'string',
    requiresArg: true,
    describe: 'how long a host may say nothing (90s, 15m, 2h, 1d); default: three records, at least 15m',
  },
  all: { type: 'boolean', describe: 'with --ledger: every host, not only the silent ones' },
  days: {
    type: 'number',
    requiresArg: true,
    default: 30,
    describe: 'with --ledger: hosts silent for longer are taken for gone',
  },
  sinfo: {
    type: 'string',
    requiresArg: true,
    default: 'sinfo',
    describe: "with --ledger: the program that tells Slurm's nodes; none: do not ask",
  },
};

/** A machine on which no agent has ever run, and which has the ledger, is asked for the ledger. */
export async function isOfLedger(
  argv: Readonly<Record<string, unknown>>,
  config: EitConfig,
): Promise<boolean> {
  const asked = argv['ledger'];
  if (typeof asked === 'boolean') return asked;
  if (existsSync(config.state_dir) || existsSync(config.var_dir)) return false;
  const look = await probeLedger(config.ledger, null);
  return look.kind === 'writable';
}

/** @throws EitError EIT_USAGE */
export function ledgerOptions(argv: Readonly<Record<string, unknown>>): LedgerStatusOptions {
  const silentFor = lastGiven(argv['silent-for']);
  const days = Number([argv['days']].flat().at(-1) ?? 30);
  if (!(days > 0 && days <= 3650))
    throw new EitError('EIT_USAGE', '--days: expected a number from 1 to 3650');
  const sinfo = lastGiven(argv['sinfo']);
  return {
    silentForS: silentFor !== undefined ? parseDuration(silentFor, '--silent-for') : null,
    days,
    showAll: argv['all'] === true,
    json: argv['json'] === true,
    sinfo: sinfo ?? 'sinfo',
  };
}
