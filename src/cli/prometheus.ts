import { resolve } from 'node:path';
import type { Options } from 'yargs';
import { loadConfig } from '../config/config';
import { EitError } from '../errors';
import { exposition, type MetricFamily } from '../metrics/exposition';
import { writeMetricsFile } from '../metrics/metrics-file';
import { ledgerMetrics } from '../report/ledger-metrics';
import { visible } from '../report/printable';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { readLedgerFigures } from './ledger-figures';
import type { Output } from './output';
import { jsonText } from './plain-text';
import { serveMetrics } from './prometheus-server';

const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

export const options: Readonly<Record<string, Options>> = {
  output: {
    alias: 'o',
    ...text(
      "this file in place of the terminal, replaced at once: eit-ledger.prom in node_exporter's folder",
    ),
  },
  window: { ...text('what gauges are of: the last hours or days, such as 24h or 30d'), default: '24h' },
  accounts: { type: 'boolean', describe: 'figures by account too' },
  'top-users': text('figures of so many users too, those with the most energy in the window; default: none'),
  quotas: {
    type: 'boolean',
    describe: 'what of the quotas is used; of users only with --top-users',
  },
  'silent-after': text('minutes after which a host that sent nothing is silent; default: 60'),
  listen: text('answer Prometheus at this address until told to end, such as 127.0.0.1:9418'),
  json: { type: 'boolean', describe: 'print JSON' },
  config: text('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['', 'figures of each cluster and partition, as Prometheus reads them'],
  [
    '-o /var/lib/prometheus/node-exporter/eit-ledger.prom',
    "for node_exporter's textfile collector, from a timer",
  ],
  ['--listen 127.0.0.1:9418', 'for a Prometheus on this machine, in place of a file'],
  ['--window 7d --accounts --quotas', 'gauges of a week, accounts and quotas too'],
];

export const epilogue =
  'It reads the whole ledger, so it is for its user or an admin. Whoever may read Prometheus sees what it prints: users are in it ' +
  'only with --top-users. docs/monitoring.md has every metric, alerts and a dashboard.';

const MOST_USERS = 1000;

/** Compaction runs each ten minutes, so more often there is little new. */
const LISTEN_MAX_AGE_MS = 300_000;

/** `eit prometheus`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output, uid }: Surroundings,
): Promise<number> {
  const path = lastGiven(argv['config']);
  const window = windowOf(lastGiven(argv['window']) ?? '24h');
  const topUsers = wholeNumber('--top-users', lastGiven(argv['top-users']) ?? '0', MOST_USERS);
  const silentAfterMs =
    wholeNumber('--silent-after', lastGiven(argv['silent-after']) ?? '60', 100_000) * 60_000;
  const file = lastGiven(argv['output']);
  if (file !== undefined && argv['json'] === true)
    throw new EitError('EIT_USAGE', '--json is printed: leave --output out');
  if (file !== undefined && !file.endsWith('.prom'))
    throw new EitError(
      'EIT_USAGE',
      `--output ${visible(file)}: node_exporter reads files that end in .prom alone`,
    );
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const collect = async (): Promise<MetricFamily[]> =>
    ledgerMetrics(
      await readLedgerFigures({
        loaded,
        output,
        uid,
        nowMs: Date.now,
        window,
        silentAfterMs,
        topUsers,
        withAccounts: argv['accounts'] === true,
        withQuotas: argv['quotas'] === true,
      }),
    );
  const address = lastGiven(argv['listen']);
  if (address !== undefined) {
    if (file !== undefined || argv['json'] === true)
      throw new EitError('EIT_USAGE', '--listen: leave --output and --json out');
    await listen(address, async () => exposition(await collect()), output);
    return 0;
  }
  const families = await collect();
  if (file !== undefined) await writeTo(resolve(file), exposition(families));
  else await output.write([argv['json'] === true ? jsonText(families) : exposition(families)]);
  return 0;
}

/** Until SIGTERM or SIGINT. */
async function listen(address: string, collect: () => Promise<string>, output: Output): Promise<void> {
  const [, named = '', port = ''] = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(address) ?? [];
  const host = named.replace(/^\[(.*)\]$/, '$1');
  if (host === '' || Number(port) > 65_535)
    throw new EitError(
      'EIT_USAGE',
      `--listen: ${visible(address)} is no address with a port, such as 127.0.0.1:9418`,
    );
  const { url, server } = await serveMetrics({
    host,
    port: Number(port),
    collect,
    maxAgeMs: LISTEN_MAX_AGE_MS,
    nowMs: () => performance.now(),
    warn: (told) => output.note(told),
  });
  const isOpen = !['127.0.0.1', '::1', 'localhost'].includes(host);
  output.note(
    `answers at ${url}${isOpen ? ': to everybody who reaches this machine, without asking who' : ''}`,
  );
  await new Promise<void>((ended) => {
    const end = (): void => {
      server.closeAllConnections();
      server.close(() => ended());
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  });
}

async function writeTo(path: string, content: string): Promise<void> {
  try {
    await writeMetricsFile(path, content);
  } catch (cause) {
    const why = `--output: cannot write ${visible(path)}: ${String(cause)}; mend: a folder that this user may write`;
    throw new EitError('EIT_USAGE', why, { cause });
  }
}

function windowOf(name: string): { name: string; ms: number } {
  const { count, unit } = /^(?<count>[1-9]\d{0,3})(?<unit>[hd])$/.exec(name)?.groups ?? {};
  if (count === undefined)
    throw new EitError(
      'EIT_USAGE',
      `--window: ${visible(name)} is no time; expected hours or days, such as 24h or 30d`,
    );
  return { name, ms: Number(count) * (unit === 'd' ? 86_400_000 : 3_600_000) };
}

function wholeNumber(option: string, value: string, most: number): number {
  if (/^\d{1,9}$/.test(value) && Number(value) <= most) return Number(value);
  throw new EitError('EIT_USAGE', `${option}: ${visible(value)} is no whole number up to ${most}`);
}
