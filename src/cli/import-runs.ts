import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DateTime, IANAZone } from 'luxon';
import type { Options } from 'yargs';
import { writeWhole } from '../archive/whole-file';
import { loadConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import type { FactLine } from '../generated/facts';
import { importRuns, type TakenRun } from '../imports/import-folder';
import { coverageOf, energyJ, type ImportedRun } from '../imports/imported-run';
import { classOfDomain } from '../runs/domain-class';
import { OWN_CLUSTER } from '../own-run/run-lines';
import { counted, energyText, percentText } from '../report/units';
import { version } from '../version';
import type { Surroundings } from './command';
import { changeFacts, FACTS_NAME } from './facts-file';
import { makeFolders } from './make-folders';
import { checkOwnFolder } from './own-folder';
import { alignedRows, jsonText } from './plain-text';
import { localTimeZone } from './time-zone';

/** Without --to: the same folder as eit run's. */
const DEFAULT_FOLDER = 'eit-runs';

const J_PER_KWH = 3.6e6;

/** Options of each kind of import. */
export const IMPORT_OPTIONS: Readonly<Record<string, Options>> = {
  to: {
    type: 'string',
    requiresArg: true,
    describe: `the folder to write into, made where there is none; default: ${DEFAULT_FOLDER}`,
  },
  'time-zone': {
    type: 'string',
    requiresArg: true,
    describe: 'in which the clock of the machine was that wrote the log, such as Europe/Berlin',
  },
  json: { type: 'boolean', describe: 'print JSON' },
};

/** What a command has found. */
export interface Found {
  readonly runs: readonly ImportedRun[];
  /** Logs that could not be read, and why. */
  readonly refused: readonly string[];
}

/**
 * Writes runs into the folder that --to names, tells what was written, and says what was wrong.
 * @returns the exit status: 1 where no log could be read
 */
export async function takeRuns(
  { runs, refused }: Found,
  argv: Readonly<Record<string, unknown>>,
  { env, output, uid, userName }: Surroundings,
): Promise<number> {
  const folder = typeof argv['to'] === 'string' ? argv['to'] : DEFAULT_FOLDER;
  const facts = join(resolve(folder), FACTS_NAME);
  checkOwnFolder(folder, loadConfig({ env }).config.ledger, { code: 'EIT_IMPORT', option: '--to' });
  checkHasFacts(folder);
  const taken =
    runs.length === 0
      ? []
      : await importRuns(runs, {
          folder: resolve(folder),
          owner: { uid, user: userName, tool: version },
          facts: { name: FACTS_NAME, change: (make) => changeFacts(facts, make), of: factsOf },
          writeWhole,
          makeFolders,
        });
  if (argv['json'] === true)
    await output.write([jsonText({ schema: 1, folder: resolve(folder), runs: taken.map(runJson), refused })]);
  else if (taken.length > 0) await output.write(tableText(taken, folder).map((line) => `${line}\n`));
  for (const { run, hasGrown, job } of taken) {
    for (const note of run.notes) output.note(`${run.place}: ${note}`);
    if (hasGrown)
      output.note(
        `${run.place}: job ${job} was imported while it ran and is left as it was; into another folder (--to DIR) it comes whole`,
      );
  }
  for (const reason of refused) output.note(`not imported: ${reason}`);
  return taken.length === 0 ? 1 : 0;
}

/** The numbers that eit run gave stand nowhere else. @throws EitError EIT_IMPORT where the folder lacks the facts of its runs */
function checkHasFacts(folder: string): void {
  const inbox = join(folder, OWN_CLUSTER, 'inbox');
  if (!existsSync(inbox) || readdirSync(inbox).length === 0 || existsSync(join(folder, FACTS_NAME))) return;
  throw new EitError(
    'EIT_IMPORT',
    `${visible(folder, 200)} has runs and no ${FACTS_NAME} that says which numbers are taken: bring it back, or give another folder (--to DIR)`,
  );
}

function factsOf(run: ImportedRun, job: number): FactLine {
  return {
    schema: 1,
    cluster: run.cluster,
    job,
    started: new Date(run.fromMs).toISOString(),
    at: new Date().toISOString(),
    tags: Object.fromEntries(Object.entries(run.tags).map(([name, value]) => [name, tagText(value)])),
  };
}

/** Tags have nothing in them that is not seen. */
function tagText(value: string): string {
  return Array.from(visible(value, 200)).slice(0, 240).join('');
}

/** Energies by class without PUE, and all of them with that of the tool. */
interface RunKwh {
  readonly cpu: number;
  readonly gpu: number;
  readonly dram: number;
  readonly other: number;
  readonly it: number;
  readonly measured: number;
  /** With the tool's own PUE; null: it told none. */
  readonly withToolPue: number | null;
}

function kwhOf({ domains, toolPue }: ImportedRun): RunKwh {
  const of = (name: string): number =>
    domains.reduce(
      (sum, domain) => (classOfDomain(domain.name) === name ? sum + energyJ(domain) / J_PER_KWH : sum),
      0,
    );
  const [cpu, gpu, dram, other] = [of('cpu'), of('gpu'), of('dram'), of('other')];
  const it = cpu + gpu + dram + other;
  const measured = domains.reduce((sum, domain) => sum + energyJ(domain, true) / J_PER_KWH, 0);
  return { cpu, gpu, dram, other, it, measured, withToolPue: toolPue === null ? null : it * toolPue };
}

function runJson({ run, job, isKnown, hasGrown }: TakenRun): Record<string, unknown> {
  const { cpu, gpu, dram, other, it, measured, withToolPue } = kwhOf(run);
  return {
    ...{ job, cluster: run.cluster, source: run.source, place: run.place },
    ...{ known: isKnown, grown: hasGrown },
    ...{ from: new Date(run.fromMs).toISOString(), to: new Date(run.toMs).toISOString() },
    energy_kwh: { cpu, gpu, dram, other, it },
    measured_fraction: it > 0 ? measured / it : null,
    coverage: coverageOf(run),
    tool_pue: run.toolPue,
    energy_kwh_with_tool_pue: withToolPue,
    tags: run.tags,
    notes: run.notes,
  };
}

function tableText(taken: readonly TakenRun[], folder: string): string[] {
  const rows = taken.map(({ run, job, isKnown }) => {
    const kwh = kwhOf(run);
    return [
      String(job),
      new Date(run.fromMs).toISOString().slice(0, 19).replace('T', ' '),
      `${Math.round((run.toMs - run.fromMs) / 1000)} s`,
      energyText(kwh.cpu),
      energyText(kwh.gpu),
      energyText(kwh.it),
      kwh.withToolPue === null ? '-' : `${Number(kwh.withToolPue.toPrecision(6))} kWh`,
      percentText(coverageOf(run)),
      kwh.it > 0 ? percentText(kwh.measured / kwh.it) : '-',
      isKnown ? 'was there' : 'new',
      run.place,
    ];
  });
  const fresh = taken.filter(({ isKnown }) => !isKnown).length;
  const clusters = [...new Set(taken.map(({ run }) => run.cluster))];
  const pues = [...new Set(taken.flatMap(({ run }) => run.toolPue ?? []))];
  return [
    ...alignedRows(
      [
        { title: 'Job', align: 'right' },
        { title: 'Begin (UTC)' },
        { title: 'Time', align: 'right' },
        { title: 'CPU', align: 'right' },
        { title: 'GPU', align: 'right' },
        { title: 'Energy', align: 'right' },
        { title: "With the tool's PUE", align: 'right' },
        { title: 'Coverage', align: 'right' },
        { title: 'Measured', align: 'right' },
        { title: '' },
        { title: 'Log' },
      ],
      rows,
    ),
    '',
    `${counted(fresh, 'run')} written to ${visible(folder)}, ${taken.length - fresh} known before. Records have no PUE in them: reports take ` +
      `the site's, or what eit.yaml has for the cluster ${clusters.join(', ')}` +
      (pues.length === 1 && pues[0] !== 1 ? ` (clusters: {${clusters[0]}: {pue: ${pues[0]}}}).` : '.'),
    `  eit compare --from ${visible(folder)} --set A=1 --set B=2`,
  ];
}

/**
 * The time zone that --time-zone names.
 * @returns null where it names none
 * @throws EitError EIT_USAGE
 */
export function zoneOf(argv: Readonly<Record<string, unknown>>): string | null {
  const zone = argv['time-zone'];
  if (typeof zone !== 'string') return null;
  if (zone.toLowerCase() === 'utc' || IANAZone.isValidZone(zone)) return zone;
  throw new EitError(
    'EIT_USAGE',
    `--time-zone ${visible(zone, 80)} is no time zone; give a name such as Europe/Berlin, or UTC`,
  );
}

/** As `zoneOf`; that of this machine where none is named. */
export function zoneOrLocal(argv: Readonly<Record<string, unknown>>): string {
  return zoneOf(argv) ?? localTimeZone();
}

/** Unix ms of what a clock in a time zone showed. @param wallMs as if it were UTC */
export function wallReaderIn(zone: string): (wallMs: number) => number {
  return (wallMs) =>
    DateTime.fromMillis(wallMs, { zone: 'utc' }).setZone(zone, { keepLocalTime: true }).toMillis();
}
