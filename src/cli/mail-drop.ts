import type { CommandModule, Surroundings } from './command';
import { configOf, endEnded, options as queueOptions } from './mail-queue';
import { jsonText } from './plain-text';

export const options = queueOptions;

export const examples: CommandModule['examples'] = [
  ['all', 'takes away all mails that failed or may have arrived'],
];

export const epilogue = 'drop: nothing that waits is dropped.';

/** `eit mail drop ID`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const ids = endEnded(configOf(argv, env).mail_dir, String(argv['what']), 'drop');
  await output.write([argv['json'] === true ? jsonText({ dropped: ids }) : `${ids.length} dropped.\n`]);
  return 0;
}
