import { resolve } from 'node:path';
import type { Options } from 'yargs';
import { becomeOwner } from '../archive/ledger-owner';
import { prune, type Pruned } from '../archive/prune';
import { loadConfig } from '../config/config';
import type { CommandModule, Surroundings } from './command';
import { allGiven, CONFIG_OPTION, lastGiven } from './given';
import { privacyOf } from './ledger-privacy';
import { clustersGiven } from './ledger-compact';
import { jsonText } from './plain-text';
import { localTimeZone } from './time-zone';

export const options: Readonly<Record<string, Options>> = {
  clusters: {
    alias: 'M',
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'these clusters; default: all in the ledger',
  },
  'dry-run': { type: 'boolean', describe: 'say what would go, and change nothing' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['--dry-run', 'what `keep` in eit.yaml would take away today'],
];

export const epilogue =
  "prune: does what `keep` in eit.yaml says; for a timer, once a day. For the ledger's owner and root. It can be killed at any point and run again. " +
  'Energy stays as it is, to the microjoule.';

/** `eit ledger prune`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const path = lastGiven(argv['config']);
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const ledger = typeof argv['folder'] === 'string' ? resolve(argv['folder']) : config.ledger;
  const isDryRun = argv['dry-run'] === true;
  const privacy = privacyOf(config, env, (message) => output.note(message));
  becomeOwner(ledger, 'eit ledger prune', process);
  const done: Pruned[] = [];
  for (const cluster of await clustersGiven(ledger, allGiven(argv['clusters']))) {
    const pruned = await prune({
      ledger,
      cluster,
      keep: config.keep,
      privacy,
      nowMs: Date.now(),
      timeZone: localTimeZone(),
      isDryRun,
    });
    done.push(pruned);
    if (argv['json'] !== true) await output.write([summary(pruned, isDryRun)]);
  }
  if (argv['json'] === true) await output.write([jsonText(done)]);
  return 0;
}

function summary({ cluster, series, energy, pseudonyms }: Pruned, isDryRun: boolean): string {
  const would = isDryRun ? 'would go' : 'went';
  const said = [
    ...(series === null ? [] : [`${series.rows} curves of runs from before ${series.before} ${would}`]),
    ...(energy === null
      ? []
      : [
          `of ${energy.months.length === 0 ? 'no month' : energy.months.join(', ')} before ${energy.before} nothing but totals ` +
            `${isDryRun ? 'would be' : 'is'} kept any more, and ${energy.jobs} jobs as sacct told ${would}`,
        ]),
    ...(pseudonyms === null
      ? []
      : [
          `users of ${pseudonyms.rows} rows of energy and ${pseudonyms.jobs} jobs from before ${pseudonyms.before} ` +
            (isDryRun ? 'would be given pseudonyms' : 'were given pseudonyms'),
        ]),
  ];
  return `${cluster}: ${said.join('; ') || 'all is kept'}.\n`;
}
