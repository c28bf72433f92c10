import { createHash } from 'node:crypto';

/** Folder of what the coordinators of each account may read. */
export const BY_ACCOUNT = 'by-account';
/** In an account's folder: its parts, in the form of a manifest. */
export const ACCOUNT_INDEX = 'index.json';

/** In the cluster's folder, the owner's alone: by what jobs are hidden from coordinators. */
export const ACCOUNT_KEY = '.by-account.key';

/** What a file system takes as one name, with room to spare. */
const MOST_CHARACTERS = 200;

/** The name of an account's folder: other characters than letters, digits, - and _ as %XX, long names by their hash. */
export function accountFolder(account: string): string {
  // No name gives this one.
  if (account === '') return '%';
  const name = [...Buffer.from(account)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
  if (name.length <= MOST_CHARACTERS) return name;
  return `%${createHash('sha256').update(account).digest('hex')}`;
}
