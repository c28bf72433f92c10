import type { Options } from 'yargs';

/** `--config`, of each command that reads the site's config. */
export const CONFIG_OPTION: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml',
};

/** What an option was given, each time it was; nothing where it was not. */
export function allGiven(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === 'string');
}

/** An option given twice counts as given last, as with Slurm's commands. */
export function lastGiven(value: unknown): string | undefined {
  return allGiven(value).at(-1);
}
