import type { Options } from 'yargs';
import { loadEquivalents } from '../carbon/equivalents';
import { siteSeriesFor } from '../carbon/factor-by-time';
import { type FactorInForce, factorsInForce } from '../carbon/factor-list';
import { readFactorSeries } from '../carbon/factor-series';
import { factorsFor } from '../carbon/factors';
import { intensityDir } from '../carbon/intensity-dir';
import { readSeries } from '../carbon/intensity-store';
import { newestOf } from '../carbon/newest-intensity';
import { sideFactorsFor } from '../carbon/side-factors';
import { loadSocialCosts } from '../carbon/social-cost';
import { loadZones } from '../carbon/zone';
import { type LoadedConfig, loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { ledgerClusters } from '../ledger/inbox-files';
import { displayWidth } from '../report/printable';
import { plainNumber } from '../report/units';
import { version } from '../version';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION, lastGiven } from './given';
import { alignedRows, jsonText, painter } from './plain-text';
import { terminalOf } from './terminal';
import { localTimeZone } from './time-zone';
import { wrapped } from './wrapped';

export const options: Readonly<Record<string, Options>> = {
  cluster: {
    alias: 'M',
    type: 'string',
    requiresArg: true,
    describe: 'of this cluster; default: that of this host, and each that eit.yaml names',
  },
  json: { type: 'boolean', describe: 'print JSON: FactorList of schemas/report.schema.json' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'every factor that reports use now, and where it comes from'],
  ['--cluster alpha --json', 'those of one cluster, for a program'],
];

export const epilogue =
  'Of a PUE or price that changes with time it is the value of now; a report takes what holds in its time. A factor that is not set ' +
  'leaves its figure out of reports. docs/factors.md says what each of them does.';

/** Prints the factors in force. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output, ...rest }: Surroundings,
): Promise<number> {
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const nowMs = Date.now();
  const asked = lastGiven(argv['cluster']);
  const clusters = clustersOf(loaded, asked).map((cluster) => ({
    cluster,
    factors: inForce(loaded, cluster, nowMs),
  }));
  if (argv['json'] === true) {
    const list = {
      schema: 1,
      kind: 'factors',
      tool_version: version,
      generated_at: new Date(nowMs).toISOString(),
      config: loaded.path,
      clusters,
    };
    await output.write([jsonText(list)]);
  } else {
    const surroundings = { env, output, ...rest };
    await output.write(
      wrapped(
        listText(clusters, painter(surroundings), terminalOf(argv, surroundings)?.width ?? Infinity),
        argv,
        surroundings,
      ),
    );
  }
  const unknown = asked === undefined ? null : await whyUnknown(loaded, asked);
  if (unknown !== null)
    output.note(`${unknown}: the factors of the site hold on a cluster ${visible(asked ?? '', 80)}`);
  return 0;
}

/** A name that was misspelt has factors too. @returns null where the config or the ledger has the cluster */
async function whyUnknown({ config }: LoadedConfig, cluster: string): Promise<string | null> {
  if (cluster === config.cluster || Object.hasOwn(config.clusters, cluster)) return null;
  try {
    const known = await ledgerClusters(config.ledger);
    return known.includes(cluster) ? null : 'neither eit.yaml nor the ledger names it';
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return 'eit.yaml does not name it, and the ledger cannot be read';
  }
}

/** '' where nothing names a cluster: what holds for all of them. */
function clustersOf({ config }: LoadedConfig, asked: string | undefined): string[] {
  if (asked === '') throw new EitError('EIT_USAGE', '--cluster is empty: give the name of a cluster');
  if (asked !== undefined) return [asked];
  const named = new Set([
    ...(config.cluster === undefined ? [] : [config.cluster]),
    ...Object.keys(config.clusters),
  ]);
  return named.size === 0 ? [''] : [...named];
}

/** So far back a series is looked for. */
const LATE_MS = 31 * 86_400_000;

function inForce(loaded: LoadedConfig, cluster: string, nowMs: number): FactorInForce[] {
  const factors = factorsFor(loaded, cluster, loadZones(dataPath()));
  const timeZone = loaded.config.time_zone ?? localTimeZone();
  const ofLate = readSeries(intensityDir(loaded.config), factors.zone, {
    fromMs: nowMs - LATE_MS,
    toMs: nowMs,
  });
  return factorsInForce({
    loaded,
    cluster,
    factors,
    newestIntensity: newestOf(ofLate, factors.intensityBasis),
    side: sideFactorsFor(loaded, cluster, factors.country, loadSocialCosts(dataPath())),
    series: siteSeriesFor(loaded, cluster, timeZone, readFactorSeries),
    equivalents: loadEquivalents(dataPath()),
    nowMs,
  });
}

const COLUMNS = [
  { title: 'Factor' },
  { title: 'Value', align: 'right' },
  { title: 'Unit' },
  { title: 'Year' },
  { title: 'From' },
  { title: 'Source' },
] as const;

function* listText(
  clusters: readonly { readonly cluster: string; readonly factors: readonly FactorInForce[] }[],
  paint: ReturnType<typeof painter>,
  width: number,
): Generator<string> {
  for (const [i, { cluster, factors }] of clusters.entries()) {
    if (i > 0) yield '\n';
    yield `${paint('bold', cluster === '' ? 'All clusters' : `Cluster ${visible(cluster, 80)}`)}\n`;
    const rows = factors.map(({ name, value, unit, year, from, source }) => [
      name,
      value === null ? '-' : typeof value === 'number' ? plainNumber(value) : value,
      unit ?? '',
      year === null ? '' : String(year),
      from,
      source,
    ]);
    const lines = alignedRows(COLUMNS, rows);
    // On a narrow terminal where a factor is from stands below it.
    if (lines.every((line) => displayWidth(line) <= width)) {
      for (const line of lines) yield `${line}\n`;
      continue;
    }
    for (const { name, value, unit, year, from, source } of factors) {
      const figure = value === null ? '-' : typeof value === 'number' ? plainNumber(value) : value;
      yield `${name}  ${figure}${unit === null || value === null ? '' : ` ${unit}`}${year === null ? '' : ` (${year})`}\n`;
      yield `    ${from === '-' ? '' : `${from}; `}${source}\n`;
    }
  }
}
