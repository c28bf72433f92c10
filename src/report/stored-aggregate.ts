import { createHash } from 'node:crypto';
import type { SumsLine, SumsOfLost } from '../generated/sums';
import validateLine from '../generated/sums-validator';
import { GroupSums } from '../runs/group-sums';
import type { Outcome } from '../slurm/job-states';
import { version } from '../version';
import type { Aggregation, Group, LostSums, PartOfRuns } from './aggregate';
import type { GroupFields } from './group-fields';
import { slurmOf, storedSlurm, storedSums, sumsOf } from './stored-sums';

/** Whose sums a file holds. */
export interface SumsOwner {
  /** 32 hexadecimal digits. */
  readonly plan: string;
  readonly task: number;
}

/** What a task added up, as lines (schemas/sums.schema.json): one a group, since there can be a million of them. */
export function* sumsLines(
  { plan, task }: SumsOwner,
  { part, groups }: ReturnType<Aggregation['finishPart']>,
): Generator<string, void, undefined> {
  const hash = createHash('sha256');
  const line = (value: SumsLine): string => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    return text;
  };
  yield line({ kind: 'head', schema: 1, tool: version, plan, task });
  yield line({
    kind: 'all',
    sums: storedSums(part.total),
    slurm: storedSlurm(part.slurm),
    lost: storedLost(Object.entries(part.lost) as [Outcome, GroupSums][]),
    clusters: [...part.clusters],
    hosts: part.hosts.map(([cluster, host]) => [cluster, host]),
    found: part.found,
  });
  let count = 0;
  for (const { fields, sums, slurm, lost } of groups) {
    count++;
    yield line({
      kind: 'group',
      fields: { ...fields },
      sums: storedSums(sums),
      slurm: storedSlurm(slurm),
      ...(lost === undefined ? {} : { lost: storedLost(lost) }),
    });
  }
  yield `${JSON.stringify({ kind: 'end', groups: count, sha256: hash.digest('hex') } satisfies SumsLine)}\n`;
}

/** Where what was read goes. */
export type SumsSink = Pick<Aggregation, 'addPart' | 'addGroup'>;

/** Reads such lines one after the other; what is broken, lacks its end or is another's is refused. */
export class SumsReader {
  readonly #owner: SumsOwner;
  readonly #sink: SumsSink;
  readonly #hash = createHash('sha256');
  #next: 'head' | 'all' | 'group' | 'nothing' = 'head';
  #groups = 0;

  constructor(owner: SumsOwner, sink: SumsSink) {
    this.#owner = owner;
    this.#sink = sink;
  }

  /** @param text a line without its end @throws Error */
  add(text: string): void {
    const line = parsedLine(text);
    const isNext = line.kind === this.#next || (line.kind === 'end' && this.#next === 'group');
    if (!isNext) throw new Error(`there is a line ${line.kind} where none should be`);
    if (line.kind !== 'end') this.#hash.update(`${text}\n`);
    switch (line.kind) {
      case 'head': {
        const { plan, task } = this.#owner;
        if (line.plan !== plan || line.task !== task)
          throw new Error(`it is of task ${line.task} of the plan ${line.plan}`);
        if (line.tool !== version)
          throw new Error(
            `it was written by EIT ${line.tool}, and this is ${version}: install the same on all nodes`,
          );
        this.#next = 'all';
        return;
      }
      case 'all':
        this.#sink.addPart({
          total: sumsOf(line.sums),
          slurm: slurmOf(line.slurm),
          lost: allLost(line.lost),
          clusters: line.clusters,
          hosts: line.hosts,
          found: line.found,
        });
        this.#next = 'group';
        return;
      case 'group':
        this.#groups++;
        this.#sink.addGroup(groupOf(line.fields, line));
        return;
      case 'end':
        if (line.groups !== this.#groups || line.sha256 !== this.#hash.digest('hex'))
          throw new Error('it does not hold what was written');
        this.#next = 'nothing';
    }
  }

  /** To be called after the last line. @throws Error where there should have been more */
  end(): void {
    if (this.#next !== 'nothing') throw new Error('its end is missing');
  }
}

function parsedLine(text: string): SumsLine {
  const value: unknown = JSON.parse(text);
  if (validateLine(value)) return value;
  const [error] = validateLine.errors ?? [];
  throw new Error(`a line is none of ours: ${error?.instancePath ?? ''} ${error?.message ?? ''}`);
}

function groupOf(fields: GroupFields, { sums, slurm, lost }: Extract<SumsLine, { kind: 'group' }>): Group {
  return {
    fields,
    sums: sumsOf(sums),
    slurm: slurmOf(slurm),
    ...(lost === undefined ? {} : { lost: lostOf(lost) }),
  };
}

function storedLost(lost: Iterable<readonly [Outcome, GroupSums]>): SumsOfLost {
  return Object.fromEntries([...lost].map(([outcome, sums]) => [outcome, storedSums(sums)]));
}

function lostOf(lost: SumsOfLost): LostSums {
  const found: LostSums = new Map();
  for (const outcome of ['failed', 'cancelled', 'requeued'] as const) {
    const sums = lost[outcome];
    if (sums !== undefined) found.set(outcome, sumsOf(sums));
  }
  return found;
}

function allLost(stored: SumsOfLost): PartOfRuns['lost'] {
  const lost = lostOf(stored);
  const of = (outcome: Outcome): GroupSums => lost.get(outcome) ?? new GroupSums();
  return { failed: of('failed'), cancelled: of('cancelled'), requeued: of('requeued') };
}
