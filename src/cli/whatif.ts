import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { BASIS_NAMES, basisOfSite } from '../carbon/basis';
import { equivalentText, equivalentsOf, loadEquivalents } from '../carbon/equivalents';
import type { IntensityBasis } from '../carbon/intensity';
import { SkippedLines } from '../carbon/intensity-line';
import { loadZones } from '../carbon/zone';
import { siteFor } from '../config/config';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { equivalentsTold } from '../report/factor-figures';
import { counted, energyText, massText } from '../report/units';
import type { RunSet } from '../science/run-set';
import { largest, sum } from '../science/sample';
import { type Work, type ZoneOutcome, zoneOutcome } from '../science/what-if';
import { zoneBarsSvg } from '../science/zone-bars-svg';
import { parseSlurmTime } from '../slurm/time-form';
import { TIME_FORMS } from '../slurm/time-forms';
import { chosenRuns, RUN_OPTIONS, siteConfig } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { allGiven, lastGiven } from './given';
import { writePicture } from './picture-file';
import { jsonText } from './plain-text';
import { positive } from './positive';
import { ranWhere } from './ran-where';
import { type AskedGrids, type BasedGrid, gridOf, hoursOf } from './whatif-grids';
import { hourLines, hoursJson, outcomeJson, outcomeRows } from './whatif-words';
import { wrapped } from './wrapped';

export const options: Readonly<Record<string, Options>> = {
  ...RUN_OPTIONS,
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'NAME=FILTER, as of eit compare; with two their difference too',
  },
  kwh: {
    type: 'string',
    requiresArg: true,
    describe: 'an energy of your own (kWh, with PUE) instead of jobs',
  },
  zone: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'zones with commas: CA-QC,EE,FR (eit zones list)',
  },
  start: {
    type: 'string',
    requiresArg: true,
    describe:
      'as if each run had begun at this time, by the series of the zones; default: averages of the year',
  },
  hours: {
    type: 'boolean',
    describe: 'the best hours of the last week to begin at, by the series of the zones',
  },
  times: { type: 'string', requiresArg: true, describe: 'as if all of it ran so many times; default: 1' },
  basis: {
    type: 'string',
    requiresArg: true,
    choices: BASIS_NAMES,
    describe: 'lifecycle or direct; default: as configured',
  },
  equivalents: {
    type: 'boolean',
    describe: 'what the difference between the first and the last zone compares with',
  },
  plot: { type: 'string', requiresArg: true, describe: 'write a picture of it into this file (SVG)' },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['1234 --zone CA-QC,EE,FR', 'the energy of a job with the grids of Quebec, Estonia and France'],
  ['1234 --zone DE --hours', 'when in the last week it had been least carbon to begin'],
  [
    '--set A=1234_[1-5] --set B=1240_[1-5] --zone EE,NO',
    'what the difference of two arrays is worth by zone',
  ],
  ['--kwh 0.7557 --times 1175 --zone US-CAL-CISO', '235 students with 5 runs each'],
];

export const epilogue =
  'The energy stays as it was, PUE in it: another place has other hardware and cooling. Zones have their yearly average, newest year, unless --start or --hours: ' +
  'then the series that eit intensity fetch or import brought, as if the run drew the same power all the time; where there is none of a zone, that is said.\n\n' +
  `Times (local): ${TIME_FORMS}. docs/whatif.md tells more.`;

