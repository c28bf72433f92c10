// npm run man [-- DIR]: the man pages as files, in build/man or DIR. The packages have them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './child.mjs';
import { loadCommands } from './man/commands.mjs';
import { manPages } from './man/pages.mjs';
import { sourceDate } from './package/archive.mjs';

const dir = process.argv[2] ?? join(top, 'build/man');
const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
mkdirSync(dir, { recursive: true });
for (const [file, text] of Object.entries(
  manPages(await loadCommands(version), { version, dateS: sourceDate() }),
))
  writeFileSync(join(dir, file), text);
console.log(dir);
