import { EitError } from '../errors';
import { actionsOf } from './actions';
import type { Surroundings } from './command';
import * as checked from './mail-check';
import * as digested from './mail-digest';
import * as dropped from './mail-drop';
import * as queued from './mail-queue';
import * as retried from './mail-retry';
import * as shown from './mail-show';
import * as spooled from './mail-spool';

/** What `eit mail` can be told to do: one file each, `mail-<action>.ts`. */
const ACTIONS = actionsOf('eit mail', {
  spool: spooled,
  check: checked,
  show: shown,
  digest: digested,
  queue: queued,
  retry: retried,
  drop: dropped,
});

/** Actions that take a word: what it is. */
const OPERANDS: Readonly<Record<string, string>> = {
  check: 'an address or a user, such as ada@example.org',
  show: 'a job, such as 1234',
  retry: 'the ID of a mail, as eit mail queue lists it, or all',
  drop: 'the ID of a mail, as eit mail queue lists it, or all',
};

export const { options, examples, epilogue } = ACTIONS;

/** `eit mail ACTION`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { name, action } = ACTIONS.asked(argv);
  const operand = OPERANDS[name];
  if (operand === undefined && argv['what'] !== undefined)
    throw new EitError('EIT_USAGE', `eit mail ${name} takes no other word`);
  if (operand !== undefined && argv['what'] === undefined)
    throw new EitError('EIT_USAGE', `eit mail ${name} needs ${operand}`);
  return action.run(argv, surroundings);
}
