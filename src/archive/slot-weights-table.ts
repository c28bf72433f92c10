import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Weight, type WeightCurve, WEIGHTS } from '../runs/slot-weights';
import { dayNamed } from './days';

/** DuckDB's table of weights by slot. */
export const WEIGHT_TABLE = 'slot_weights';

/** Weights of the slots of one day. */
export interface DayWeights {
  readonly day: string;
  readonly slots: readonly { readonly atMs: number; readonly weights: readonly bigint[] }[];
}

/** The weights of each slot of some days, in their order. */
export function weightsOfDays(
  curve: WeightCurve,
  days: Iterable<string>,
  slotMs: number,
  timeZone: string,
): DayWeights[] {
  return [...days].sort().map((day) => {
    const { fromMs, toMs } = dayNamed(day, timeZone);
    const slots = [];
    for (let atMs = fromMs; atMs < toMs; atMs += slotMs)
      slots.push({ atMs, weights: curve.over(atMs, atMs + slotMs) });
    return { day, slots };
  });
}

/** Names weights of days: others, or those of other days, have another name. */
export function weightsId(days: readonly DayWeights[]): string {
  const hash = createHash('sha256');
  // Most weights are the same for a long time, and to write them down is what takes long.
  const last = WEIGHTS.map(() => ({ weight: 0n, text: '0' }));
  for (const { slots } of days) {
    for (const { atMs, weights } of slots) {
      let line = String(atMs);
      for (let i = 0; i < weights.length; i++) {
        const known = last[i]!;
        if (known.weight !== weights[i]) last[i] = { weight: weights[i]!, text: String(weights[i]) };
        line += ` ${last[i]!.text}`;
      }
      hash.update(`${line}\n`);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

/** Weights that are the same at all times, and what they are: energies need not be multiplied by them one by one. */
export function steadyWeights(days: readonly DayWeights[]): Map<Weight, bigint> {
  const steady = new Map<Weight, bigint>();
  const varying = new Set<Weight>();
  for (const { slots } of days) {
    for (const { weights } of slots) {
      WEIGHTS.forEach((name, i) => {
        const weight = weights[i] ?? 0n;
        if ((steady.get(name) ?? weight) !== weight) varying.add(name);
        steady.set(name, weight);
      });
    }
  }
  for (const name of varying) steady.delete(name);
  return steady;
}

/** Puts weights into {@link WEIGHT_TABLE}: `slot_ms`, `of_day`, and each weight by its name. */
export async function fillWeightTable(
  connection: DuckDBConnection,
  days: readonly DayWeights[],
): Promise<void> {
  const columns = WEIGHTS.map((name) => `${name} HUGEINT`).join(', ');
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${WEIGHT_TABLE} (slot_ms BIGINT, of_day VARCHAR, ${columns})`,
  );
  const appender = await connection.createAppender(WEIGHT_TABLE);
  for (const { day, slots } of days) {
    for (const { atMs, weights } of slots) {
      appender.appendBigInt(BigInt(atMs));
      appender.appendVarchar(day);
      for (const weight of weights) appender.appendHugeInt(weight);
      appender.endRow();
    }
  }
  appender.closeSync();
}
