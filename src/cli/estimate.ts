import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { POLICIES } from '../attribution/policy';
import { loadZones } from '../carbon/zone';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { PRECISIONS, readAccelerators } from '../hardware/accelerators';
import { readProcessors } from '../hardware/processors';
import type { SiteFactors } from '../report/report';
import { checkSets, FILTER_KEYS, parseRunSet } from '../science/run-set';
import { parseSlurmTime } from '../slurm/time-form';
import { ledgerIn, siteConfig } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { carbonWays } from './estimate-carbon';
import { hasHardware, isPlanned, parseInput } from './estimate-input';
import { estimateJson, estimateLines, estimatePicture } from './estimate-output';
import { estimateResult } from './estimate-result';
import { lastGiven } from './given';
import { writePicture } from './picture-file';
import { jsonText } from './plain-text';
import { positive } from './positive';
import { ranWhere } from './ran-where';
import { readRunSets } from './run-sets';
import { siteFactors } from './site-factors';
import { wrapped } from './wrapped';

const number = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

export const options: Readonly<Record<string, Options>> = {
  gpu: number('model of the GPUs: A100-SXM4-80GB, or as nvidia-smi names it'),
  gpus: number('how many; default: 1'),
  hours: number('how long it runs, by the clock'),
  'gpu-hours': number('GPU hours in which something runs on them, where they were counted'),
  'pflops-hours': number('operations: 10^15 a second for an hour'),
  precision: { ...number('of the operations; default: fp16'), choices: PRECISIONS },
  utilisation: number('part of the TDP that is drawn; default: 1/3'),
  tdp: number('power of a GPU in W, in place of the table'),
  peak: number('dense peak of a GPU in TFLOP/s, in place of the table'),
  cpu: number('model of the CPU: "EPYC 7763", or as /proc/cpuinfo names it'),
  cores: number('how many of its cores the run has'),
  'cpu-use': number('part of their time in which they are busy; default: all of it'),
  memory: number('memory of the run: 64G'),
  zone: number('zone of the grid (eit zones list); default: as configured'),
  start: number('when it begins, for the carbon by time'),
  pue: number('default: as configured'),
  'from-jobs': number('predict from such jobs of the past: "name=train;state=CD"'),
  against: number('jobs that were measured, 1234_[1-5] or "name=train": how far is each method off?'),
  from: number('a folder that eit run or eit import wrote, in place of the ledger'),
  'allow-incomplete': { type: 'boolean', describe: 'take jobs that were observed in part too' },
  allusers: {
    alias: 'a',
    type: 'boolean',
    describe: 'jobs of all users, as far as you may read their records',
  },
  policy: number(`how shared energy is divided: ${POLICIES.join(', ')}`),
  plot: number('write a picture of it into this file (SVG)'),
  json: { type: 'boolean', describe: 'print JSON' },
  config: number('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['--gpu A100-SXM4-80GB --gpus 8 --hours 24', 'before it runs: at a third of the TDP and at all of it'],
  ['--gpu H100-SXM --pflops-hours 4000 --precision bf16 --zone DE', 'of a number of operations'],
  ['--cpu "EPYC 7763" --cores 32 --hours 10 --memory 64G', 'without GPUs'],
  ['--from-jobs "name=train;state=CD" --hours 12', 'from your own jobs of that name, with an interval'],
  ['--against 1234_[1-5]', 'how far each method is from what was measured'],
];

export const epilogue =
  `A filter is job ids as -j of eit-report takes them, or key=value with ; between them: ${FILTER_KEYS.join(', ')}. ` +
  'An estimate is no measurement: by the time it lasts and its TDP a job can be off by three times. docs/estimate.md has the formulas, data/hardware/README.md the figures and ' +
  'where they are from. Stars: p of at most .05 *, .01 **, .001 ***, .0001 ****, after Holm.';

/** `eit estimate`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const input = parseInput(argv);
  const [against, past] = [lastGiven(argv['against']), lastGiven(argv['from-jobs'])];
  if (against === undefined && past === undefined && !isPlanned(input))
    throw new EitError(
      'EIT_USAGE',
      'say what is estimated: a run (--gpu A100-SXM4-80GB --gpus 8 --hours 24), from jobs of the past (--from-jobs "name=train"), or against jobs that were measured (--against 1234)',
    );
  if (against !== undefined && (input.hours ?? input.gpuHours ?? input.gpus ?? input.cpuUse) !== undefined)
    throw new EitError(
      'EIT_USAGE',
      '--hours, --gpus, --gpu-hours and --cpu-use are told by the jobs of --against: leave them out',
    );
  if (against === undefined && hasHardware(input) && !isPlanned(input))
    throw new EitError('EIT_USAGE', 'say how long it runs: --hours, --gpu-hours or --pflops-hours');
  if (against !== undefined && (lastGiven(argv['start']) ?? lastGiven(argv['pue'])) !== undefined)
    throw new EitError('EIT_USAGE', '--start and --pue are told by the jobs of --against: leave them out');

  const site = siteConfig(argv, surroundings);
  const from = lastGiven(argv['from']);
  const loaded = from === undefined ? site : ledgerIn(site, from);
  const filters = [
    ...(against === undefined ? [] : [parseRunSet(`measured=${against}`)]),
    ...(past === undefined ? [] : [parseRunSet(`past jobs=${past}`)]),
  ];
  const sets =
    filters.length === 0
      ? []
      : await readRunSets(filters, loaded, surroundings, {
          policy: lastGiven(argv['policy']),
          allUsers: argv['allusers'] === true || from !== undefined,
        });
  checkSets(sets, { allowIncomplete: argv['allow-incomplete'] === true });
  const setOf = (name: string) => sets.find(({ filter }) => filter.name === name) ?? null;
  const [measured, before] = [setOf('measured'), setOf('past jobs')];

  const zones = loadZones(dataPath());
  const ran = measured ?? before;
  const where = ranWhere(ran === null ? [] : [ran.report]);
  const start = lastGiven(argv['start']);
  const nowMs = Date.now();
  const startMs =
    start === undefined ? null : parseSlurmTime(start, { now: DateTime.fromMillis(nowMs) }).toMillis();
  const sinceMs = startMs ?? nowMs;
  const factors = siteFactors(loaded)({ sinceMs, untilMs: sinceMs + (input.hours ?? 0) * 3_600_000 })(
    where.cluster ?? '',
  );
  const [pueGiven, zoneGiven] = [lastGiven(argv['pue']), lastGiven(argv['zone'])];
  const pue =
    measured?.report.factors.pue ?? (pueGiven === undefined ? factors.pue : positive('pue', pueGiven, 10));
  const basis = where.basis ?? factors.intensityBasis;
  const result = estimateResult({
    ...{ input, measured, before, pue },
    tables: { accelerators: readAccelerators(), processors: readProcessors() },
  });
  const { ways, notes: skipped } = carbonWays(loaded, zones, {
    zone: zoneGiven ?? where.zone ?? factors.zone,
    ...{ basis, startMs },
    hours: input.hours ?? null,
    measured: measured?.report ?? null,
  });
  const notes = [
    ...skipped,
    ...(measured === null && pueGiven === undefined ? pueNotes(factors) : []),
    ...(where.bases.length > 1
      ? [`the jobs ran on clusters with several bases (${where.bases.join(', ')}): the averages are ${basis}`]
      : []),
  ];
  const [ofJobs, ofSite] = [ran?.report.factors.defaults_used ?? [], factors.defaultsUsed];
  const about = (list: readonly string[], factor: string): string[] =>
    list.filter((text) => text.startsWith(`${factor} `));
  const assumed = [
    ...(measured !== null ? about(ofJobs, 'pue') : pueGiven === undefined ? about(ofSite, 'pue') : []),
    ...(zoneGiven === undefined ? about(where.zone === undefined ? ofSite : ofJobs, 'zone') : []),
    ...about(ofJobs, 'node_overhead'),
    ...(measured === null ? [] : about(ofJobs, 'intensity')),
  ];
  const shown = { ...result, ways, basis, assumed, notes: [...result.notes, ...notes] };

  const plot = lastGiven(argv['plot']);
  if (plot !== undefined) writePicture('plot', plot, estimatePicture(shown));
  if (argv['json'] === true) await output.write([jsonText(estimateJson(shown))]);
  else
    await output.write(
      wrapped(
        estimateLines(shown).map((line) => `${visible(line)}\n`),
        argv,
        surroundings,
      ),
    );
  if (plot !== undefined) output.note(`the picture is in ${plot}`);
  return 0;
}

/** What of its time the site's PUE file does not tell. */
function pueNotes({ byTime = [] }: SiteFactors): string[] {
  return byTime
    .filter(({ factor, assumed }) => factor === 'pue' && assumed.length > 0)
    .map(({ file }) => `${file} has no PUE of that time: the one nearest in time is taken`);
}
