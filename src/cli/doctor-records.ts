import { existsSync, readdirSync, statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import { pruningText } from '../ledger/pruned';
import { SHIPPER_DIR } from '../ledger/spool-file';
import { durationText } from '../report/units';
import { isMissing } from '../sources/source';
import { readAgentTroubles } from './agent-log';
import { readAgentState } from './agent-process';
import { type Check, type Patient, ok, problem, unknown, warning } from './doctor-check';
import type { LedgerLook } from './ledger-probe';
import { lockHolder } from './lock-holder';
import { bytesText } from './plain-text';
import { readSpoolState } from './spool-state';

/** A shipper waits for its turn, once a stretch; what waits for longer than two, or these, waits for a person. */
const LATE_S = 600;
const TOO_LATE_S = 3600;
const LATE_STRETCHES = 2;
const FEWEST_FREE_BYTES = 100e6;

/** What a child process found at the ledger. */
export function checkLedger({ loaded }: Pick<Patient, 'loaded'>, look: LedgerLook): Check {
  const { ledger, var_dir: varDir } = loaded.config;
  const name = 'ledger';
  const asWhom = look.asUid === null ? '' : `, as uid ${look.asUid}`;
  switch (look.kind) {
    case 'writable':
      return ok(name, `${ledger} can be written${asWhom}`);
    case 'absent':
      return ledger.startsWith(`${varDir}/`)
        ? ok(name, `${ledger} is made with the first record`)
        : problem(
            name,
            `${ledger} is not there`,
            `mount it; only for a new ledger: install -d -m 0711 ${ledger}`,
          );
    case 'refused':
      return problem(
        name,
        `${ledger} cannot be written${asWhom}: ${refusalText(look.reason)}`,
        look.reason === 'EROFS' ? REMOUNT : 'docs/install.md, 3: who must be able to',
      );
    case 'no answer':
      return problem(
        name,
        `${ledger} gave no answer in ${look.timeoutS} s: its file system hangs; records wait in the spool`,
        'the server of that file system',
      );
    case 'not asked':
      return unknown(name, `${ledger}: ${look.reason}`);
  }
}

/** Of who only reads: private folders in it are listed by nobody but their owner, which is no fault. */
export function checkReadLedger(patient: Pick<Patient, 'loaded'>, look: LedgerLook): Check {
  return look.kind === 'refused'
    ? ok('ledger', `${patient.loaded.config.ledger} is there; this user does not write it`)
    : checkLedger(patient, look);
}

const REMOUNT = 'mount its file system read-write';

/** What the system said, and what that means. */
function refusalText(reason: string): string {
  if (reason === 'EROFS') return `${reason}, its file system is read-only`;
  if (reason === 'EACCES' || reason === 'EPERM') return `${reason}, its owner and mode do not let that user`;
  return reason;
}

/**
 * Whether records get out of this host.
 * @param look what a child process found at the spool's folder, as the agent's user
 */
export function checkSpool({ loaded, nowMs }: Pick<Patient, 'loaded' | 'nowMs'>, look: LedgerLook): Check[] {
  const { spool_dir: dir } = loaded.config;
  const spool = readSpoolState(dir);
  if (isMissing(spool)) {
    const text = spool.missing;
    return [existsSync(dir) ? unknown('spool', text) : ok('spool', `${text}: the agent makes it`)];
  }
  const ageS = spool.oldestWaitingMs === null ? 0 : Math.max(0, (nowMs - spool.oldestWaitingMs) / 1000);
  const waiting =
    spool.waitingLines === 0
      ? 'nothing waits'
      : `${spool.waitingLines} records (${bytesText(spool.waitingBytes)}) wait, the oldest for ${durationText(Math.round(ageS))}`;
  const text = `${dir}: ${waiting}`;
  const mend = 'the ledger above, and the messages of the shipper in agent.log';
  const turnsS = LATE_STRETCHES * loaded.config.agent.record_seconds;
  const checks =
    ageS > Math.max(TOO_LATE_S, turnsS)
      ? [problem('spool', text, mend)]
      : [ageS > Math.max(LATE_S, turnsS) ? warning('spool', text, mend) : ok('spool', text)];
  checks.push(...checkWritable(dir, look));
  if (spool.pruned !== null) {
    const { lastMs, energyLines, refusedLines } = spool.pruned;
    const gone = `the spool was larger than spool_max_mb, last ${iso(lastMs)}; gone: ${pruningText(spool.pruned)}`;
    const isEnergy = energyLines + refusedLines > 0;
    const seen = `${dir}/pruned.json counts it: remove that file when it is known`;
    checks.push(isEnergy ? problem('spool', gone, seen) : warning('spool', gone, seen));
  }
  if (spool.refusedLines > 0)
    checks.push(
      warning(
        'spool',
        `${spool.refusedLines} records in refused.ndjson are in no report: a bug`,
        'please report it',
      ),
    );
  return checks;
}

/** Whether more can be written to the spool; a file system that is read-only mostly has nothing free, and is not full. */
function checkWritable(dir: string, look: LedgerLook): Check[] {
  if (look.kind === 'refused') {
    const asWhom = look.asUid === null ? '' : `, as uid ${look.asUid}`;
    const text = `${dir} cannot be written${asWhom}: ${refusalText(look.reason)}; records wait in the agent's memory`;
    return [
      problem('spool', text, look.reason === 'EROFS' ? REMOUNT : "its owner has to be the agent's user"),
    ];
  }
  const { bavail, bsize, blocks, ffree, files } = statfsSync(dir);
  const freeBytes = bavail * bsize;
  if (freeBytes < FEWEST_FREE_BYTES) {
    const text = `${bytesText(freeBytes)} of ${bytesText(blocks * bsize)} are free there`;
    return [problem('spool', text, 'free the disk')];
  }
  // Some file systems count no files.
  if (files > 0 && ffree === 0) {
    return [problem('spool', `no file can be made there any more: ${files} are there`, 'remove some')];
  }
  return [];
}

/** Whether a shipper runs where the agent starts none, by its lock. */
export function checkShipper({ loaded, proc }: Pick<Patient, 'loaded' | 'proc'>): Check[] {
  const { shipper, spool_dir: dir } = loaded.config;
  if (shipper !== 'unit') return [];
  switch (lockHolder(join(dir, SHIPPER_DIR, 'lock'), proc)) {
    case 'somebody':
      return [ok('shipper', 'it runs, as a unit; its messages: journalctl -u eit-shipper')];
    case 'nobody':
      return [problem('shipper', 'none runs, and records wait', 'systemctl enable --now eit-shipper')];
    case 'unknown':
      return [unknown('shipper', `whether it runs, the lock below ${dir} tells only to root`)];
  }
}

/** The folder in which hooks leave events, and those that were none. */
export function checkEvents(
  { loaded, nowMs }: Pick<Patient, 'loaded' | 'nowMs'>,
  isAgentThere: boolean,
): Check[] {
  const { state_dir: dir, agent } = loaded.config;
  const events = listFolder(join(dir, 'events'), (name) => /^(?:prolog|epilog)\.\d/.test(name));
  const refused = listFolder(join(dir, 'refused-events'), () => true);
  if (events === null || refused === null)
    return [unknown('events', `${dir}/events needs root to be looked into`)];

  const oldestS = Math.max(0, ...events.map((mtimeMs) => (nowMs - mtimeMs) / 1000));
  const text = `${events.length} of the hooks wait in ${dir}/events`;
  // An event stays until the records it led to are on disk: with the stretch's end.
  const lateS = isAgentThere ? 2 * agent.record_seconds + 60 : 60;
  const checks = [
    oldestS > lateS
      ? problem(
          'events',
          `${text}, the oldest for ${durationText(Math.round(oldestS))}: nobody takes them`,
          isAgentThere ? 'agent.log says why' : 'start the agent',
        )
      : ok('events', text),
  ];
  if (refused.length > 0) {
    const what = `${refused.length} files in ${dir}/refused-events are no whole event: their jobs may lack a beginning or an end`;
    checks.push(warning('events', what, 'does another program write there? Then remove them'));
  }
  return checks;
}

/** What the agent would carry on from. */
export function checkCheckpoint({ loaded, isRoot, host }: Patient): Check[] {
  const { var_dir: dir } = loaded.config;
  const refused = join(dir, 'agent-checkpoint.json.refused');
  const aside = existsSync(refused)
    ? [
        warning(
          'checkpoint',
          `${refused}: one made no sense and was set aside; a gap lies there`,
          `rm ${refused}`,
        ),
      ]
    : [];
  const checkpoint = readAgentState(dir);
  if (!isMissing(checkpoint)) {
    return checkpoint.host === host
      ? [
          ok(
            'checkpoint',
            `of ${checkpoint.state.at === null ? 'no reading yet' : iso(checkpoint.state.at.wallMs)}`,
          ),
          ...aside,
        ]
      : [
          warning('checkpoint', `it is of host ${checkpoint.host}`, `is ${dir} a copy of another machine's?`),
          ...aside,
        ];
  }
  if (checkpoint.missing.startsWith('there is no')) return [ok('checkpoint', checkpoint.missing), ...aside];
  const check = isRoot
    ? problem('checkpoint', checkpoint.missing, 'look at the file system')
    : unknown('checkpoint', checkpoint.missing);
  return [check, ...aside];
}

/** What the agent and its shipper could not write last, by agent.log. */
export function checkWriting({ loaded }: Pick<Patient, 'loaded'>): Check[] {
  const troubles = readAgentTroubles(loaded.config.state_dir);
  if (isMissing(troubles)) return [unknown('shipper', troubles.missing)];
  const mend = 'docs/troubleshooting.md has the code';
  return [
    ...(troubles.records === null ? [] : [problem('records', troubles.records, mend)]),
    ...(troubles.shipper === null ? [] : [problem('shipper', troubles.shipper, mend)]),
  ];
}

/** When the files of a folder were last written (Unix ms); null where it may not be looked into. */
function listFolder(dir: string, isOne: (name: string) => boolean): number[] | null {
  try {
    return readdirSync(dir)
      .filter(isOne)
      .flatMap((name) => {
        const stats = statSync(join(dir, name), { throwIfNoEntry: false });
        return stats === undefined ? [] : [stats.mtimeMs];
      });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    if (isErrno(error, 'EACCES', 'EPERM')) return null;
    throw error;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
