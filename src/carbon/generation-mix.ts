import { type Fuel, LIFECYCLE_G_PER_KWH } from './fuel-factors';
import type { ProviderValue } from './providers/provider';

/** What one way of generating gave over a time. */
export interface Generation {
  readonly startMs: number;
  readonly endMs: number;
  /** The provider's name of the way. */
  readonly type: string;
  /** null: there is no factor for it (waste, other, what stores return). */
  readonly fuel: Fuel | null;
  /** Mean; below 0 where it took more than it gave. */
  readonly powerMw: number;
}

/** A way with a factor that gives so much of all that have one has to be told of in each stretch. */
const MUST_BE_TOLD = 0.02;

/** Of what is generated, the part that has to have a factor. */
const LEAST_KNOWN = 0.7;

/**
 * Life-cycle intensity of what is generated: each way's energy times its factor, by the whole. What has no factor, and what takes instead of gives,
 * is left out above and below. A stretch in which a way with a factor is missing that gives 2 % or more of what has one is left out, as newest ones
 * are until everybody has told (stores and other ways without a factor need not be told of); and so is one of which less than 70 % has a factor.
 * @param generation of which stretches may differ in length from way to way
 * @returns a value a stretch between two neighbouring edges, and how many stretches were left out, by reason
 */
export function intensityOfMix(generation: readonly Generation[]): {
  values: ProviderValue[];
  refused: Record<string, number>;
} {
  const edges = [...new Set(generation.flatMap(({ startMs, endMs }) => [startMs, endMs]))].sort(
    (a, b) => a - b,
  );
  const indexOf = new Map(edges.map((edge, i) => [edge, i]));
  const stretches = edges.map(() => new Map<string, Generation>());
  for (const one of generation) {
    const [first, end] = [indexOf.get(one.startMs) ?? 0, indexOf.get(one.endMs) ?? 0];
    for (let i = first; i < end; i++) stretches[i]?.set(one.type, one);
  }
  const needed = typesThatMatter(generation);
  const values: ProviderValue[] = [];
  const refused: Record<string, number> = {};
  const refuse = (reason: string): void => {
    refused[reason] = (refused[reason] ?? 0) + 1;
  };
  for (const [i, stretch] of stretches.entries()) {
    const [startMs, endMs] = [edges[i], edges[i + 1]];
    if (startMs === undefined || endMs === undefined || stretch.size === 0) continue;
    const given = [...stretch.values()].filter(({ powerMw }) => powerMw > 0);
    const known = given.filter(({ fuel }) => fuel !== null);
    const knownMw = sum(known.map(({ powerMw }) => powerMw));
    const allMw = sum(given.filter(({ type }) => !isStore(type)).map(({ powerMw }) => powerMw));
    if (needed.some((type) => !stretch.has(type))) refuse('incomplete: a way of generating is missing');
    else if (knownMw <= 0) refuse('nothing generated');
    else if (knownMw < LEAST_KNOWN * allMw) refuse('too much of it has no factor');
    else {
      const grams = sum(
        known.map(({ fuel, powerMw }) => powerMw * (fuel === null ? 0 : LIFECYCLE_G_PER_KWH[fuel])),
      );
      values.push({ startMs, endMs, gPerKwh: grams / knownMw, estimated: false });
    }
  }
  return { values, refused };
}

/** Those that give a large part of what has a factor. Stores are often told of only while they give. */
function typesThatMatter(generation: readonly Generation[]): string[] {
  const mwMs = new Map<string, number>();
  for (const { type, fuel, powerMw, startMs, endMs } of generation)
    if (fuel !== null) mwMs.set(type, (mwMs.get(type) ?? 0) + Math.max(0, powerMw) * (endMs - startMs));
  const all = sum([...mwMs.values()]);
  return [...mwMs].filter(([, part]) => part >= MUST_BE_TOLD * all && part > 0).map(([type]) => type);
}

/** What stores return was generated before, and is no part of what should have a factor. */
const STORES = new Set(['B10', 'B25', 'BAT', 'PS', 'UES', 'OES']);

function isStore(type: string): boolean {
  return STORES.has(type);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
