// All man pages, made of what the programs themselves say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from '../child.mjs';
import { commandPages } from './command-pages.mjs';
import { configPage } from './config-page.mjs';

/**
 * @param loaded of commands.mjs
 * @param of `{ version, dateS }` of the package, in seconds since 1970
 * @returns text by file name, such as `eit.1`
 */
export function manPages({ commands, usageOf }, of) {
  const schema = JSON.parse(readFileSync(join(top, 'schemas/config.schema.json'), 'utf8'));
  return { ...commandPages(commands, usageOf, of), 'eit.yaml.5': configPage(schema, of) };
}
