import type { ProcessStat, ProcessTable } from './process-table';

/** Which processes a tree is of. */
export interface TreeParts {
  /** Where it begins: their own time is left out, that of ended children that they waited for is not. */
  readonly rootsOf: (table: ProcessTable) => readonly ProcessStat[];
  /** Whether a process below the roots is one of those whose time counts; only a yes is for good. */
  readonly isOwn: (process: ProcessStat) => boolean;
  /** Processes that are left out with all below them; none by default. */
  readonly isOther?: (process: ProcessStat) => boolean;
}

/** A process of the tree as it was at the last reading. */
interface Member {
  readonly parent: string | null;
  /** What it adds to the sum (ticks). */
  readonly countedTicks: number;
  readonly waitedTicks: number;
}

/**
 * CPU time of the processes below some roots, from table to table. It takes the time of each such process and, of every process
 * between it and a root, roots included, the time of ended children that it waited for. So a child's time moves to its parent when
 * it ends and the sum stays as it is. Processes stay its own when their parent ends. Where a child's time moves nowhere (its parent
 * ignores SIGCHLD, or is gone) the last time seen is kept: the sum never goes back. Processes that begin and leave the tree
 * between two tables are missed.
 */
export class ProcessTree {
  readonly #parts: TreeParts;
  /** By `pid:start`, as all maps here. */
  #members = new Map<string, Member>();
  /** Processes that have been the tree's own. */
  #known = new Set<string>();
  /** What `waited` of a process grew by beyond the time of children gone (less: negative) at the last reading. */
  #balances = new Map<string, number>();
  #lostTicks = 0;
  #highestTicks = 0;

  constructor(parts: TreeParts) {
    this.#parts = parts;
  }

  /** CPU time (ticks) with what `table` shows, or null where nothing of it is left. */
  advance(table: ProcessTable): number | null {
    const members = this.#collect(table);
    if (members.size === 0) {
      this.forget();
      return null;
    }
    this.#keepLostTime(members);
    this.#members = members;
    this.#known = new Set([...this.#known].filter((key) => members.has(key)));
    let ticks = this.#lostTicks;
    for (const { countedTicks } of members.values()) ticks += countedTicks;
    this.#highestTicks = Math.max(this.#highestTicks, ticks);
    return this.#highestTicks;
  }

  /** Process ids of its own as of the last table. */
  pids(): number[] {
    return [...this.#known].map(pidOf);
  }

  forget(): void {
    this.#members = new Map();
    this.#known = new Set();
    this.#balances = new Map();
    this.#lostTicks = 0;
    this.#highestTicks = 0;
  }

  /** The roots and all below them, and its own known from before with all below them. */
  #collect(table: ProcessTable): Map<string, Member> {
    const { rootsOf, isOther } = this.#parts;
    const members = new Map<string, Member>();
    const roots = new Set(rootsOf(table));
    // The first is taken first, with all below it: a process is met below its parent where that is one of the tree's.
    const waiting: { process: ProcessStat; parent: string | null }[] = [...roots, ...this.#knownIn(table)]
      .map((process) => ({ process, parent: null }))
      .toReversed();
    // A list and no recursion: how deep the tree is, is up to who runs in it.
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { process, parent } = next;
      const key = keyOf(process);
      if (members.has(key) || isOther?.(process) === true) continue;
      const isCounted = !roots.has(process) && this.#isOwn(key, process);
      members.set(key, {
        parent,
        countedTicks: process.waitedTicks + (isCounted ? process.ownTicks : 0),
        waitedTicks: process.waitedTicks,
      });
      for (const child of table.childrenOf(process.pid)) waiting.push({ process: child, parent: key });
    }
    return members;
  }

  /** Its own known from before, the oldest first: a parent before its children. */
  #knownIn(table: ProcessTable): ProcessStat[] {
    return [...this.#known]
      .map((key) => table.get(pidOf(key)))
      .filter((process) => process !== undefined)
      .filter((process) => this.#known.has(keyOf(process)))
      .toSorted((a, b) => a.startTicks - b.startTicks);
  }

  #isOwn(key: string, process: ProcessStat): boolean {
    if (!this.#known.has(key) && this.#parts.isOwn(process)) this.#known.add(key);
    return this.#known.has(key);
  }

  /**
   * Keeps the time of processes that are gone and that nobody waited for: what `waited` of their next living ancestor did
   * not grow by.
   *
   * The table is not read in one moment: a child that ends meanwhile may be in it beside its parent's `waited`, or in
   * neither. So what is over or short at one reading is set against the next one's.
   */
  #keepLostTime(members: ReadonlyMap<string, Member>): void {
    const goneTicks = new Map<string, number>();
    for (const [key, { parent, countedTicks }] of this.#members) {
      if (members.has(key)) continue;
      const ancestor = this.#livingAncestor(parent, members);
      if (ancestor === null) this.#lostTicks += countedTicks;
      else goneTicks.set(ancestor, (goneTicks.get(ancestor) ?? 0) + countedTicks);
    }
    const balances = new Map<string, number>();
    for (const [key, { waitedTicks }] of members) {
      const before = this.#members.get(key);
      if (before === undefined) continue;
      const overTicks = waitedTicks - before.waitedTicks - (goneTicks.get(key) ?? 0);
      const earlierTicks = this.#balances.get(key) ?? 0;
      const settledTicks =
        Math.sign(overTicks) === -Math.sign(earlierTicks)
          ? Math.min(Math.abs(overTicks), Math.abs(earlierTicks))
          : 0;
      if (overTicks < 0) this.#lostTicks += -overTicks - settledTicks;
      else this.#lostTicks -= settledTicks;
      const openTicks = overTicks - Math.sign(overTicks) * settledTicks;
      if (openTicks !== 0) balances.set(key, openTicks);
    }
    this.#balances = balances;
  }

  #livingAncestor(from: string | null, members: ReadonlyMap<string, Member>): string | null {
    let key = from;
    while (key !== null && !members.has(key)) key = this.#members.get(key)?.parent ?? null;
    return key;
  }
}

/** Names one process for good: pids are used again. */
export function keyOf({ pid, startTicks }: ProcessStat): string {
  return `${pid}:${startTicks}`;
}

function pidOf(key: string): number {
  return Number(key.slice(0, key.indexOf(':')));
}
