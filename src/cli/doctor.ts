import type { Options } from 'yargs';
import { hostName } from '../config/host-name';
import { EitError } from '../errors';
import type { DoctorReport } from '../generated/doctor';
import { displayWidth, pad, visible } from '../report/printable';
import { version } from '../version';
import type { CommandModule, Surroundings } from './command';
import { type Check, TOPICS, type Topic, type Verdict } from './doctor-check';
import { examine } from './doctor-examine';
import type { Examination } from './doctor-sections';
import { ROLES } from './doctor-role';
import { CONFIG_OPTION } from './given';
import { type Colour, jsonText, painter } from './plain-text';
import { TerminalLine } from './terminal-line';

export const options: Readonly<Record<string, Options>> = {
  role: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: `what this machine is (${ROLES.join(', ')}); default: what runs here says so`,
  },
  topic: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: `look at these only: ${TOPICS.join(', ')}`,
  },
  json: { type: 'boolean', describe: 'print JSON (schemas/doctor.schema.json)' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'looks at everything on this machine that figures come from'],
  ['--role head --topic archive --topic hosts', 'is the ledger up to date, and which hosts are silent'],
  ['--json', 'the same for a program'],
];

export const epilogue =
  'Run it as root, on a node, on the controller and where the ledger is: without root it says what it could not look at. It changes nothing, ' +
  'but for an empty file in the ledger that it makes and removes to see its clock and its access lists. What is unknown was skipped, with the reason. ' +
  'Exit status 0 without problems (warnings are none), 1 with.';

/** Looks at everything, and prints a line a check. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const path = [argv['config']].flat().findLast((value) => typeof value === 'string');
  const isRoot = surroundings.uid === 0;
  const progress = new TerminalLine(surroundings.output);
  let found: Examination;
  try {
    found = await examine({
      config: path,
      roles: chosen(argv['role'], '--role', ROLES),
      topics: chosen(argv['topic'], '--topic', TOPICS) ?? TOPICS,
      surroundings,
      onWait: (topics) => progress.show(`looking at ${topics.join(', ')}`),
    });
  } finally {
    progress.clear();
  }
  const { checks, roles } = found;
  const isWell = !checks.some(({ verdict }) => verdict === 'problem');
  const report: DoctorReport = {
    schema: 1,
    tool: version,
    host: hostName(),
    at: new Date().toISOString(),
    isRoot,
    roles: [...roles],
    ok: isWell,
    checks: [...checks],
  };
  await surroundings.output.write(
    argv['json'] === true ? [jsonText(report)] : checksText(checks, isRoot, painter(surroundings)),
  );
  return isWell ? 0 : 1;
}

/**
 * What was named of a list, several times or with commas; null: nothing.
 * @throws EitError EIT_USAGE for what is none of it
 */
function chosen<T extends string>(value: unknown, option: string, all: readonly T[]): T[] | null {
  const words = [value].flat().flatMap((one) => (typeof one === 'string' ? one.split(',') : []));
  const names: readonly string[] = all;
  const wrong = words.find((word) => !names.includes(word));
  if (wrong !== undefined)
    throw new EitError('EIT_USAGE', `${option} ${JSON.stringify(wrong)}: expected ${all.join(', ')}`);
  return words.length === 0 ? null : all.filter((one) => words.includes(one));
}

const COLOURS: Readonly<Record<Verdict, Colour>> = {
  ok: 'green',
  warning: 'yellow',
  problem: 'red',
  unknown: 'dim',
};
const WIDEST_VERDICT = 'problem'.length;

/** A line a check, its mending below it, and how many there are. */
export function* checksText(
  checks: readonly (Check & { readonly topic?: Topic })[],
  isRoot: boolean,
  paint: ReturnType<typeof painter> = (_, text) => text,
): Iterable<string> {
  const width = Math.max(0, ...checks.map(({ name }) => displayWidth(visible(name))));
  const indent = ' '.repeat(WIDEST_VERDICT + width + 4);
  let latest: Topic | undefined;
  for (const { topic, name, verdict, text, mend } of checks) {
    if (topic !== undefined && topic !== latest)
      yield `${latest === undefined ? '' : '\n'}${paint('bold', topic)}\n`;
    latest = topic;
    const [first = '', ...more] = text.split('\n').map((line) => visible(line));
    const label = paint(COLOURS[verdict], pad(verdict, WIDEST_VERDICT, 'left'));
    yield `${label}  ${pad(visible(name), width, 'left')}  ${first}\n`;
    for (const line of more) yield `${indent}${line}\n`;
    if (mend !== undefined) yield `${indent}mend: ${visible(mend)}\n`;
  }
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  const parts = (['problem', 'warning'] as const).map(
    (verdict) => `${count(verdict)} ${verdict}${count(verdict) === 1 ? '' : 's'}`,
  );
  yield `\n${parts.join(', ')}\n`;
  if (count('unknown') > 0)
    yield `${count('unknown')} unknown${isRoot ? '' : '; as root more can be looked at'}\n`;
}
