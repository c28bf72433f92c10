import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Command } from './command';
import { main } from './main';
import { about, epilogue, examples, options, signed } from './report-options';
import { PARTS } from './report-parts';

/** eit-report where its help or version is asked for. */
const HELP_ONLY: Command = {
  ...about,
  load: () =>
    Promise.resolve({
      ...{ options, examples, epilogue, signed },
      // Where the word was an option's value after all. The other part tells the exit status, so this one comes to no end.
      run: () => {
        createRequire(__filename)(join(__dirname, PARTS.whole));
        return new Promise<number>(() => undefined);
      },
    }),
};

void main('eit-report', [HELP_ONLY], process.argv.slice(2), { isOne: true });
