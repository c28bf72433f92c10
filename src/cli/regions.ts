import type { Options } from 'yargs';
import { BASIS_NAMES, basisOfSite } from '../carbon/basis';
import { METHODS_SOURCE, loadGenerationMethods } from '../carbon/generation-methods';
import type { IntensityBasis } from '../carbon/intensity';
import { type Zones, loadZones } from '../carbon/zone';
import { nearest } from '../config/nearest';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { bar } from '../report/bar';
import { displayWidth } from '../report/printable';
import type { ComparedIntensity } from '../report/compared-intensity';
import { comparedIntensitySvg } from '../report/compared-intensity-svg';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { writePicture } from './picture-file';
import { alignedRows, jsonText } from './plain-text';
import { terminalOf } from './terminal';
import { wrapped } from './wrapped';

export const options: Readonly<Record<string, Options>> = {
  fuels: {
    type: 'boolean',
    describe: 'ways to make electricity (coal, wind, ...) among them, on the same axis',
  },
  plot: { type: 'string', requiresArg: true, describe: 'write a picture of it into this file (SVG)' },
  basis: {
    type: 'string',
    requiresArg: true,
    choices: BASIS_NAMES,
    describe: 'lifecycle (default) or direct: with or without the plants and what brings the fuel',
  },
  bar: { type: 'boolean', default: true, describe: 'bars on a terminal; --no-bar leaves them out' },
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  ['', 'all regions of all clouds, the least carbon first'],
  ['aws --fuels', 'those of AWS, with coal, gas, wind, ... where they belong'],
  ['--fuels --plot regions.svg', 'the same of all as a picture'],
];

export const epilogue =
  "Intensity is the yearly average of the zone that a region is in; what its owner buys for itself is not in it. PUE is the provider's own word " +
  'where he has given it. docs/zones.md tells where all this is from.';

const WIDEST_BAR = 40;
const NARROWEST_BAR = 8;

/** `eit regions`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const basis = basisOfSite(lastGiven(argv['basis']));
  const hasFuels = argv['fuels'] === true;
  if (hasFuels && basis === 'average-direct')
    throw new EitError('EIT_USAGE', 'the figures of --fuels are by life cycle: leave --basis direct out');
  const zones = loadZones(dataPath());
  const lines = [
    ...regionLines(zones, lastGiven(argv['provider']), basis),
    ...(hasFuels ? fuelLines() : []),
  ].toSorted((a, b) => a.gPerKwh - b.gPerKwh || (a.name < b.name ? -1 : 1));
  const sources = sourcesOf(zones, basis, hasFuels);

  const plot = lastGiven(argv['plot']);
  if (plot !== undefined) {
    writePicture(
      'plot',
      plot,
      comparedIntensitySvg(lines, { title: 'Carbon intensity of cloud regions', sources }),
    );
  }
  if (argv['json'] === true) await output.write([jsonText(lines.map((line) => lineJson(line, basis)))]);
  else if (plot === undefined)
    await output.write(wrapped(table(lines, sources, argv, surroundings), argv, surroundings));
  else await output.write([`${visible(plot)} has ${lines.length} bars.\n`]);
  return 0;
}

function regionLines(zones: Zones, provider: string | undefined, basis: IntensityBasis): ComparedIntensity[] {
  const all = zones.places.cloudRegions;
  const providers = [...new Set(all.map((region) => region.provider))];
  const wanted = provider?.toLowerCase();
  if (wanted !== undefined && !providers.includes(wanted)) {
    const [near] = nearest(wanted, providers, 1);
    const meant = near === undefined ? '' : ` Did you mean ${near}?`;
    throw new EitError(
      'EIT_USAGE',
      `no regions of "${visible(wanted, 80)}" are known; there are: ${providers.join(', ')}.${meant}`,
    );
  }
  return all
    .filter((region) => wanted === undefined || region.provider === wanted)
    .map(({ provider: owner, region, place, zone, isApproximate, pue }) => ({
      name: `${owner}/${region}`,
      place,
      provider: owner,
      zone,
      isApproximate,
      gPerKwh: zones.intensity(zone, { basis }).gPerKwh,
      pue,
    }));
}

function fuelLines(): ComparedIntensity[] {
  return loadGenerationMethods(dataPath()).map(({ name, medianG }) => ({
    name,
    place: '',
    provider: '',
    zone: null,
    isApproximate: false,
    gPerKwh: medianG,
    pue: null,
  }));
}

function table(
  lines: readonly ComparedIntensity[],
  sources: readonly string[],
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): string[] {
  const rows = alignedRows(
    [
      { title: 'Region' },
      { title: 'Place' },
      { title: 'Zone' },
      { title: 'PUE', align: 'right' },
      { title: 'g/kWh', align: 'right' },
    ],
    lines.map(({ name, place, provider, zone, isApproximate, gPerKwh, pue }) => [
      provider === '' ? `= ${name}` : name,
      place,
      `${isApproximate ? '~' : ''}${zone ?? ''}`,
      pue === null ? '' : pue.toFixed(2),
      gPerKwh.toFixed(1),
    ]),
  );
  const terminal = terminalOf(argv, surroundings);
  const used = Math.max(...rows.map((row) => displayWidth(row)));
  const room = terminal?.bars === true ? Math.min(WIDEST_BAR, terminal.width - used - 2) : 0;
  const most = Math.max(...lines.map(({ gPerKwh }) => gPerKwh));
  const shown = rows.map((row, i) => {
    const line = lines[i - 1];
    // The figure is the last column, right-aligned: rows are equally long.
    return room >= NARROWEST_BAR && line !== undefined ? `${row}  ${bar(line.gPerKwh / most, room)}` : row;
  });
  const legend = [
    ...(lines.some(({ isApproximate }) => isApproximate)
      ? ['~: the zone may be another (docs/zones.md).']
      : []),
    ...(lines.some(({ provider }) => provider === '') ? ['=: a way to make electricity.'] : []),
  ];
  return [...shown, '', ...legend, ...sources].map((text) => `${text}\n`);
}

function sourcesOf(zones: Zones, basis: IntensityBasis, hasFuels: boolean): string[] {
  const years = [
    ...new Set(zones.places.cloudRegions.map(({ zone }) => zones.intensity(zone, { basis }).year)),
  ];
  return [
    `gCO2eq/kWh, ${basis}, averages of ${years.toSorted((a, b) => a - b).join(', ')}: contains information from Electricity Maps (2025), ODbL.`,
    ...(hasFuels ? [`${METHODS_SOURCE}.`] : []),
  ];
}

function lineJson(line: ComparedIntensity, basis: IntensityBasis): Record<string, unknown> {
  return {
    name: line.name,
    kind: line.provider === '' ? 'generation' : 'region',
    provider: line.provider === '' ? null : line.provider,
    place: line.place === '' ? null : line.place,
    zone: line.zone,
    approximate: line.isApproximate,
    basis,
    g_per_kwh: line.gPerKwh,
    pue: line.pue,
  };
}

/** The last value of an option that stands more than once. */
