import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostName } from '../config/host-name';
import { trustedUids } from '../config/trust';
import { EitError, isErrno } from '../errors';
import type { EitConfig } from '../generated/config';
import { type Account, findAccount } from '../ledger/ledger-user';
import { lastValue } from '../slurm/slurm-conf-tree';
import { type Missing, isMissing } from '../sources/source';
import { type AgentProcess, readAgentProcess } from './agent-process';
import { askProgram, lastWords } from './asked-program';
import type { Surroundings } from './command';
import { checkAgent } from './doctor-agent';
import { checkMetrics } from './doctor-metrics';
import {
  checkAccessLists,
  checkArchives,
  checkHosts,
  checkLedgerOwner,
  checkLedgerRoom,
} from './doctor-archive';
import { checkCarbon } from './doctor-carbon';
import { type Check, type Patient, ok, problem, unknown, warning } from './doctor-check';
import { checkClock, checkLedgerClock } from './doctor-clock';
import { checkConfig, checkKillSwitch, checkLocal, checkPrograms, checkTrust } from './doctor-config';
import { checkQuotaReader, checkQuotas } from './doctor-quota';
import {
  checkCheckpoint,
  checkEvents,
  checkLedger,
  checkReadLedger,
  checkShipper,
  checkSpool,
  checkWriting,
} from './doctor-records';
import { type FoundRoles, findRoles, rolesText } from './doctor-role';
import { type Examination, type ExaminationPlan, Sections } from './doctor-sections';
import { checkCgroups, readMachinesConf } from './doctor-slurm';
import { checkGpus, checkSlurm } from './doctor-slurm-section';
import { checkSources, checkTopology } from './doctor-sources';
import { checkUnits } from './doctor-timers';
import { readLedgerHosts } from './ledger-hosts';
import { type ClockLook, probeClock, probeLedger, probeOwner } from './ledger-probe';
import { askNodes, askedStatus } from './status-ledger';

/** Where the kill switch lies; the hooks know it under this name only. */
const ETC = '/etc/eit';
const PROC = '/proc';
const UNITS = '/etc/systemd/system';
const SACCT_PATIENCE_MS = 20_000;
/** Hosts that have been silent for longer are no longer asked after. */
const HOSTS_DAYS = 30;

/** Looks at what belongs to this machine's roles. What can hang is asked for in child processes, or after they have shown that it does not. */
export async function examine(plan: ExaminationPlan): Promise<Examination> {
  const { surroundings } = plan;
  const { env, uid } = surroundings;
  const { checks: setup, loaded } = checkConfig(plan.config, env);
  const roles = rolesOf(plan, loaded?.config.state_dir ?? null, env);
  const sections = new Sections(plan, roles.roles);
  setup.unshift(ok('role', rolesText(roles)));
  if (sections.isRole('node')) setup.push(checkKillSwitch(ETC));
  setup.push(...checkPrograms());
  sections.add('setup', ['node', 'head', 'login'], () => setup);

  const conf = readMachinesConf(env);
  const policy = loaded?.config.policy ?? null;
  const trusted = trustedUids();
  sections.add('slurm', ['node', 'head', 'login'], () =>
    checkSlurm({ conf, env, roles: roles.roles, policy, proc: PROC, uids: trusted }),
  );
  sections.add('units', ['node', 'head'], () => checkUnits(env));
  sections.add('clock', ['node', 'head', 'login'], async () => [await checkClock(env)]);
  // Without a config nobody knows which folders are meant.
  if (loaded === null) return sections.done();

  const { config } = loaded;
  const nowMs = Date.now();
  const patient: Patient = { loaded, env, isRoot: uid === 0, host: hostName(), proc: PROC, nowMs };
  const local = checkLocal(patient);
  // What is not the host's own may hang whoever looks at it.
  if (local.length > 0) {
    sections.add('setup', ['node', 'head', 'login'], () => local);
    return sections.done();
  }
  const agent = readAgentProcess(config.state_dir, nowMs);
  addNode(sections, patient, agent, surroundings);
  const writer = once(() => writerOf(config, agent, uid));
  sections.add('ledger', ['node', 'head'], async () => [
    checkLedger(patient, await probeLedger(config.ledger, await writer())),
  ]);
  // Who makes reports need not write.
  if (!sections.isRole('node') && !sections.isRole('head'))
    sections.add('ledger', ['login'], async () => [
      checkReadLedger(patient, await probeLedger(config.ledger, null)),
    ]);
  sections.add('clock', ['node', 'head'], async () =>
    checkLedgerClock(await clockOf(config.ledger, await writer())),
  );
  sections.add('carbon', ['head', 'login'], () => checkCarbon(loaded, nowMs));
  sections.add('quotas', ['head'], () => checkQuotas(config, isMissing(conf) ? null : conf, nowMs));
  if (config.quotas.length > 0 || config.quotas_file !== undefined)
    sections.add('quotas', ['head'], () =>
      isMissing(conf) ? [] : checkQuotaReader(config.quota_dir, lastValue(conf.tree, 'SlurmUser') ?? 'root'),
    );
  sections.add('accounting', ['head', 'login'], () => checkSacct(env, !isMissing(conf)));
  // Without a slurm.conf sinfo looks for one in the network, for long.
  addLedger(sections, config, nowMs, { env, sinfo: isMissing(conf) ? 'none' : 'sinfo' });
  return sections.done();
}

