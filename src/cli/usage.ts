import type { Command } from './command';

/**
 * The first line of a command's help.
 * @param as what it is called by, such as `eit ledger`
 */
export function usageOf({ actions, goesAlone, folder, operand, rest }: Command, as: string): string {
  const words = actions?.join('|') ?? '';
  const action = words === '' ? '' : goesAlone === true ? ` [${words}]` : ` ${words}`;
  const word = operand?.name ?? (folder === undefined ? '' : 'folder');
  const more = rest === undefined ? '' : ` [${rest.name.toUpperCase()} ...]`;
  return `${as}${action}${word === '' ? '' : ` [${word.toUpperCase()}]`}${more} [options]`;
}
