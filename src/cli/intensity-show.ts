import { basisOfSite } from '../carbon/basis';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { writeWhole } from '../archive/whole-file';
import { type CurvePiece, readCurve, resolveCurve } from '../carbon/curve';
import { type CurveStep, curveSteps } from '../carbon/curve-steps';
import { intensityDir } from '../carbon/intensity-dir';
import { SkippedLines } from '../carbon/intensity-line';
import type { Intensity, IntensityBasis } from '../carbon/intensity';
import { siteZone } from '../carbon/site-zone';
import { withYears, yearlyCurve } from '../carbon/yearly-curve';
import { loadZones } from '../carbon/zone';
import { type LoadedConfig, loadConfig, siteFor } from '../config/config';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { bar } from '../report/bar';
import { intensitySvg } from '../report/intensity-svg';
import { counted } from '../report/units';
import type { CommandModule, Surroundings } from './command';
import { SHARED, basisOf, timeOf, zoneOf } from './intensity-options';
import { alignedRows, jsonText } from './plain-text';
import { lastGiven } from './given';

const DAY_MS = 86_400_000;
const MOST_DAYS = 3700;
const BAR_WIDTH = 30;

export const options: Readonly<Record<string, Options>> = {
  zone: SHARED.zone,
  cluster: {
    alias: 'M',
    type: 'string',
    requiresArg: true,
    describe: 'as reports on this cluster have it: its zone and its basis; default: those of this machine',
  },
  from: SHARED.from,
  to: SHARED.to,
  basis: SHARED.basis,
  'factors-as-of': {
    type: 'string',
    requiresArg: true,
    describe: 'as if nothing had been fetched after this time',
  },
  plot: { type: 'string', requiresArg: true, describe: 'write the curve to this file, as SVG' },
  json: SHARED.json,
  config: SHARED.config,
};

export const examples: CommandModule['examples'] = [
  ['--zone DE --from now-2days', 'the last two days, an hour a line'],
  ['--zone DE --from 2026-01-01 --to 2026-02-01 --plot january.svg', 'a month as a picture'],
  ['--cluster alpha --from 2026-03-01 --to 2026-04-01', 'what a report on this cluster takes for March'],
];

export const epilogue =
  'show: the curve that reports take: up to three days an hour a line, else a day a line. From: series, as fetched; estimate, of it what its source calls ' +
  'so; and how gaps were filled: neighbour (up to 3 hours), same-hour (of the week, 4 weeks around), yearly.';

/** `eit intensity show`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output } = surroundings;
  const now = DateTime.local();
  const toMs = timeOf(argv, 'to', now) ?? now.startOf('hour').toMillis();
  const fromMs = timeOf(argv, 'from', now) ?? toMs - DAY_MS;
  if (!(fromMs < toMs)) throw new EitError('EIT_USAGE', '--from has to be before --to');
  if (toMs - fromMs > MOST_DAYS * DAY_MS)
    throw new EitError('EIT_USAGE', 'that are more than ten years: ask for less');
  const asOfMs = timeOf(argv, 'factors-as-of', now);
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const { zone, basis, yearlyOf, notes } = askedGrid(argv, loaded);
  const yearly = yearlyOf();
  const skipped = new SkippedLines();
  const asked = { fromMs, toMs, basis, yearly, ...(asOfMs === undefined ? {} : { asOfMs }) };
  const found = readCurve(intensityDir(loaded.config), zone, { ...asked, skipped });
  const pieces = withYears(
    found ?? resolveCurve([], asked),
    yearlyCurve((year) => yearlyOf(Math.min(year, yearly.year)), fromMs, toMs),
  );

  const plot = lastGiven(argv['plot']);
  if (plot !== undefined) {
    const title = `${yearly.zoneName} (${zone}), ${basis}`;
    const format = toMs - fromMs <= 3 * DAY_MS ? 'MM-dd HH:mm' : 'yyyy-MM-dd';
    const svg = intensitySvg(pieces, title, (ms) => DateTime.fromMillis(ms).toFormat(format));
    await writeWhole(plot, svg, 0o644).catch((cause: unknown) => {
      throw new EitError('EIT_USAGE', `--plot: cannot write ${visible(plot)}: ${String(cause)}`, { cause });
    });
  }
  if (argv['json'] === true) await output.write([jsonText({ zone, basis, pieces: pieces.map(toJson) })]);
  else await output.write(tableOf(pieces, surroundings));
  for (const note of notes) output.note(note);
  if (found === null)
    output.note(
      `there is no series of ${zone} in this time: the yearly average stands in; eit intensity fetch or import brings one`,
    );
  if (pieces.some((piece) => piece.origin !== 'yearly' && piece.basis !== basis))
    output.note(
      `there is nothing of ${basis} in this time: what is shown is ${pieces.find((piece) => piece.origin !== 'yearly')?.basis}`,
    );
  if (skipped.count > 0)
    output.note(`${skippedText(skipped)}: ${skipped.places.map((place) => visible(place)).join('; ')}`);
  return 0;
}

/** Where and by which basis: as asked, else as reports on the cluster have it. */
interface AskedGrid {
  readonly zone: string;
  readonly basis: IntensityBasis;
  /** The average of a year; of the newest without one. */
  readonly yearlyOf: (year?: number) => Intensity;
  readonly notes: readonly string[];
}

