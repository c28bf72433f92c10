import { SkippedLines } from '../carbon/intensity-line';
import type { Options } from 'yargs';
import { rootBecomesOwner } from '../archive/ledger-owner';
import { loadConfig, loadQuotas } from '../config/config';
import { EitError } from '../errors';
import type { QuotaState } from '../generated/report';
import { concerning, type QuotaData, quotaStates, unknownUse } from '../quota/evaluate';
import { writeState } from '../quota/state-folder';
import { stateTree } from '../quota/state-tree';
import type { View } from '../report/format';
import { visible, wrap } from '../report/printable';
import { quotaLines, quotaNote } from '../report/quota-lines';
import { counted, energyText } from '../report/units';
import { version } from '../version';
import type { CommandModule, Surroundings } from './command';
import { lastGiven } from './given';
import { noteNotRead } from './result-notes';
import { jsonText, painter } from './plain-text';
import { type QuotaAccess, readQuotaData, readUsersQuotaData } from './quota-data';
import { quotaCheckMain } from './quota-check-main';
import { readerOf } from './reader';
import { energyCurves } from './energy-curves';
import { siteFactors } from './site-factors';
import { terminalOf } from './terminal';
import { findUids } from './user-ids';

const CHECK_OPTIONS = ['user', 'account', 'partition', 'qos', 'max-age', 'dir'] as const;

const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe });

export const options: Readonly<Record<string, Options>> = {
  user: { alias: 'u', ...text('check: this user, name or uid') },
  account: { alias: 'A', ...text('check: this account') },
  partition: { alias: 'p', ...text('check: this partition') },
  qos: { alias: 'q', ...text('check: this QOS') },
  'max-age': text('check: minutes after which data are too old; default: 120'),
  dir: text('check: folder instead of quota_dir'),
  bar: {
    type: 'boolean',
    default: true,
    describe: 'bars of the shares on a terminal; --no-bar leaves them out',
  },
  json: { type: 'boolean', describe: 'print JSON' },
  config: text('config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml'),
};

export const examples: CommandModule['examples'] = [
  ['', 'your quotas; for an admin all, the most used first'],
  ['--json', 'the same for a program: QuotaList of schemas/report.schema.json'],
  ['refresh', 'writes the state of all quotas into quota_dir, for a timer'],
  [
    'check --user alice --account physics',
    'whether she may start a job: exit status 0, 3 (over) or 4 (unknown)',
  ],
];

export const epilogue =
  'A quota acts after the fact: what a job will use is not known when it starts, and Slurm cannot limit energy. docs/quotas.md ' +
  'describes the config, the files of refresh and how job_submit.lua reads them.';

/** `eit quota`, `eit quota refresh` and `eit quota check`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output } = surroundings;
  const action = lastGiven(argv['action']);
  if (action === 'check') return quotaCheckMain(checkArgs(argv));
  const given = CHECK_OPTIONS.find((name) => argv[name] !== undefined);
  if (given !== undefined) {
    throw new EitError('EIT_USAGE', `--${given} is an option of eit quota check`);
  }

  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const nowMs = Date.now();
  const factorsIn = siteFactors(loaded);
  const skipped = new SkippedLines();
  const access: QuotaAccess = {
    loaded,
    output,
    factorsIn,
    curvesOf: energyCurves({ loaded, factorsIn, nowMs, skipped }).curvesOf,
    nowMs,
    uid: surroundings.uid,
  };
  if (action === 'refresh') {
    const data = await readQuotaData(access, findUids);
    const { files, leftOut } = stateTree(quotaStates(data, null), data, nowMs);
    // The ledger was read as root; what is written is its owner's, whose next refresh has to replace it.
    rootBecomesOwner(loaded.config.quota_dir, process);
    writeState(loaded.config.quota_dir, files, nowMs);
    noteNotRead(output, data.skipped);
    if (leftOut.length > 0) {
      output.note(
        `no file of ${counted(leftOut.length, 'name')}: without a uid, or too long: ${leftOut.slice(0, 5).join(', ')}`,
      );
    }
    return 0;
  }

  const reader = readerOf(surroundings, loaded.config);
  const own = { uid: reader.uid, name: reader.name ?? undefined };
  const data = reader.isAdmin
    ? await readQuotaData(access, () => new Map())
    : await readUsersQuotaData(access, own);
  const states = reader.isAdmin
    ? quotaStates(data, null)
    : concerning(quotaStates(data, { name: reader.name ?? `uid:${reader.uid}`, uid: reader.uid }), own, data);
  const defaults = defaultsUsed(states, data);
  if (argv['json'] === true) {
    const list = {
      schema: 1,
      kind: 'quotas',
      tool_version: version,
      generated_at: new Date(nowMs).toISOString(),
      quotas: states,
      defaults_used: defaults,
      skipped_records: data.skipped.total,
    };
    await output.write([jsonText(list)]);
  } else {
    await output.write(listText(states, defaults, argv, surroundings, loaded.config.time_zone ?? 'local'));
    noteNotRead(output, data.skipped);
  }
  if (loadQuotas(loaded).length === 0) output.note('the site has no quotas: `quotas` in eit.yaml');
  else if (states.length === 0)
    output.note(reader.isAdmin ? 'no quota has anyone yet' : 'no quota concerns you');
  for (const { per, period, kWh } of reader.isAdmin ? unknownUse(data) : []) {
    output.note(
      `${energyText(kWh)} of runs that do not tell their ${per} are in no quota per ${per} (${period})`,
    );
  }
  return 0;
}

function* listText(
  states: readonly QuotaState[],
  defaults: readonly string[],
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
  timeZone: string,
): Generator<string> {
  if (states.length === 0) return;
  const paint = painter(surroundings);
  const terminal = terminalOf(argv, surroundings);
  const view: Pick<View, 'timeZone' | 'terminal'> = { timeZone, terminal };
  for (const [i, line] of quotaLines(states, view).entries()) {
    yield `${i === 0 ? paint('bold', line.text) : line.isOver ? paint('yellow', line.text) : line.text}\n`;
  }
  const notes = [
    quotaNote(states, view),
    ...(defaults.length === 0 ? [] : [`Defaults in force: ${visible(defaults.join('; '))}.`]),
  ];
  for (const line of terminal === null ? notes : notes.flatMap((note) => wrap(note, terminal.width)))
    yield `${line}\n`;
}

/** Of what a zone has kWh and money are the same; PUE and the like are in all. */
function defaultsUsed(states: readonly QuotaState[], { periods }: QuotaData): string[] {
  if (states.length === 0) return [];
  const hasCo2e = states.some(({ unit }) => unit === 'kgCO2e');
  const all = [...periods.values()].flatMap(({ runs, rates }) => {
    const clusters = new Set(runs.map(({ cluster }) => cluster));
    return [...(clusters.size === 0 ? [''] : clusters)].flatMap(
      (cluster) => rates.factorsOf(cluster).defaultsUsed,
    );
  });
  return [...new Set(all)].filter((told) => hasCo2e || !/^(zone|intensity) /.test(told));
}

/** What yargs has parsed, as the check takes it. */
function checkArgs(argv: Readonly<Record<string, unknown>>): string[] {
  const values = [...CHECK_OPTIONS, 'config'].flatMap((name) => {
    const value = lastGiven(argv[name]);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  return argv['json'] === true ? [...values, '--json'] : values;
}