function addNode(
  sections: Sections,
  patient: Patient,
  agent: AgentProcess | Missing,
  { env, userName }: Surroundings,
): void {
  const { config } = patient.loaded;
  const clock = {
    now: () => ({ monoNs: process.hrtime.bigint(), wallMs: Date.now() }),
    sleep: async (ms: number) => {
      await sleep(ms);
    },
  };
  sections.add('setup', ['node'], () => checkTrust(patient, agentProgram(), userName));
  sections.add('energy', ['node'], () => checkSources(patient, clock));
  sections.add('energy', ['node'], () => [checkTopology(patient)]);
  sections.add('energy', ['node'], () => checkGpus(env, config, patient.host));
  sections.add('slurm', ['node'], () => checkCgroups(patient));
  sections.add('agent', ['node'], () => [...checkAgent(patient, agent), ...checkMetrics(patient, agent)]);
  sections.add('agent', ['node'], () => checkEvents(patient, !isMissing(agent)));
  sections.add('agent', ['node'], () => checkCheckpoint(patient));
  sections.add('ledger', ['node'], () => [...checkShipper(patient), ...checkWriting(patient)]);
  sections.add('ledger', ['node'], async () =>
    checkSpool(patient, await probeLedger(config.spool_dir, isMissing(agent) ? null : agent)),
  );
}

/** What is read of the ledger itself, once a child process has shown that it answers. */
function addLedger(
  sections: Sections,
  config: EitConfig,
  nowMs: number,
  { env, sinfo }: { readonly env: NodeJS.ProcessEnv; readonly sinfo: string },
): void {
  const answers = once(() => probeLedger(config.ledger, null));
  const ifThere = async (check: () => Check[] | Promise<Check[]>): Promise<Check[]> => {
    const look = await answers();
    if (look.kind !== 'writable' && look.kind !== 'refused')
      return [unknown('archive', 'the ledger is not there, or gives no answer: see "ledger"')];
    try {
      return await check();
    } catch (error) {
      const cause = error instanceof EitError ? error.cause : error;
      if (!isErrno(cause, 'EACCES', 'EPERM')) throw error;
      return [unknown('archive', `this user may not read ${config.ledger}: run it as the ledger's owner`)];
    }
  };
  sections.add('archive', ['head'], () =>
    ifThere(async () => [
      checkLedgerOwner(config.ledger),
      checkLedgerRoom(config.ledger),
      await checkAccessLists(config),
      ...(await checkArchives(config, nowMs)),
    ]),
  );
  sections.add('hosts', ['head'], () =>
    ifThere(async () => {
      const nodes = askNodes(sinfo, env);
      const found = await readLedgerHosts(config.ledger, { nowMs, days: HOSTS_DAYS });
      return checkHosts(await askedStatus(config, env, nowMs, found, { silentForS: null, nodes }));
    }),
  );
}

async function checkSacct(env: NodeJS.ProcessEnv, hasConf: boolean): Promise<Check[]> {
  const name = 'sacct';
  if (!hasConf) return [unknown(name, 'no slurm.conf is here')];
  const args = ['-n', '-X', '-P', '-S', 'now-1minutes', '-o', 'JobIDRaw'];
  const beganMs = Date.now();
  const answer = await askProgram('sacct', args, { env, timeoutMs: SACCT_PATIENCE_MS });
  if (isMissing(answer)) return [unknown(name, answer.missing)];
  if (/accounting storage is disabled/i.test(answer.stderr + answer.stdout))
    return [
      warning(
        name,
        'this Slurm keeps no accounting: reports know no names, states and QOS of jobs',
        'AccountingStorageType=accounting_storage/slurmdbd',
      ),
    ];
  return answer.status === 0
    ? [ok(name, `it answers, in ${Date.now() - beganMs} ms`)]
    : [problem(name, lastWords(answer), 'systemctl status slurmdbd; AccountingStorageType in slurm.conf')];
}

type Writer = Pick<Account, 'uid' | 'gid'> | null;

/**
 * Who writes the ledger: the user of eit.yaml, else whom the agent runs as, else, where root asks, the folder's owner: where compaction
 * runs there is no agent, and on NFS root may be nobody. null: whoever asks.
 * @throws EitError EIT_LEDGER_USER
 */
async function writerOf(
  { ledger_user: user, ledger }: EitConfig,
  agent: AgentProcess | Missing,
  uid: number,
): Promise<Writer> {
  if (user !== undefined) return findAccount(user);
  if (!isMissing(agent)) return agent;
  return uid === 0 ? probeOwner(ledger) : null;
}

/** null: the ledger does not answer, which another line says. */
async function clockOf(ledger: string, writer: Writer): Promise<ClockLook | null> {
  const look = await probeLedger(ledger, writer);
  return look.kind === 'writable' ? probeClock(ledger, writer) : null;
}

function rolesOf({ roles }: ExaminationPlan, stateDir: string | null, env: NodeJS.ProcessEnv): FoundRoles {
  if (roles !== null) return { roles, because: '--role says so' };
  return findRoles({
    proc: PROC,
    stateDir,
    units: UNITS,
    path: env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
  });
}

/** dist/eit-agent.js of this installation. */
function agentProgram(): string {
  return join(dirname(realpathSync(process.argv[1] ?? __filename)), 'eit-agent.js');
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
