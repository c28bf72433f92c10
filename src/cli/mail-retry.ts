import type { CommandModule, Surroundings } from './command';
import { configOf, endEnded, options as queueOptions } from './mail-queue';
import { jsonText } from './plain-text';

export const options = queueOptions;

export const examples: CommandModule['examples'] = [
  ['1795709427.31151.50.0', 'a mail that failed or may have arrived goes to the spooler once more'],
];

export const epilogue =
  'retry: all that failed or may have arrived with `all`. Without a spooler it waits for one.';

/** `eit mail retry ID`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const ids = endEnded(configOf(argv, env).mail_dir, String(argv['what']), 'retry');
  await output.write([
    argv['json'] === true ? jsonText({ retried: ids }) : `${ids.length} back in the queue.\n`,
  ]);
  return 0;
}