/** @throws EitError EIT_USAGE, EIT_ZONE_UNKNOWN, EIT_PLACE */
function askedGrid(argv: Readonly<Record<string, unknown>>, loaded: LoadedConfig): AskedGrid {
  const { config } = loaded;
  const zones = loadZones(dataPath());
  const named = lastGiven(argv['cluster']);
  if (named === '') throw new EitError('EIT_USAGE', '--cluster is empty: give the name of a cluster');
  const cluster = named ?? config.cluster ?? '';
  const basis = basisOf(argv) ?? basisOfSite(siteFor(config, cluster).intensity_basis);
  const isOfCluster = named !== undefined && lastGiven(argv['zone']) === undefined;
  const own = isOfCluster ? siteZone(loaded, cluster, zones) : null;
  const zone = own?.zone ?? zoneOf(argv);
  const yearlyOf = (year?: number): Intensity =>
    zones.intensity(zone, { basis, ...(year === undefined ? {} : { year }) });
  const notes = own?.notes ?? yearlyOf().departures.map((departure) => `intensity of ${departure}`);
  return { zone, basis, yearlyOf, notes };
}

function tableOf(pieces: readonly CurvePiece[], { env, output }: Surroundings): string[] {
  const edges = edgesOf(pieces[0]?.fromMs ?? 0, pieces.at(-1)?.toMs ?? 0);
  const steps = curveSteps(pieces, edges);
  const isByHour = (edges[1] ?? 0) - (edges[0] ?? 0) <= 3_600_000;
  const most = Math.max(1, ...steps.map(({ gPerKwh }) => gPerKwh));
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const hasBars = output.stdout.isTTY && /utf-?8/i.test(locale);
  const rows = steps.map((step) => {
    const time = DateTime.fromMillis(step.fromMs).toFormat(isByHour ? 'yyyy-MM-dd HH:mm' : 'yyyy-MM-dd');
    const drawn = hasBars
      ? bar(step.gPerKwh / most, BAR_WIDTH)
      : '#'.repeat(Math.round((step.gPerKwh / most) * BAR_WIDTH));
    return [
      time,
      grams(step.gPerKwh),
      grams(step.leastGPerKwh),
      grams(step.mostGPerKwh),
      originText(step),
      drawn,
    ];
  });
  const columns = [
    { title: isByHour ? 'Hour' : 'Day' },
    { title: 'g/kWh', align: 'right' },
    { title: 'Least', align: 'right' },
    { title: 'Most', align: 'right' },
    { title: 'From' },
    { title: '' },
  ] as const;
  const [whole] = curveSteps(pieces, [pieces[0]?.fromMs ?? 0, pieces.at(-1)?.toMs ?? 0]);
  const sources = [...new Set(pieces.map(({ source }) => source))]
    .slice(0, 5)
    .map((source) => visible(source));
  return [
    ...alignedRows(columns, rows).map((row) => `${row}\n`),
    ...(whole === undefined
      ? []
      : [`\nMean over the time: ${grams(whole.gPerKwh)} g/kWh; ${originText(whole, true)}\n`]),
    `Sources: ${sources.join('; ')}\n`,
  ];
}

function skippedText({ count, files }: SkippedLines): string {
  const parts = [
    ...(count > files ? [`${counted(count - files, 'line')} passed over as damaged`] : []),
    ...(files > 0 ? [`${counted(files, 'file')} not read`] : []),
  ];
  return parts.join(', ');
}

/** Local hours of up to three days, else local days, cut at both ends. */
function edgesOf(fromMs: number, toMs: number): number[] {
  const unit = toMs - fromMs <= 3 * DAY_MS ? 'hour' : 'day';
  const edges = [fromMs];
  for (
    let at = DateTime.fromMillis(fromMs)
      .startOf(unit)
      .plus({ [unit]: 1 });
    at.toMillis() < toMs;
    at = at.plus({ [unit]: 1 })
  )
    edges.push(at.toMillis());
  return [...edges, toMs];
}

/** Where it is from, the largest part first. */
function originText({ shares }: CurveStep, always = false): string {
  const { estimate, ...origins } = shares;
  const parts = Object.entries({ ...origins, series: origins.series - estimate, estimate })
    .filter(([, share]) => share > 1e-9)
    .sort(([, a], [, b]) => b - a);
  return parts
    .map(([name, share]) => (parts.length === 1 && !always ? name : `${name} ${percent(share)}`))
    .join(', ');
}

function percent(share: number): string {
  return `${share > 0.999 && share < 1 - 1e-9 ? '>99.9' : Number((share * 100).toPrecision(3))} %`;
}

function grams(value: number): string {
  return value.toFixed(1);
}

function toJson({ fromMs, toMs, gPerKwh, origin, isEstimate, source, basis }: CurvePiece) {
  const utc = (ms: number): string => new Date(ms).toISOString();
  return {
    from: utc(fromMs),
    to: utc(toMs),
    g_per_kwh: gPerKwh,
    origin,
    estimated: isEstimate,
    source,
    basis,
  };
}
