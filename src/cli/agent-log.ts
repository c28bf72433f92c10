import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors';
import type { Missing } from '../sources/source';

/** What goes wrong now, by the last words of agent.log; null: nothing. */
export interface AgentTroubles {
  /** The shipper cannot write the ledger. */
  readonly shipper: string | null;
  /** The agent cannot write records or its checkpoint: they wait in its memory. */
  readonly records: string | null;
}

/** The log's end that is looked at. */
const LOG_TAIL_BYTES = 256 * 1024;

/** @returns missing where the log may not be read; no log is no trouble */
export function readAgentTroubles(stateDir: string): AgentTroubles | Missing {
  const path = join(stateDir, 'agent.log');
  try {
    return agentTroubles(readFileSync(path).subarray(-LOG_TAIL_BYTES).toString('utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { shipper: null, records: null };
    if (isErrno(error, 'EACCES')) return { missing: `${path} needs root to be read` };
    throw error;
  }
}

/** The text of agent.log, from the last agent's beginning on: an earlier one's troubles are not this one's. */
export function agentTroubles(text: string): AgentTroubles {
  const lines = text.split('\n');
  const own = lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => / agent \S+ begins/.test(line)),
    ),
  );
  return {
    shipper: lastTrouble(
      own,
      /shipper[:,] .*EIT_LEDGER_/,
      /shipper: the ledger can be written again|the shipper can be started again/,
    ),
    records: lastTrouble(own, / error .*kept in memory and tried again/, /records are written again/),
  };
}

function lastTrouble(lines: readonly string[], trouble: RegExp, over: RegExp): string | null {
  const last = lines.findLast((line) => trouble.test(line) || over.test(line));
  if (last === undefined || over.test(last)) return null;
  const [when = '', , ...words] = last.split(' ');
  return `${words.join(' ')} (since ${when})`;
}
