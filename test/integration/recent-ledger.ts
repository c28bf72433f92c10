import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER } from './report-command';

/** The newest record of the fixture ends here. */
const FIXTURE_ENDS_MS = Date.parse('2026-02-01T09:06:02Z');

/**
 * Copies the fixture's ledger and moves all its times, so that its newest record ended some seconds ago.
 * @param dir where the ledger is made
 * @param nowMs the clock of the commands that will read it
 */
export function copyRecentLedger(dir: string, nowMs: number, secondsAgo = 60): void {
  const shiftMs = Math.floor((nowMs - secondsAgo * 1000 - FIXTURE_ENDS_MS) / 1000) * 1000;
  const moved = (utc: string): string => new Date(Date.parse(utc) + shiftMs).toISOString();
  cpSync(LEDGER, dir, { recursive: true });
  for (const cluster of readdirSync(dir)) {
    const inbox = join(dir, cluster, 'inbox');
    for (const day of readdirSync(inbox)) {
      for (const file of readdirSync(join(inbox, day))) {
        const path = join(inbox, day, file);
        const lines = readFileSync(path, 'utf8').replaceAll(
          /"(\d{4}-\d\d-\d\dT[\d:.]+Z)"/g,
          (_, utc: string) => JSON.stringify(moved(utc)),
        );
        rmSync(path);
        for (const line of lines.split('\n').filter((one) => one !== '')) appendByDay(inbox, file, line);
      }
    }
  }
}

/** A record lies in the folder of the UTC day of its end; a line that is no record goes with those before it. */
export function appendByDay(inbox: string, file: string, line: string): void {
  const day = /"to":"(\d{4}-\d\d-\d\d)T/.exec(line)?.[1] ?? readdirSync(inbox).at(-1) ?? '';
  mkdirSync(join(inbox, day), { recursive: true });
  writeFileSync(join(inbox, day, file), `${line}\n`, { flag: 'a' });
}
