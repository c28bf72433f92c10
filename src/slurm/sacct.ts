import type { SacctField } from './sacct-fields';
import { SacctTable } from './sacct-rows';
import {
  sacctCount,
  sacctDurationS,
  sacctEnergyJ,
  sacctJobId,
  sacctLimitS,
  sacctMemoryBytes,
  sacctState,
  sacctText,
  sacctTimeS,
} from './sacct-values';

/** A run of a job as sacct tells it: with -D each requeue is one of its own. null: not told. */
export interface SacctJob {
  readonly jobId: number;
  readonly arrayJobId: number | null;
  readonly arrayTaskId: number | null;
  readonly hetJobId: number | null;
  readonly hetOffset: number | null;
  readonly cluster: string | null;
  /** Unix seconds, as all times here. */
  readonly submitS: number | null;
  readonly eligibleS: number | null;
  readonly startS: number | null;
  readonly endS: number | null;
  /** In capitals, without who cancelled it. */
  readonly state: string;
  readonly cancelledByUid: number | null;
  readonly exitCode: number | null;
  readonly exitSignal: number | null;
  readonly qos: string | null;
  readonly reservation: string | null;
  readonly elapsedS: number | null;
  readonly suspendedS: number | null;
  readonly nodes: number | null;
  readonly allocCpus: number | null;
  readonly reqCpus: number | null;
  /** Of the whole job. */
  readonly reqMemoryBytes: number | null;
  /** null also where it is unlimited. */
  readonly timeLimitS: number | null;
  readonly uid: number | null;
  readonly user: string | null;
  readonly account: string | null;
  readonly partition: string | null;
  /** ConsumedEnergyRaw, where it can be true. */
  readonly slurmEnergyJ: number | null;
  readonly restarts: number | null;
  readonly sluid: string | null;
  /** Whatever a user wrote. */
  readonly name: string;
}

/** Slurm's own bound is 1024 bytes of a script's option. */
const LONGEST_NAME_CHARS = 1024;

/** What `sacct -X -P -n` prints, as jobs; see {@link SacctTable}. */
export class SacctRows extends SacctTable<SacctField, SacctJob> {
  constructor(fields: readonly SacctField[], delimiter: string) {
    super(fields, delimiter, parseJob);
  }
}

function parseJob(value: (field: SacctField) => string): SacctJob | null {
  const jobId = sacctCount(value('JobIDRaw'));
  if (jobId === null || jobId === 0) return null;
  const nodes = sacctCount(value('NNodes'));
  const reqCpus = sacctCount(value('ReqCPUS'));
  const elapsedS = sacctCount(value('ElapsedRaw'));
  const [exitCode = '', exitSignal = ''] = value('ExitCode').split(':');
  return {
    jobId,
    ...sacctJobId(value('JobID')),
    cluster: sacctText(value('Cluster')),
    submitS: sacctTimeS(value('Submit')),
    eligibleS: sacctTimeS(value('Eligible')),
    startS: sacctTimeS(value('Start')),
    endS: sacctTimeS(value('End')),
    ...sacctState(value('State')),
    exitCode: sacctCount(exitCode),
    exitSignal: sacctCount(exitSignal),
    qos: sacctText(value('QOS')),
    reservation: sacctText(value('Reservation')),
    elapsedS,
    suspendedS: sacctDurationS(value('Suspended')),
    nodes,
    allocCpus: sacctCount(value('AllocCPUS')),
    reqCpus,
    reqMemoryBytes: sacctMemoryBytes(value('ReqTRES'), value('ReqMem'), { cpus: reqCpus, nodes }),
    timeLimitS: sacctLimitS(value('TimelimitRaw')),
    uid: sacctCount(value('UID')),
    user: sacctText(value('User')),
    account: sacctText(value('Account')),
    partition: sacctText(value('Partition')),
    slurmEnergyJ: sacctEnergyJ(value('ConsumedEnergyRaw'), elapsedS, nodes),
    restarts: sacctCount(value('Restarts')),
    sluid: sacctText(value('SLUID')),
    name: cut(value('JobName')),
  };
}

/** By characters: half a character is none. */
function cut(name: string): string {
  return name.length <= LONGEST_NAME_CHARS ? name : [...name].slice(0, LONGEST_NAME_CHARS).join('');
}
