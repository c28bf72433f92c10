import type { Options } from 'yargs';

/**
 * Takes short options apart as getopt does, so that what is in users' fingers from Slurm's commands works: `-ualice` is
 * `-u alice`, `-nPj12,13` is `-n -P -j 12,13`. What is no short option of ours is left as it is, for yargs to name.
 */
export function splitShortOptions(
  args: readonly string[],
  options: Readonly<Record<string, Options>>,
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

  const end = args.indexOf('--');
  return args.flatMap((arg, i) =>
    (end !== -1 && i >= end) || !/^-[^-]./.test(arg) ? [arg] : (split(arg) ?? [arg]),
  );
}
