import { visible } from '../config/visible';
import type { Submission } from './read-submission';

/** What can be the same in two submissions. */
type Told = Pick<Submission, 'fingerprints' | 'sha256'> & { readonly manifest: { readonly name: string } };

/** A submission with what its file is called. */
export interface NamedSubmission<S extends Told = Submission> {
  readonly file: string;
  readonly submission: S;
}

/**
 * Why submissions cannot all be taken. Of several with the same name, or with records in common, none is: nothing in them tells whose they are, and what
 * their files are called does not either. The same submission twice is taken once.
 * @param taken names that entries have already
 * @returns in their order; null: nothing is against it
 */
export function submissionClashes<S extends Told>(
  all: readonly NamedSubmission<S>[],
  taken: readonly string[],
): (string | null)[] {
  const bySha = new Map<string, number>();
  const [names, records] = [new Holders(), new Holders()];
  const isAgain = all.map(({ submission: { sha256, manifest, fingerprints } }, i) => {
    const first = bySha.get(sha256);
    if (first !== undefined) return first;
    bySha.set(sha256, i);
    names.add(manifest.name, i);
    for (const fingerprint of fingerprints) records.add(fingerprint, i);
    return null;
  });
  const nameOf = (i: number): string => visible(all[i]!.file, 200);
  const clash = (what: string, others: ReadonlySet<number>): string | null =>
    others.size === 0
      ? null
      : `${what} ${[...others].slice(0, MOST_NAMED).map(nameOf).join(', ')}${others.size > MOST_NAMED ? ` and ${others.size - MOST_NAMED} more` : ''}: none of them is taken; leave in those that are to count`;
  return all.map(({ submission: { manifest } }, i) => {
    const first = isAgain[i];
    if (first !== null && first !== undefined) return `it is the same as ${nameOf(first)}`;
    if (taken.includes(manifest.name)) return 'its name is that of an entry of the spec';
    return clash('it has records of', records.besides(i)) ?? clash('its name is that of', names.besides(i));
  });
}

/** Most files that a message names. */
const MOST_NAMED = 10;

/** Who has the same as another. Each is told beside the first that has it: as many links as things, however often they are copied. */
class Holders {
  readonly #first = new Map<string, number>();
  readonly #besides = new Map<number, Set<number>>();

  add(key: string, holder: number): void {
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, holder);
    else if (first !== holder) {
      this.#link(first, holder);
      this.#link(holder, first);
    }
  }

  besides(holder: number): ReadonlySet<number> {
    return this.#besides.get(holder) ?? new Set();
  }

  #link(one: number, other: number): void {
    const found = this.#besides.get(one);
    if (found === undefined) this.#besides.set(one, new Set([other]));
    else found.add(other);
  }
}
