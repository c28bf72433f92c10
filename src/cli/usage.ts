import type { Command } from './command';

/**
 * The first line of a command's help.
 * @param as what it is called by, such as `eit ledger`
 */
export function usageOf({ actions, goesAlone, folder, operand }: Command, as: string): string {
  const words = actions?.join('|') ?? '';
  const action = words === '' ? '' : goesAlone === true ? ` [${words}]` : ` ${words}`;
  const word = operand?.name ?? (folder === undefined ? '' : 'folder');
  return `${as}${action}${word === '' ? '' : ` [${word.toUpperCase()}]`} [options]`;
}
