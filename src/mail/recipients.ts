/** More in one `--mail-user` is no list of colleagues. */
const MOST_RECIPIENTS = 20;

/** What of RFC 5321's local parts cannot be a path, a program or an option for any mail server. */
const LOCAL = /^[A-Za-z0-9_][A-Za-z0-9_.+=~-]{0,63}$/;
const DOMAIN =
  /^(?=.{1,189}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/**
 * The addresses that a recipient of Slurm's names: a user's name, an address, or several with commas.
 * @param domain that a name alone gets; without it the name stays as it is
 * @returns each once; null where a part of it is none of these
 */
export function parseRecipients(text: string, domain?: string): string[] | null {
  const parts = text.split(',').filter((part) => part !== '');
  const addresses = parts.map((part) => {
    const [local = '', host, ...more] = part.split('@');
    if (!LOCAL.test(local) || local.includes('..') || local.endsWith('.') || more.length > 0) return null;
    if (host !== undefined) return DOMAIN.test(host) ? part : null;
    return domain === undefined ? local : `${local}@${domain}`;
  });
  if (addresses.length === 0 || addresses.length > MOST_RECIPIENTS || addresses.includes(null)) return null;
  return [...new Set(addresses as string[])];
}
