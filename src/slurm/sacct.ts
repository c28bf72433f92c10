import type { SacctField } from './sacct-fields';
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

/** No row is nearly as long: what is longer is damage. */
const LONGEST_ROW_CHARS = 1 << 20;

/** Slurm's own bound is 1024 bytes of a script's option. */
const LONGEST_NAME_CHARS = 1024;

/** What stands between two rows: the id again, a newline, the next row's id. */
const BETWEEN_ROWS = /^(\d{1,16})\n(\d{1,16})$/;
const LAST = /^(\d{1,16})\n?$/;

/**
 * Reads what `sacct -X -P -n` prints, in pieces of any size, of `fields` and JobIDRaw once more, with a delimiter that nobody could
 * write into a name because it is made for the call. Names hold `|`, newlines, anything: a row ends where the id that it began
 * with stands alone before a newline. A row that is not so is passed over and counted.
 */
export class SacctRows {
  readonly #delimiter: string;
  readonly #fields: readonly SacctField[];
  #rest = '';
  #cells: string[] = [];
  #unreadable = 0;
  /** Something was passed over: until the next place between rows. */
  #isLost = false;

  constructor(fields: readonly SacctField[], delimiter: string) {
    this.#fields = fields;
    this.#delimiter = delimiter;
  }

  /** Rows passed over so far. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** The rows that this piece completes. */
  push(text: string): SacctJob[] {
    const cells = (this.#rest + text).split(this.#delimiter);
    this.#rest = cells.pop() ?? '';
    const jobs = cells.flatMap((cell) => this.#take(cell));
    if (this.#rest.length > LONGEST_ROW_CHARS) {
      this.#lose();
      // As much as may hold a place between rows that is not whole yet, and a part of the delimiter.
      this.#rest = this.#rest.slice(-64 - this.#delimiter.length);
    }
    return jobs;
  }

  /** The last row. */
  end(): SacctJob[] {
    const id = LAST.exec(this.#rest)?.[1];
    if (this.#rest === '' && this.#cells.length === 0) return [];
    const job = id === undefined ? null : this.#rowEndingWith(id);
    if (job === null && !this.#isLost) this.#unreadable++;
    this.#rest = '';
    return job === null ? [] : [job];
  }

  #take(cell: string): SacctJob[] {
    const between = BETWEEN_ROWS.exec(cell);
    const isEnd = between !== null && (this.#isLost || this.#cells.length >= this.#fields.length);
    if (!isEnd) {
      if (this.#isLost) return [];
      this.#cells.push(cell);
      if (this.#cells.length > this.#fields.length) this.#lose();
      return [];
    }
    const [, id = '', next = ''] = between;
    const job = this.#rowEndingWith(id);
    if (job === null && !this.#isLost) this.#unreadable++;
    this.#isLost = false;
    this.#cells = [next];
    return job === null ? [] : [job];
  }

  #rowEndingWith(id: string): SacctJob | null {
    const cells = this.#cells;
    if (this.#isLost || cells.length !== this.#fields.length || cells[0] !== id) return null;
    const value = (field: SacctField): string => cells[this.#fields.indexOf(field)] ?? '';
    return parseJob(value);
  }

  #lose(): void {
    if (!this.#isLost) this.#unreadable++;
    this.#isLost = true;
    this.#cells = [];
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