/** `eit whatif`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const jobs = lastGiven(argv['jobs']);
  const kwh = lastGiven(argv['kwh']);
  const sets = allGiven(argv['set']);
  if ([jobs, kwh, sets[0]].filter((given) => given !== undefined).length !== 1)
    throw new EitError(
      'EIT_USAGE',
      'name jobs (eit whatif 1234,1235), sets (--set A=1234) or an energy (--kwh 1.5): one of the three',
    );
  const named = [
    ...new Set(
      allGiven(argv['zone'])
        .flatMap((text) => text.split(','))
        .map((text) => text.trim()),
    ),
  ].filter((zone) => zone !== '');
  if (named.length === 0)
    throw new EitError('EIT_USAGE', 'name zones: --zone CA-QC,EE,FR (eit zones list has all)');
  const times = positive('times', lastGiven(argv['times']) ?? '1');
  const hasStart = argv['start'] !== undefined;
  if (hasStart && argv['hours'] === true)
    throw new EitError('EIT_USAGE', '--start and --hours are two questions: ask one');
  if (kwh !== undefined && (hasStart || argv['hours'] === true))
    throw new EitError(
      'EIT_USAGE',
      '--kwh tells no time of a run: leave --start and --hours out, or name jobs',
    );

  const site = siteConfig(argv, surroundings);
  const zones = loadZones(dataPath());
  // A zone that there is not need not wait for the ledger.
  for (const zone of named) zones.years(zone);
  const chosen = kwh === undefined ? await chosenRuns(argv, surroundings) : null;
  const read = chosen?.sets ?? [];
  const where = ranWhere(read.map(({ report }) => report));
  const cluster = where.cluster ?? site.config.cluster ?? '';
  const asBasis = lastGiven(argv['basis']);
  const basis =
    asBasis === undefined
      ? (where.basis ?? basisOfSite(siteFor(site.config, cluster).intensity_basis))
      : basisOfSite(asBasis);
  const works =
    kwh === undefined
      ? read.map(workOf)
      : [{ name: 'energy', energyKwh: [positive('kwh', kwh)], elapsedMs: [0] }];

  const nowMs = Date.now();
  const startMs = hasStart
    ? parseSlurmTime(lastGiven(argv['start']) ?? '', { now: DateTime.fromMillis(nowMs) }).toMillis()
    : null;
  const asked: AskedGrids = {
    loaded: site,
    zones,
    basis,
    skipped: new SkippedLines(),
    longestMs: largest(works.flatMap((work) => work.elapsedMs)),
  };
  const grids = named.map((zone) => gridOf(asked, zone, startMs));
  const outcomes = grids.map((grid) => zoneOutcome(works, grid, times));
  const hours = argv['hours'] === true ? named.map((zone) => hoursOf(asked, zone, nowMs)) : [];
  const notes = [
    // That a test tells little is of no account where there is none.
    ...(chosen?.warnings ?? []).filter((text) => sets.length > 1 || !text.includes('below 5')),
    ...basisNotes(where.bases, basis, grids),
    ...(asked.skipped.count > 0
      ? [
          `${counted(asked.skipped.count, 'line')} of the intensity series not read: ${asked.skipped.places.join('; ')}`,
        ]
      : []),
  ];
  const [first, final] = [outcomes[0]!, outcomes.at(-1)!];
  const savedKg = Math.abs(totalKg(first) - totalKg(final));
  // Kilometres and flights are of CO2eq: the energy is the same everywhere.
  const equivalents =
    argv['equivalents'] === true
      ? equivalentsOf(
          loadEquivalents(dataPath()).filter(({ per }) => per !== 'kWh'),
          0,
          savedKg,
        )
      : [];

  const plot = lastGiven(argv['plot']);
  if (plot !== undefined)
    writePicture(
      'plot',
      plot,
      zoneBarsSvg(
        outcomes,
        `${energyText(sum(first.emissions.map((one) => one.energyKwh)))} in ${counted(named.length, 'zone')}`,
      ),
    );
  if (argv['json'] === true) {
    await output.write([
      jsonText({
        ...{ schema: 1, basis, times, start: startMs === null ? null : new Date(startMs).toISOString() },
        measured: read.map(({ filter, report }) => ({
          name: filter.name,
          filter: filter.text,
          jobs: report.groups.length,
          energy_kwh: report.total.energy_kwh.total,
          co2e_kg: report.total.co2e_kg,
          zone: report.factors.zone,
          pue: report.factors.pue,
          coverage: report.total.coverage,
        })),
        zones: outcomes.map(outcomeJson),
        ...(hours.length === 0 ? {} : { hours: hours.map(hoursJson) }),
        ...(equivalents.length === 0 ? {} : { equivalents: equivalentsTold(equivalents) }),
        warnings: notes,
      }),
    ]);
    return 0;
  }
  const lines = [
    ...outcomeRows(read, outcomes, times),
    '',
    ...outcomes.map(({ zone, source }) => `${zone}: ${source}.`),
    ...hours.flatMap((one) => hourLines(one)),
    ...(equivalents.length === 0
      ? []
      : [
          '',
          `Between ${first.zone} and ${final.zone} lie ${massText(savedKg)}, as much as:`,
          ...equivalents.map((one) => `  ${equivalentText(one)}`),
        ]),
    ...notes.map((note) => `Warning: ${note}.`),
  ];
  await output.write(
    wrapped(
      lines.map((line) => `${visible(line)}\n`),
      argv,
      surroundings,
    ),
  );
  if (plot !== undefined) output.note(`the picture is in ${plot}`);
  return 0;
}

/** Figures that cannot be compared: life-cycle grams count more than direct ones. */
function basisNotes(
  ran: readonly IntensityBasis[],
  basis: IntensityBasis,
  grids: readonly BasedGrid[],
): string[] {
  const others = grids.filter(({ bases }) => bases.some((one) => one !== basis));
  return [
    ...(ran.length > 1 || (ran.length === 1 && ran[0] !== basis)
      ? [
          `what was measured is on ${ran.join(' and ')}, the zones are on ${basis}: the two do not compare` +
            (ran.length === 1 ? `, --basis ${ran[0]} does` : ', --basis takes another'),
        ]
      : []),
    ...others.map(
      ({ zone, bases }) =>
        `the series of ${zone} is on ${bases.join(' and ')}, which does not compare with ${basis}`,
    ),
  ];
}

function workOf({ filter, report }: RunSet): Work {
  return {
    name: filter.name,
    energyKwh: report.groups.map((job) => job.energy_kwh.total),
    elapsedMs: report.groups.map((job) => job.elapsed_seconds * 1000),
  };
}

function totalKg({ emissions }: ZoneOutcome): number {
  return sum(emissions.map(({ co2eKg }) => co2eKg));
}
