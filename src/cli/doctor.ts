import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from 'yargs';
import { hostName } from '../config/host-name';
import { EitError } from '../errors';
import type { EitConfig } from '../generated/config';
import { type Account, findAccount } from '../ledger/ledger-user';
import { displayWidth, pad, visible } from '../report/printable';
import { type Missing, isMissing } from '../sources/source';
import { type AgentProcess, readAgentProcess } from './agent-process';
import type { CommandModule, Surroundings } from './command';
import { checkAgent } from './doctor-agent';
import { type Check, type Patient, type Verdict, problem } from './doctor-check';
import { checkConfig, checkKillSwitch, checkLocal, checkPrograms, checkTrust } from './doctor-config';
import {
  checkCheckpoint,
  checkEvents,
  checkLedger,
  checkShipper,
  checkSpool,
  checkWriting,
} from './doctor-records';
import { checkCgroups, checkSlurmConf } from './doctor-slurm';
import { checkSources, checkTopology } from './doctor-sources';
import { probeLedger } from './ledger-probe';
import { type Colour, jsonText, painter } from './plain-text';

/** Where the kill switch lies; the hooks know it under this name only. */
const ETC = '/etc/eit';

export const options: Readonly<Record<string, Options>> = {
  json: { type: 'boolean', describe: 'print JSON' },
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'config file; default: $EIT_CONFIG, else /etc/eit/eit.yaml',
  },
};

export const examples: CommandModule['examples'] = [
  ['', 'looks at everything on this host that figures come from'],
  ['--json', 'the same for a program'],
];

export const epilogue =
  'Run it on a node, as root: without root it says what it could not look at. It changes nothing. Exit status 0 without problems ' +
  '(warnings are none), 1 with.';

/** Looks at everything, and prints a line a check. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const path = [argv['config']].flat().findLast((value) => typeof value === 'string');
  const checks = await examine(path, surroundings);
  const text =
    argv['json'] === true
      ? [jsonText({ host: hostName(), at: new Date().toISOString(), isRoot: surroundings.uid === 0, checks })]
      : checksText(checks, surroundings.uid === 0, painter(surroundings));
  await surroundings.output.write(text);
  return checks.some(({ verdict }) => verdict === 'problem') ? 1 : 0;
}

async function examine(path: string | undefined, { env, uid, userName }: Surroundings): Promise<Check[]> {
  const { checks, loaded } = checkConfig(path, env);
  checks.push(checkKillSwitch(ETC), ...checkPrograms());
  const slurm = guarded('slurm.conf', () => checkSlurmConf(env));
  // Without a config nobody knows which folders are meant.
  if (loaded === null) return [...checks, ...(await slurm)];

  const { config } = loaded;
  const nowMs = Date.now();
  const patient: Patient = { loaded, env, isRoot: uid === 0, host: hostName(), proc: '/proc', nowMs };
  const local = checkLocal(patient);
  // What is not the host's own may hang whoever looks at it.
  if (local.length > 0) return [...checks, ...local, ...(await slurm)];
  const agent = readAgentProcess(config.state_dir, nowMs);
  const clock = {
    now: () => ({ monoNs: process.hrtime.bigint(), wallMs: Date.now() }),
    sleep: async (ms: number) => {
      await sleep(ms);
    },
  };
  const sections = await Promise.all([
    guarded('trust', () => checkTrust(patient, agentProgram(), userName)),
    guarded('energy', () => checkSources(patient, clock)),
    guarded('CPUs', () => [checkTopology(patient)]),
    guarded('cgroups', () => checkCgroups(patient)),
    slurm,
    guarded('agent', () => checkAgent(patient, agent)),
    guarded('events', () => checkEvents(patient, !isMissing(agent))),
    guarded('checkpoint', () => checkCheckpoint(patient)),
    guarded('ledger', async () => [
      checkLedger(patient, await probeLedger(config.ledger, await writerOf(config, agent))),
    ]),
    guarded('shipper', () => [...checkShipper(patient), ...checkWriting(patient)]),
    guarded('spool', async () =>
      checkSpool(patient, await probeLedger(config.spool_dir, isMissing(agent) ? null : agent)),
    ),
  ]);
  return [...checks, ...sections.flat()];
}

/** Who writes the ledger; null: whoever asks, since nobody does yet. @throws EitError EIT_LEDGER_USER */
async function writerOf(
  { ledger_user: user }: EitConfig,
  agent: AgentProcess | Missing,
): Promise<Pick<Account, 'uid' | 'gid'> | null> {
  if (user !== undefined) return findAccount(user);
  return isMissing(agent) ? null : agent;
}

/** One check that fails does not keep the others from being seen. */
async function guarded(name: string, check: () => Check[] | Promise<Check[]>): Promise<Check[]> {
  try {
    return await check();
  } catch (error) {
    const code = error instanceof EitError ? `${error.code}: ` : '';
    return [
      problem(
        name,
        `this could not be looked at: ${code}${error instanceof Error ? error.message : String(error)}`,
      ),
    ];
  }
}

/** dist/eit-agent.js of this installation. */
function agentProgram(): string {
  return join(dirname(realpathSync(process.argv[1] ?? __filename)), 'eit-agent.js');
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
  checks: readonly Check[],
  isRoot: boolean,
  paint: ReturnType<typeof painter> = (_, text) => text,
): Iterable<string> {
  const width = Math.max(0, ...checks.map(({ name }) => displayWidth(visible(name))));
  const indent = ' '.repeat(WIDEST_VERDICT + width + 4);
  for (const { name, verdict, text, mend } of checks) {
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
