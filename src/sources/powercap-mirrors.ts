import type { PowercapZone } from './powercap-zones';
import { type Missing, isMissing } from './source';

/** Each time two passes over the counters, with a pause before the second and third time: 6 readings at most. */
const ROUNDS = 3;
const PASSES_A_ROUND = 2;

type NamedCounter = { readonly zone: Pick<PowercapZone, 'class' | 'place'> };

/** A counter with its readings so far (µJ). */
interface Shown<T> {
  readonly counter: T;
  readonly energiesUj: bigint[];
}

/**
 * Puts zones together that show one counter: where the kernel takes a part of a package (die, core complex) for what has a
 * counter of its own, it makes a zone of each, and all of them show the package's. Added up they would count it several
 * times.
 *
 * The counters are read in turn, again and again. Zones with one counter then show a sequence that only grows: each
 * reading lies between those before and after it. Two counters do that by chance only if they differ by less than what
 * is drawn between two readings (microseconds), time after time. Most are told apart by the first two passes, and not
 * waited for. A zone that cannot be read is not judged, and neither is psys.
 *
 * @param read a zone's counter (µJ)
 * @param pause waits for about as long as counters take to move (RAPL: 1 ms); called twice at most
 * @returns all the counters in their order, those that show the same put to the first of them; most are alone
 */
export function groupMirrors<T extends NamedCounter>(
  counters: readonly T[],
  read: (counter: T) => bigint | Missing,
  pause: () => void,
): [T, ...T[]][] {
  let candidates: Shown<T>[] = counters
    .filter(({ zone }) => zone.class !== 'whole')
    .map((counter) => ({ counter, energiesUj: [] }));
  for (let round = 0; round < ROUNDS && candidates.length > 0; round++) {
    if (round > 0) pause();
    const readable = readInTurn(candidates, read);
    candidates = readable.filter((one, i) =>
      readable.some((other, j) => (i < j ? mayBeOne(one, other) : i > j && mayBeOne(other, one))),
    );
  }

  const groups: [T, ...T[]][] = [];
  for (const counter of counters) {
    const shown = candidates.find((candidate) => candidate.counter === counter);
    const group = groups.find(([first]) => {
      const kept = candidates.find((candidate) => candidate.counter === first);
      return kept !== undefined && shown !== undefined && mayBeOne(kept, shown) && isConclusive(kept, shown);
    });
    if (group === undefined) groups.push([counter]);
    else group.push(counter);
  }
  return groups;
}

/** Those of which each reading of this round worked; their readings are added. */
function readInTurn<T>(candidates: readonly Shown<T>[], read: (counter: T) => bigint | Missing): Shown<T>[] {
  const failed = new Set<Shown<T>>();
  for (let pass = 0; pass < PASSES_A_ROUND; pass++) {
    for (const candidate of candidates) {
      const energyUj = read(candidate.counter);
      if (isMissing(energyUj)) failed.add(candidate);
      else candidate.energiesUj.push(energyUj);
    }
  }
  return candidates.filter((candidate) => !failed.has(candidate));
}

function mayBeOne(first: Shown<NamedCounter>, second: Shown<NamedCounter>): boolean {
  return (
    first.counter.zone.class === second.counter.zone.class && growsAsOne(first.energiesUj, second.energiesUj)
  );
}

/**
 * Whether two counters that were read in turn, `first` before `second` each time, may be one: their readings (µJ) only
 * grow, or go back once, to no more than what they began at (a wrap). From 0 nothing follows: counters that count nothing
 * show it.
 */
export function growsAsOne(first: readonly bigint[], second: readonly bigint[]): boolean {
  const inTurn = first.flatMap((energyUj, pass) => [energyUj, second[pass] ?? energyUj]);
  const [start = 0n] = inTurn;
  const end = inTurn.at(-1) ?? 0n;
  const stepsBack = inTurn.filter((energyUj, i) => energyUj < (inTurn[i - 1] ?? 0n)).length;
  return start !== 0n && (stepsBack === 0 || (stepsBack === 1 && end <= start));
}

/**
 * Counters that moved together are one. It is not enough if they moved in the last pass: no later reading of the first
 * bounds the second then. Those that only stand at one value are one within a package; two packages' are kept apart, since
 * no kernel is known to take one package for two, and counters that stand still count nothing twice.
 */
function isConclusive(kept: Shown<NamedCounter>, other: Shown<NamedCounter>): boolean {
  if (kept.energiesUj.at(-2) !== kept.energiesUj[0]) return true;
  const { place } = kept.counter.zone;
  return place !== undefined && place.package === other.counter.zone.place?.package;
}
