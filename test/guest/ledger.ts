import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EitRecord, HostRecord, RunRecord } from '../../src/generated/record';
import type { Books } from '../cluster/conservation';
import { type LawPoint, parseLog } from '../cluster/powercap-law';

const DOMAINS = ['package-0', 'dram-0'];

/** The energy books of a machine that is off: its ledger's inbox, and the logs of the counters' law, one a boot. */
export class GuestBooks implements Books {
  readonly law: Books['law'];
  private readonly records: readonly EitRecord[];

  /** @param inbox folder `<ledger>/<cluster>/inbox` @param lawLogs in the order of the boots */
  constructor(inbox: string, lawLogs: readonly string[]) {
    const records = readdirSync(inbox)
      .flatMap((day) => readdirSync(join(inbox, day)).map((file) => join(inbox, day, file)))
      .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EitRecord);
    this.records = [
      ...new Map(records.map((record) => [`${record.instance}/${record.seq}`, record])).values(),
    ];

    const boots = lawLogs.map((file) => parseLog(readFileSync(file, 'utf8'), DOMAINS));
    this.law = {
      domains: DOMAINS,
      energyBetweenWall: (domain, fromMs, toMs) => {
        const points = boots.findLast((each) => each[0]!.wallMs <= fromMs);
        if (points === undefined)
          throw new Error(`no log of the counters holds ${new Date(fromMs).toISOString()}`);
        return Promise.resolve(at(points, toMs).energyUj[domain]! - at(points, fromMs).energyUj[domain]!);
      },
    };
  }

  hostRecords(): HostRecord[] {
    return this.records.filter((record): record is HostRecord => record.kind === 'host');
  }

  runRecords(job?: number): RunRecord[] {
    return this.records
      .filter((record): record is RunRecord => record.kind === 'run')
      .filter((record) => job === undefined || record.job === job)
      .sort((a, b) => a.from.localeCompare(b.from));
  }
}

/** What the counters held last at that time. */
function at(points: readonly LawPoint[], wallMs: number): LawPoint {
  return points.findLast((point) => point.wallMs <= wallMs)!;
}
