import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { saidOfJobs } from '../science/fact-lines';
import { checkName, parseTag } from '../science/metric-values';
import { RUN_OPTIONS } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { appendFacts, readFactLines } from './facts-file';
import { CONFIG_OPTION, allGiven, lastGiven } from './given';
import { alignedRows, jsonText } from './plain-text';
import { factHead, factsPlace, type NamedJob, namedJobs } from './tagged-jobs';

export const options: Readonly<Record<string, Options>> = {
  remove: { type: 'string', array: true, nargs: 1, describe: 'KEY: take this tag back, also several times' },
  list: { type: 'boolean', describe: 'what you have said, of these jobs or of all' },
  from: { ...RUN_OPTIONS['from'] },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['1234 set=resnet lr=0.1', 'two tags of a job'],
  ['1240_[1-5] set=resnet', 'of tasks of an array'],
  ['1234 --remove lr', 'takes one back'],
  ['--list', 'all that you have said'],
];

export const epilogue =
  'Tags are in a file of your own ($EIT_FACTS, else eit/facts.ndjson in $XDG_DATA_HOME or ~/.local/share; with --from DIR facts.ndjson in that folder), ' +
  'never in what was measured; nobody else sees them. A filter takes runs by them: eit compare --set "A=tag=set=resnet" --set "B=tag=set=vgg". ' +
  'See docs/run.md.';

/** `eit tag`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const pairs = allGiven(argv['pairs']).map(parseTag);
  const removed = allGiven(argv['remove']).map(checkName);
  const jobs = lastGiven(argv['jobs']);
  const place = factsPlace(
    { config: lastGiven(argv['config']), from: lastGiven(argv['from']) },
    surroundings,
  );
  if (argv['list'] === true) {
    if (pairs.length + removed.length > 0)
      throw new EitError('EIT_USAGE', '--list shows what was said: say something first, then list');
    return listTags(jobs, { place, isJson: argv['json'] === true }, surroundings);
  }
  if (jobs === undefined) throw new EitError('EIT_USAGE', 'say of which job: eit tag 1234 set=resnet');
  if (pairs.length + removed.length === 0)
    throw new EitError('EIT_USAGE', 'say what it is: eit tag 1234 set=resnet (or --remove KEY, or --list)');
  const named = await namedJobs(jobs, place, surroundings);
  const tags = Object.fromEntries([...pairs, ...removed.map((key) => [key, null] as const)]);
  const nowMs = Date.now();
  await appendFacts(
    place.path,
    named.map((job) => ({ ...factHead(job, nowMs), tags })),
  );
  const { output } = surroundings;
  if (argv['json'] === true)
    await output.write([jsonText({ schema: 1, file: place.path, jobs: idsOf(named), tags })]);
  else
    await output.write([
      `${named.length === 1 ? (named[0]?.name ?? '') : `${named.length} jobs`}: ${Object.entries(tags)
        .map(([key, value]) => visible(value === null ? `${key} taken back` : `${key}=${value}`))
        .join(', ')}\n`,
    ]);
  return 0;
}

async function listTags(
  jobs: string | undefined,
  { place, isJson }: { readonly place: ReturnType<typeof factsPlace>; readonly isJson: boolean },
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const only = jobs === undefined ? null : await namedJobs(jobs, place, surroundings);
  const said = saidOfJobs(readFactLines(place.path, output)).filter(
    ({ cluster, job }) => only === null || only.some((one) => one.cluster === cluster && one.job === job),
  );
  const tagged = said.filter(({ tags }) => Object.keys(tags).length > 0);
  if (isJson)
    await output.write([
      jsonText({
        schema: 1,
        file: place.path,
        jobs: tagged.map(({ cluster, job, tags }) => ({ cluster, job_id: job, tags })),
      }),
    ]);
  else if (tagged.length === 0) output.note(`no tags in ${place.path}`);
  else
    await output.write(
      alignedRows(
        [{ title: 'Cluster' }, { title: 'JobID', align: 'right' }, { title: 'Tags' }],
        tagged.map(({ cluster, job, tags }) => [
          cluster,
          String(job),
          Object.entries(tags)
            .map(([key, value]) => `${key}=${value}`)
            .join(', '),
        ]),
      ).map((line) => `${line}\n`),
    );
  return 0;
}

export function idsOf(named: readonly NamedJob[]): { cluster: string; job_id: number }[] {
  return named.map(({ cluster, job }) => ({ cluster, job_id: job }));
}
