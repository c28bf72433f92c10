import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PARTS } from './report-parts';

/**
 * eit-report's start: help without what reads a ledger, four fifths of the program. Each part is a file of its own beside this one
 * (scripts/build.mjs), so that what is not used is not read either.
 */
const isHelp = process.argv.slice(2).some((arg) => ['--help', '-h', '--version', '-V'].includes(arg));
const part = join(__dirname, isHelp ? PARTS.help : PARTS.whole);
if (existsSync(part)) createRequire(__filename)(part);
else {
  process.stderr.write(
    `eit-report: ${part} is not there: this is a part of the program, which needs the whole folder; copy or install that (docs/install.md)\n`,
  );
  process.exitCode = 2;
}
