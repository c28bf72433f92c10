// All man pages, made of what the programs themselves say.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { top } from '../child.mjs';
import { commandPages } from './command-pages.mjs';
import { configPage } from './config-page.mjs';

const ENTRY = `export { COMMANDS } from './src/cli/commands'; export { usageOf } from './src/cli/usage';`;

/**
 * @param of `{ version, dateS }` of the package, in seconds since 1970
 * @returns text by file name, such as `eit.1`
 */
export async function manPages(of) {
  const { COMMANDS, usageOf } = await loadCommands(of.version);
  const commands = await Promise.all(
    COMMANDS.map(async (command) => ({ command, module: await command.load() })),
  );
  const schema = JSON.parse(readFileSync(join(top, 'schemas/config.schema.json'), 'utf8'));
  return { ...commandPages(commands, usageOf, of), 'eit.yaml.5': configPage(schema, of) };
}

async function loadCommands(version) {
  const dir = mkdtempSync(join(tmpdir(), 'eit-man-'));
  try {
    const outfile = join(dir, 'commands.cjs');
    await build({
      absWorkingDir: top,
      stdin: { contents: ENTRY, resolveDir: top, loader: 'ts' },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['koffi', 'node-pty', '@duckdb/node-api'],
      define: { __EIT_VERSION__: JSON.stringify(version) },
      logLevel: 'warning',
    });
    return createRequire(import.meta.url)(outfile);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
