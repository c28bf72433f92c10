import fc from 'fast-check';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EitRecord, HostRecord, RunRecord, SeriesRecord } from '../../../src/generated/record';
import { finishNow } from '../../../src/ledger/durable';
import { readInbox } from '../../../src/ledger/inbox';
import { Skipped } from '../../../src/ledger/record-line';
import { type Pruning, noPruning, readPruned } from '../../../src/ledger/pruned';
import { shipSpool } from '../../../src/ledger/shipper';
import { Spool } from '../../../src/ledger/spool';
import { listSpool } from '../../../src/ledger/spool-file';
import { scaled } from '../../scale';

const NOW_MS = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 86_400_000;

let dir: string;
let spoolDir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-prune-'));
  spoolDir = join(dir, 'spool');
  mkdirSync(join(spoolDir, '.shipper'), { recursive: true });
  mkdirSync(join(spoolDir, 'lab'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ledger = () => join(dir, 'var/ledger');
/** As a shipper that was just started. */
const ship = (nowMs = NOW_MS) =>
  shipSpool(
    { spoolDir, ledger: ledger(), varDir: join(dir, 'var'), host: 'h1' },
    undefined,
    undefined,
    () => nowMs,
  );
const tidy = (nowMs = NOW_MS, maxBytes = 1e9): Pruning | null =>
  finishNow(new Spool(spoolDir, { maxBytes, now: () => nowMs }).tidy());
const spooled = () => readdirSync(join(spoolDir, 'lab')).sort();

describe('what has been carried over', () => {
  const spool = (day: string, text: string) => appendFileSync(join(spoolDir, `lab/${day}.ndjson`), text);
  const shippedPath = () => join(spoolDir, '.shipper/shipped.json');
  const shipped = () => JSON.parse(readFileSync(shippedPath(), 'utf8')) as { last_ms: object };
  const inbox = (day: string) => readFileSync(join(ledger(), `lab/inbox/${day}/h1.ndjson`), 'utf8');

  test('is kept for seven days after that, whatever day it is of, and then removed; the shipper forgets it when it carries the next', () => {
    // The ledger could not be written for three weeks.
    for (const day of ['2026-11-01', '2026-11-15', '2026-11-23']) spool(day, `${day}\n`);
    ship();
    const all = ['2026-11-01.ndjson', '2026-11-15.ndjson', '2026-11-23.ndjson'];
    for (const days of [0, 1, 7]) {
      expect(tidy(NOW_MS + days * DAY_MS)).toEqual(noPruning());
      expect(spooled()).toEqual(all);
    }
    expect([inbox('2026-11-01'), inbox('2026-11-15')]).toEqual(['2026-11-01\n', '2026-11-15\n']);
    spool('2026-11-23', 'more\n');
    ship(NOW_MS + DAY_MS);
    expect(tidy(NOW_MS + 7 * DAY_MS + 1)).toEqual(noPruning());
    expect(spooled()).toEqual(['2026-11-23.ndjson']);
    spool('2026-11-24', 'next\n');
    ship(NOW_MS + 8 * DAY_MS);
    expect(shipped()).toEqual({
      'lab/2026-11-23.ndjson': 16,
      'lab/2026-11-24.ndjson': 5,
      last_ms: { 'lab/2026-11-23.ndjson': NOW_MS + DAY_MS, 'lab/2026-11-24.ndjson': NOW_MS + 8 * DAY_MS },
    });
    tidy(NOW_MS + 8 * DAY_MS + 1);
    expect(spooled()).toEqual(['2026-11-24.ndjson']);
  });

  test('is not kept longer since a shipper was started, or looked, in between', () => {
    spool('2026-11-01', 'a\n');
    for (const days of [0, 3, 7]) ship(NOW_MS + days * DAY_MS);
    tidy(NOW_MS + 7 * DAY_MS + 1);
    expect(spooled()).toEqual([]);
  });

  test('and written down without a time, by an earlier version, is kept for seven days after the shipper first saw it', () => {
    spool('2026-11-01', 'a\n');
    writeFileSync(shippedPath(), '{"lab/2026-11-01.ndjson":2}');
    tidy();
    expect(spooled()).toEqual(['2026-11-01.ndjson']);
    ship();
    expect(existsSync(join(ledger(), 'lab/inbox/2026-11-01'))).toBe(false);
    tidy(NOW_MS + 7 * DAY_MS);
    expect(spooled()).toEqual(['2026-11-01.ndjson']);
    tidy(NOW_MS + 7 * DAY_MS + 1);
    expect(spooled()).toEqual([]);
  });

  test('by a clock that was far ahead and is set back is kept for seven days, and not for years', () => {
    spool('2026-11-01', 'a\n');
    ship(NOW_MS + 1000 * DAY_MS);
    tidy();
    expect(spooled()).toEqual(['2026-11-01.ndjson']);
    ship();
    tidy(NOW_MS + 7 * DAY_MS);
    expect(spooled()).toEqual(['2026-11-01.ndjson']);
    tidy(NOW_MS + 7 * DAY_MS + 1);
    expect(spooled()).toEqual([]);
  });

  test('in part only stays, however old: a host that was away for three weeks', () => {
    spool('2026-11-01', 'a\nhalf');
    ship();
    tidy(NOW_MS + 30 * DAY_MS);
    expect(spooled()).toEqual(['2026-11-01.ndjson']);
    spool('2026-11-01', ' line\n');
    ship();
    tidy(NOW_MS + 8 * DAY_MS);
    expect([spooled(), inbox('2026-11-01')]).toEqual([[], 'a\nhalf line\n']);
  });

  test('not at all stays, since the ledger cannot be written', () => {
    spool('2026-11-01', 'a\n');
    mkdirSync(join(ledger(), 'lab'), { recursive: true });
    writeFileSync(join(ledger(), 'lab/inbox'), 'in the way');
    expect(() => ship()).toThrow(/records wait in/);
    tidy(NOW_MS + 30 * DAY_MS);
    expect(spooled()).toEqual(['2026-11-01.ndjson']);
    rmSync(join(ledger(), 'lab/inbox'));
    ship();
    tidy(NOW_MS + 8 * DAY_MS);
    expect([spooled(), inbox('2026-11-01')]).toEqual([[], 'a\n']);
  });

  test('is looked for once a minute, also where the clock was set back', () => {
    let nowMs = NOW_MS;
    const asked = new Spool(spoolDir, { maxBytes: 1e9, now: () => nowMs });
    const looked = () => finishNow(asked.tidy()) !== null;
    expect([looked(), looked()]).toEqual([true, false]);
    nowMs += 60_000;
    expect([looked(), looked()]).toEqual([true, false]);
    nowMs -= DAY_MS;
    expect([looked(), looked()]).toEqual([true, false]);
  });
});

describe('a spool larger than it may be', () => {
  let seq = 0;
  beforeEach(() => (seq = 0));
  const head = <K extends string>(kind: K, day: string) => ({
    schema: 1 as const,
    kind,
    tool: '0.1.0',
    cluster: 'lab',
    host: 'h1',
    boot: '0123abcd',
    instance: '0123456789ab',
    seq: seq++,
    from: `${day}T10:00:00.000Z`,
    to: `${day}T10:05:00.000Z`,
  });
  const fragment = { node: 'n1', job: 7, started: '2026-11-01T00:00:00.000Z' };
  const run = (day: string): RunRecord => ({
    ...head('run', day),
    ms: 300_000,
    ...fragment,
    measured_uj: { 'package-0': [3, 3, 3] },
  });
  const host = (day: string): HostRecord => ({
    ...head('host', day),
    ms: 300_000,
    nodes: ['n1'],
    domains: {
      'package-0': {
        class: 'cpu',
        source: 'powercap',
        quality: 'measured',
        counter_uj: 5_000_000,
        runs_uj: [3, 3, 3],
        idle_uj: [0, 0, 0],
        system_uj: [0, 0, 0],
        missing_ms: 0,
      },
    },
    cpu: { cpus: 1, busy_us: 0, runs_us: 0 },
    context: { looks: 10, load1: { mean: 1.5, max: 3 }, cpu_mhz: { min: 1000, mean: 2000, max: 3000 } },
  });
  const series = (day: string): SeriesRecord => ({
    ...head('series', day),
    ...fragment,
    end_ms: Array.from({ length: 60 }, (_, i) => i * 10_000),
    power_w: { 'package-0': Array.from({ length: 60 }, () => 123.456) },
    cpus_busy: Array.from({ length: 60 }, () => 1),
  });
  const put = (records: readonly EitRecord[], token: string) => {
    for (const record of records) {
      const kind = record.kind === 'series' ? '.series' : '';
      const line = `${JSON.stringify(record)}\n`;
      appendFileSync(join(spoolDir, `lab/${record.to.slice(0, 10)}${kind}.${token}.ndjson`), line);
    }
  };
  const DAYS = ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22'] as const;
  const fill = () => {
    for (const day of DAYS) {
      put(Array.from({ length: 50 }, () => [run(day), host(day), series(day)]).flat(), '1');
    }
  };
  const sizes = (kinds: readonly string[]) =>
    listSpool(spoolDir)
      .filter(({ kind }) => kinds.includes(kind))
      .reduce((sum, { path }) => sum + statSync(join(spoolDir, path)).size, 0);
  const arrived = async () => {
    const records: EitRecord[] = [];
    const query = { fromMs: 0, toMs: NOW_MS, skipped: new Skipped() };
    for await (const record of readInbox(ledger(), query)) records.push(record);
    return records;
  };
  const energyUj = (records: readonly EitRecord[]) =>
    records.reduce(
      (sum, one) => sum + (one.kind === 'host' ? (one.domains['package-0']?.counter_uj ?? 0) : 0),
      0,
    );

  test('loses first what has been carried over, which is no loss', () => {
    fill();
    ship();
    put([run('2026-11-23')], '2');
    expect(tidy(NOW_MS, 10_000)).toEqual(noPruning());
    expect(spooled()).toEqual(['2026-11-23.2.ndjson']);
    expect(readPruned(spoolDir)).toBeNull();
  });

  test('loses series before anything else, the oldest first, and counts them', () => {
    fill();
    const gone = tidy(NOW_MS, sizes(['energy']) + sizes(['series']) / 2);
    expect(gone).toMatchObject({ contexts: 0, refusedLines: 0, energyLines: 0 });
    expect(gone!.seriesLines % 50).toBe(0);
    expect(gone!.seriesLines).toBeGreaterThanOrEqual(100);
    const left = listSpool(spoolDir).filter(({ kind }) => kind === 'series');
    expect(left.map(({ day }) => day)).toEqual(DAYS.slice(gone!.seriesLines / 50));
    expect(readPruned(spoolDir)).toMatchObject({ seriesLines: gone!.seriesLines, lastMs: NOW_MS });
  });

  test('loses context next and no line with energy: all joules arrive', async () => {
    fill();
    const gone = tidy(NOW_MS, sizes(['energy']));
    expect(gone).toMatchObject({ seriesLines: 200, refusedLines: 0, energyLines: 0, hostUj: 0 });
    expect(gone!.contexts % 50).toBe(0);
    expect(gone!.contexts).toBeGreaterThan(0);
    ship();
    const records = await arrived();
    expect(records).toHaveLength(400);
    expect(energyUj(records)).toBe(200 * 5_000_000);
    expect(records.filter((one) => one.kind === 'host' && one.context === undefined)).toHaveLength(
      gone!.contexts,
    );
  });

  test('loses energy last, the oldest first, and says how much', async () => {
    for (const day of DAYS)
      put(Array.from({ length: 50 }, () => [run(day), withoutContext(host(day))]).flat(), '1');
    const gone = tidy(NOW_MS, Math.floor(sizes(['energy']) / 2));
    expect(gone).toEqual({ ...noPruning(), energyLines: 300, hostUj: 150 * 5_000_000 });
    ship();
    expect(energyUj(await arrived()) + gone!.hostUj).toBe(200 * 5_000_000);
    put([run('2026-11-23')], '9');
    tidy(NOW_MS + DAY_MS, 1);
    expect(readPruned(spoolDir)).toMatchObject({
      firstMs: NOW_MS,
      lastMs: NOW_MS + DAY_MS,
      hostUj: 150 * 5_000_000,
    });
  });

  test('what was carried of a file is neither lost nor counted as lost', () => {
    put([run('2026-11-20'), run('2026-11-20')], '1');
    ship();
    put([run('2026-11-20')], '1');
    expect(tidy(NOW_MS, 1)).toMatchObject({ energyLines: 1 });
  });

  test('whatever order writing, carrying and pruning come in: each joule arrives or is counted as gone', async () => {
    const steps = fc.array(fc.constantFrom('write', 'ship', 'tidy', 'break', 'mend'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (order) => {
        rmSync(dir, { recursive: true, force: true });
        mkdirSync(join(spoolDir, '.shipper'), { recursive: true });
        let [writtenUj, goneUj] = [0, 0];
        const spool = new Spool(spoolDir, { maxBytes: 60_000, now: () => NOW_MS });
        const inTheWay = join(ledger(), 'lab');
        for (const step of [...order, 'mend', 'ship'] as const) {
          if (step === 'write') {
            const records = DAYS.flatMap((day) => [run(day), host(day), series(day), host(day)]);
            expect(finishNow(spool.write(records))).toEqual([]);
            writtenUj += energyUj(records);
          } else if (step === 'tidy') goneUj += tidy(NOW_MS, 20_000)!.hostUj;
          else if (step === 'break' && !existsSync(inTheWay)) {
            mkdirSync(ledger(), { recursive: true });
            writeFileSync(inTheWay, '');
          } else if (step === 'mend' && existsSync(inTheWay) && statSync(inTheWay).isFile()) rmSync(inTheWay);
          else if (step === 'ship') {
            try {
              ship();
            } catch (error) {
              expect(error).toMatchObject({ code: 'EIT_LEDGER_UNWRITABLE' });
            }
          }
        }
        expect(energyUj(existsSync(ledger()) ? await arrived() : []) + goneUj).toBe(writtenUj);
      }),
      { numRuns: scaled(30, 1000) },
    );
  });
});

function withoutContext({ context: _, ...record }: HostRecord): HostRecord {
  return record;
}
