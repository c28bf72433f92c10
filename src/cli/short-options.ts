import type { Options } from 'yargs';

/**
 * Takes short options apart as getopt does, so that what is in users' fingers from Slurm's commands works: `-ualice` is
 * `-u alice`, `-nPj12,13` is `-n -P -j 12,13`. What is no short option of ours is left as it is, for yargs to name.
 * @param signed long options whose value may begin with a minus
 */
export function splitShortOptions(
  args: readonly string[],
  options: Readonly<Record<string, Options>>,
  signed: readonly string[] = [],
): string[] {
  const takesValue = new Map(
    Object.values(options).flatMap(({ alias = [], type }) =>
      [alias]
        .flat()
        .filter((name) => name.length === 1)
        .map((letter) => [letter, type !== 'boolean'] as const),
    ),
  );

  const split = (cluster: string): string[] | null => {
    const found: string[] = [];
    for (let at = 1; at < cluster.length; at++) {
      const letter = cluster.charAt(at);
      const isValued = takesValue.get(letter);
      if (isValued === undefined) return null;
      found.push(`-${letter}`);
      if (!isValued) continue;
      const value = cluster.slice(at + 1);
      return value === '' ? found : [...found, value.replace(/^=/, '')];
    }
    return found;
  };

  const joined = withValues(args, signed);
  const end = joined.indexOf('--');
  return joined.flatMap((arg, i) =>
    (end !== -1 && i >= end) || !/^-[^-]./.test(arg) ? [arg] : (split(arg) ?? [arg]),
  );
}

/** `--sort -Energy` as `--sort=-Energy`, which yargs would take for an option; `--sort --json` stays a value that lacks. */
function withValues(args: readonly string[], signed: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [arg = '', value = ''] = args.slice(i, i + 2);
    if (arg === '--') return [...found, ...args.slice(i)];
    const isTaken = signed.some((name) => arg === `--${name}`) && /^-[^-]./.test(value);
    found.push(isTaken ? `${arg}=${value}` : arg);
    if (isTaken) i++;
  }
  return found;
}
