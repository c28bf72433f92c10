// The commands of eit as their help knows them, from the sources.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { top } from '../child.mjs';

const ENTRY = `export { COMMANDS } from './src/cli/commands'; export { usageOf } from './src/cli/usage';`;

/**
 * @param version what the commands are told to be
 * @returns `{ commands, usageOf }`: each command with its module, as `{ command, module }`, and the first line of its help
 */
export async function loadCommands(version) {
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
    const { COMMANDS, usageOf } = createRequire(import.meta.url)(outfile);
    const commands = await Promise.all(
      COMMANDS.map(async (command) => ({ command, module: await command.load() })),
    );
    return { commands, usageOf };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
