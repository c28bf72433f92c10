import { join } from 'node:path';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { POLICIES } from '../attribution/policy';
import { BASIS_NAMES, basisOfSite } from '../carbon/basis';
import { type CurvePiece, readCurve } from '../carbon/curve';
import { equivalentText, equivalentsOf, loadEquivalents } from '../carbon/equivalents';
import type { IntensityBasis } from '../carbon/intensity';
import { intensityDir } from '../carbon/intensity-dir';
import { SkippedLines } from '../carbon/intensity-line';
import { loadZones, type Zones } from '../carbon/zone';
import { type LoadedConfig, loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { equivalentsTold } from '../report/factor-figures';
import { counted, energyText, massText } from '../report/units';
import { pText } from '../science/comparison-words';
import { checkSets, parseRunSet, type RunSet, setWarnings } from '../science/run-set';
import { mean, sum } from '../science/sample';
import { stars } from '../science/significance';
import {
  type Grid,
  meanIntensity,
  type StartHour,
  startHours,
  type Work,
  type ZoneOutcome,
  zoneOutcome,
} from '../science/what-if';
import { zoneBarsSvg } from '../science/zone-bars-svg';
import { parseSlurmTime, TIME_FORMS } from '../slurm/time-form';
import type { CommandModule, Surroundings } from './command';
import { ledgerIn, RUN_OPTIONS } from './chosen-runs';
import { FACTS_NAME } from './facts-file';
import { writePicture } from './picture-file';
import { alignedRows, jsonText } from './plain-text';
import { readRunSets } from './run-sets';
import { wrapped } from './wrapped';

export const options: Readonly<Record<string, Options>> = {
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
  'allow-incomplete': { type: 'boolean', describe: 'take jobs that were observed in part too' },
  allusers: {
    alias: 'a',
    type: 'boolean',
    describe: 'runs of all users, as far as you may read their records',
  },
  policy: {
    type: 'string',
    requiresArg: true,
    describe: `how shared energy is divided: ${POLICIES.join(', ')}`,
  },
  from: { ...RUN_OPTIONS['from'] },
  plot: { type: 'string', requiresArg: true, describe: 'write a picture of it into this file (SVG)' },
  json: { type: 'boolean', describe: 'print JSON' },
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml',
  },
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

const WEEK_MS = 7 * 86_400_000;
const MOST_HOURS = 3;

/** `eit whatif`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output, env } = surroundings;
  const jobs = last(argv['jobs']);
  const kwh = last(argv['kwh']);
  const sets = strings(argv['set']);
  if ([jobs, kwh, sets[0]].filter((given) => given !== undefined).length !== 1)
    throw new EitError(
      'EIT_USAGE',
      'name jobs (eit whatif 1234,1235), sets (--set A=1234) or an energy (--kwh 1.5): one of the three',
    );
  const named = [
    ...new Set(
      strings(argv['zone'])
        .flatMap((text) => text.split(','))
        .map((text) => text.trim()),
    ),
  ].filter((zone) => zone !== '');
  if (named.length === 0)
    throw new EitError('EIT_USAGE', 'name zones: --zone CA-QC,EE,FR (eit zones list has all)');
  const times = positive('times', last(argv['times']) ?? '1');
  const hasStart = argv['start'] !== undefined;
  if (hasStart && argv['hours'] === true)
    throw new EitError('EIT_USAGE', '--start and --hours are two questions: ask one');
  if (kwh !== undefined && (hasStart || argv['hours'] === true))
    throw new EitError(
      'EIT_USAGE',
      '--kwh tells no time of a run: leave --start and --hours out, or name jobs',
    );

  const path = last(argv['config']);
  const site = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const from = last(argv['from']);
  const loaded = from === undefined ? site : ledgerIn(site, from);
  const basis = basisOfSite(last(argv['basis']) ?? loaded.config.site?.intensity_basis);
  const zones = loadZones(dataPath());
  for (const zone of named) zones.intensity(zone, { basis });
  const read =
    kwh !== undefined
      ? []
      : await readRunSets(
          jobs === undefined
            ? sets.map(parseRunSet)
            : [{ name: 'jobs', text: jobs, asked: { jobs: [jobs] } }],
          loaded,
          surroundings,
          {
            policy: last(argv['policy']),
            allUsers: argv['allusers'] === true || from !== undefined,
            ...(from === undefined ? {} : { facts: join(loaded.config.ledger, FACTS_NAME) }),
          },
        );
  checkSets(read, { allowIncomplete: argv['allow-incomplete'] === true });
  const works =
    kwh === undefined
      ? read.map(workOf)
      : [{ name: 'energy', energyKwh: [positive('kwh', kwh)], elapsedMs: [0] }];

  const nowMs = Date.now();
  const startMs = hasStart
    ? parseSlurmTime(last(argv['start']) ?? '', { now: DateTime.fromMillis(nowMs) }).toMillis()
    : null;
  const asked: Asked = {
    loaded,
    zones,
    basis,
    skipped: new SkippedLines(),
    longestMs: Math.max(...works.flatMap((work) => work.elapsedMs)),
  };
  const outcomes = named.map((zone) => zoneOutcome(works, gridOf(asked, zone, startMs), times));
  const hours = argv['hours'] === true ? named.map((zone) => hoursOf(asked, zone, nowMs)) : [];
  const notes = [
    ...(kwh === undefined
      ? setWarnings(read).filter((text) => sets.length > 1 || !text.includes('below 5'))
      : []),
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

  const plot = last(argv['plot']);
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

interface Asked {
  readonly loaded: LoadedConfig;
  readonly zones: Zones;
  readonly basis: IntensityBasis;
  readonly skipped: SkippedLines;
  readonly longestMs: number;
}

function workOf({ filter, report }: RunSet): Work {
  return {
    name: filter.name,
    energyKwh: report.groups.map((job) => job.energy_kwh.total),
    elapsedMs: report.groups.map((job) => job.elapsed_seconds * 1000),
  };
}

/** A zone's average of the year, or its series from a time on. */
function gridOf(asked: Asked, zone: string, startMs: number | null): Grid {
  const { gPerKwh, year, source, zoneName } = asked.zones.intensity(zone, { basis: asked.basis });
  const yearly = `average of ${year}, ${source}`;
  if (startMs === null) return { zone, zoneName, source: yearly, meanGPerKwh: () => gPerKwh };
  const curve = curveOf(asked, zone, startMs, startMs + Math.max(asked.longestMs, 1));
  if (curve === null)
    return {
      ...{ zone, zoneName, meanGPerKwh: () => gPerKwh },
      source: `${yearly}: there is no series of that time (eit intensity fetch)`,
    };
  return {
    ...{ zone, zoneName, source: seriesText(curve) },
    meanGPerKwh: (elapsedMs) => meanIntensity(curve, startMs, elapsedMs),
  };
}

function curveOf(
  { loaded, zones, basis, skipped }: Asked,
  zone: string,
  fromMs: number,
  toMs: number,
): CurvePiece[] | null {
  const { gPerKwh, source } = zones.intensity(zone, { basis });
  return readCurve(intensityDir(loaded.config), zone, {
    ...{ fromMs, toMs, basis, skipped },
    yearly: { gPerKwh, source },
  });
}

function seriesText(curve: readonly CurvePiece[]): string {
  const filled = curve.some(({ origin }) => origin !== 'series');
  const sources = [...new Set(curve.map(({ source }) => source))].sort();
  const bases = [...new Set(curve.map(({ basis }) => basis))].join(', ');
  return `series of ${sources.join(', ')} (${bases})${filled ? ', gaps filled as in reports' : ''}`;
}

interface ZoneHours {
  readonly zone: string;
  /** null: there is no series of the last week. */
  readonly starts: readonly StartHour[] | null;
}

function hoursOf(asked: Asked, zone: string, nowMs: number): ZoneHours {
  const [sinceMs, untilMs, elapsedMs] = [nowMs - WEEK_MS, nowMs, asked.longestMs];
  const curve = curveOf(asked, zone, sinceMs, untilMs);
  return { zone, starts: curve === null ? null : startHours(curve, { sinceMs, untilMs, elapsedMs }) };
}

function hourLines({ zone, starts }: ZoneHours): string[] {
  if (starts === null)
    return [
      `${zone}: there is no series of the last week, so no hour is known to be better (eit intensity fetch).`,
    ];
  if (starts.length === 0)
    return [`${zone}: no run of a week's length has an hour to begin at in the last week.`];
  const average = mean(starts.map(({ gPerKwh }) => gPerKwh));
  const shown = (one: StartHour): string =>
    `${DateTime.fromMillis(one.startMs).toFormat('ccc HH:mm')} (${one.gPerKwh.toFixed(0)} g/kWh)`;
  return [
    `${zone}, hours of the last week to begin at: best ${starts.slice(0, MOST_HOURS).map(shown).join(', ')}; worst ${shown(starts.at(-1)!)}; mean ${average.toFixed(0)} g/kWh.`,
  ];
}

function hoursJson({ zone, starts }: ZoneHours): Record<string, unknown> {
  return {
    zone,
    starts:
      starts?.map(({ startMs, gPerKwh }) => ({
        start: new Date(startMs).toISOString(),
        g_per_kwh: gPerKwh,
      })) ?? null,
  };
}

function outcomeRows(read: readonly RunSet[], outcomes: readonly ZoneOutcome[], times: number): string[] {
  const works = outcomes[0]?.emissions ?? [];
  const isPair = works.length === 2;
  const asMeasured =
    read.length === 0
      ? []
      : [
          [
            `${[...new Set(read.map(({ report }) => report.factors.zone))].join(', ')} (as measured)`,
            '',
            (
              (1000 * sum(read.map(({ report }) => report.total.co2e_kg))) /
              sum(read.map(({ report }) => report.total.energy_kwh.total))
            ).toFixed(1),
            ...read.map(({ report }) => massText(report.total.co2e_kg * times)),
            ...(isPair ? ['', ''] : []),
          ],
        ];
  return alignedRows(
    [
      { title: 'Zone' },
      { title: 'Name' },
      { title: 'g/kWh', align: 'right' },
      ...works.map(({ work, energyKwh }) => ({
        title: visible(`CO2e of ${work} (${energyText(energyKwh)})`),
        align: 'right' as const,
      })),
      ...(isPair ? [{ title: 'Difference a run', align: 'right' as const }, { title: 'p' }] : []),
    ],
    [
      ...asMeasured,
      ...outcomes.map(({ zone, zoneName, gPerKwh, emissions, difference }) => [
        zone,
        zoneName,
        gPerKwh.toFixed(1),
        ...emissions.map(({ co2eKg }) => massText(co2eKg)),
        ...(isPair
          ? [
              signed((emissions[1]?.perRunKg ?? 0) - (emissions[0]?.perRunKg ?? 0)),
              difference === null ? '-' : `${pText(difference.p)} ${stars(difference.p)}`,
            ]
          : []),
      ]),
    ],
  );
}

function outcomeJson({
  zone,
  zoneName,
  gPerKwh,
  source,
  emissions,
  difference,
}: ZoneOutcome): Record<string, unknown> {
  return {
    ...{ zone, name: zoneName, g_per_kwh: gPerKwh, source },
    emissions: emissions.map(({ work, energyKwh, co2eKg, perRunKg }) => ({
      ...{ set: work, energy_kwh: energyKwh, co2e_kg: co2eKg, co2e_kg_per_run: perRunKg },
    })),
    difference_kg_per_run:
      difference === null
        ? null
        : {
            ...difference,
            standardError: undefined,
            standard_error: difference.standardError,
            stars: stars(difference.p),
          },
  };
}

function totalKg({ emissions }: ZoneOutcome): number {
  return sum(emissions.map(({ co2eKg }) => co2eKg));
}

function signed(kg: number): string {
  return `${kg < 0 ? '-' : '+'}${massText(Math.abs(kg))}`;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) && value > 0 && Number.isFinite(value)) return value;
  throw new EitError(
    'EIT_USAGE',
    `--${option} ${visible(text, 40)} is no number above 0: write it as 4200000 or 0.75`,
  );
}

function strings(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === 'string');
}

function last(value: unknown): string | undefined {
  return strings(value).at(-1);
}
