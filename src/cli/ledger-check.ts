import { join, resolve } from 'node:path';
import type { Options } from 'yargs';
import { checkArchive, type ArchiveCheck } from '../archive/check-archive';
import { REPORT_LIMITS, withDuckDb } from '../archive/duckdb';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { ledgerClusters } from '../ledger/inbox-files';
import { counted } from '../report/units';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { bytesText, jsonText } from './plain-text';

const SHOWN_CHARACTERS = 80;

export const options: Readonly<Record<string, Options>> = {
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'whether the archive holds what was taken in, and which lines were refused'],
];

export const epilogue =
  'check: reads the whole archive and compares each month with what was taken from the inbox, and totals with what their days hold, to the microjoule. Exit status 1 where something is ' +
  'wrong with the archive; lines that were refused, and hosts whose clock was ahead, are listed and are no fault of it.';

/** `eit ledger check`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const path = [argv['config']].flat().findLast((value) => typeof value === 'string');
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const ledger = typeof argv['folder'] === 'string' ? resolve(argv['folder']) : config.ledger;
  const nowMs = Date.now();
  const checks = await withDuckDb(REPORT_LIMITS, async (connection) => {
    const found: ArchiveCheck[] = [];
    for (const cluster of await ledgerClusters(ledger)) {
      const progress = output.progress(`${cluster}: comparing months`);
      found.push(
        await checkArchive(connection, join(ledger, cluster), cluster, nowMs, (done, all) =>
          progress.update(done, all),
        ),
      );
      progress.done();
    }
    return found;
  });
  await output.write(argv['json'] === true ? [jsonText(checks.map(shortened))] : checks.flatMap(textOf));
  return checks.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

function shortened({ manifest, ahead, ...check }: ArchiveCheck): object {
  const hosts = ahead.map(({ host, lines, lastMs }) => ({ host, lines, until: isoText(lastMs) }));
  return {
    ...check,
    ahead: hosts,
    data_until: manifest?.data_until ?? null,
    generation: manifest?.generation ?? 0,
  };
}

function textOf({ cluster, manifest, parts, bytes, refused, ahead, problems }: ArchiveCheck): string[] {
  const state =
    manifest === null
      ? 'nothing compacted yet'
      : `${parts} parts, ${bytesText(bytes)}, data until ${manifest.data_until ?? '-'}`;
  const verdict = problems.length > 0 ? '' : manifest === null ? '' : '; each month holds what was taken in';
  return [
    `${cluster}: ${state}${verdict}.\n`,
    ...problems.map((problem) => `  wrong: ${visible(problem)}\n`),
    ...ahead.map(
      ({ host, lines, lastMs }) =>
        `  clock ahead: ${visible(host)}: ${counted(lines, 'line')} in the future, until ${isoText(lastMs)}; counted, and not in "data until"\n`,
    ),
    ...refused.map(
      ({ day, host, offset, reason, line }) =>
        `  refused: ${day}/${visible(host)} at byte ${offset}: ${reason}: ${visible(line?.slice(0, SHOWN_CHARACTERS) ?? '')}\n`,
    ),
  ];
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}
