import { readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { LoadedConfig } from '../config/config';
import { visible } from '../config/visible';
import { EitError, isSystemError } from '../errors';
import type { BoardSpec } from '../leaderboard/board-spec';
import { checkEntry } from '../leaderboard/check-entry';
import { type Entry, entryRun } from '../leaderboard/entry-run';
import { readSubmission, type Submission } from '../leaderboard/read-submission';
import { submissionClashes } from '../leaderboard/submission-clashes';
import { SUBMISSION_ENDING } from '../leaderboard/submission-limits';
import { differencesOf, entryOf } from '../leaderboard/verify-submission';
import { jobName, parseRunSet } from '../science/run-set';
import { ledgerIn } from './chosen-runs';
import type { Surroundings } from './command';
import { FACTS_NAME } from './facts-file';
import { readRunSets } from './run-sets';

/** Submissions of more than these are no leaderboard's. */
const MOST_SUBMISSIONS = 1000;

/** A submission that is not on the board. */
export interface Refused {
  readonly file: string;
  readonly why: string;
}

/**
 * The entries of a spec whose runs are in a ledger.
 * @param specPath what paths of the spec are relative to the folder of
 * @throws EitError EIT_LEADERBOARD, EIT_RUN_SET; and what a report throws
 */
export async function ledgerEntries(
  spec: BoardSpec,
  specPath: string,
  site: LoadedConfig,
  surroundings: Surroundings,
  allUsers: boolean,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const { name, description, set, from, link } of spec.entries) {
    if (set === undefined && from === undefined)
      throw new EitError(
        'EIT_LEADERBOARD',
        `the entry ${visible(name, 80)} has no runs: give it set: (a filter as --set has it), from: (a folder that eit run wrote), or both`,
      );
    const filter = set === undefined ? { text: from ?? '', asked: {} } : parseRunSet(`entry=${set}`);
    const loaded = from === undefined ? site : ledgerIn(site, resolve(dirname(specPath), from));
    const sets = await readRunSets([{ ...filter, name }], loaded, surroundings, {
      policy: spec.policy,
      allUsers: allUsers || from !== undefined,
      ...(from === undefined ? {} : { facts: join(loaded.config.ledger, FACTS_NAME) }),
    });
    const entry: Entry = {
      ...{ name, description: description ?? null, link: link ?? null },
      origin: { kind: 'ledger', sha256: null },
      runs: sets.flatMap(({ report, own }) =>
        report.groups.map((job) => entryRun(job, own, spec.metric.name, jobName(job))),
      ),
    };
    checkEntry(entry, spec);
    entries.push(entry);
  }
  return entries;
}

/**
 * The files of a folder of submissions.
 * @returns in the order of their names; what does not end as submissions do is left out
 * @throws EitError EIT_LEADERBOARD where there is no such folder
 */
export function submissionFiles(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new EitError(
      'EIT_LEADERBOARD',
      `submissions: ${visible(folder, 200)} cannot be read: ${error.message}; make the folder, or name another`,
      { cause: error },
    );
  }
  const files = names.filter((name) => name.endsWith(SUBMISSION_ENDING)).sort();
  if (files.length > MOST_SUBMISSIONS)
    throw new EitError(
      'EIT_LEADERBOARD',
      `${visible(folder, 200)} has ${files.length} submissions; a leaderboard has at most ${MOST_SUBMISSIONS}`,
    );
  return files.map((name) => join(folder, name));
}

/**
 * Recomputes submissions: those that are what they claim, fit the spec and have no records or name of another become entries.
 * @param taken names that entries have already
 */
export async function submittedEntries(
  files: readonly string[],
  spec: BoardSpec,
  taken: readonly string[],
): Promise<{ entries: Entry[]; refused: Refused[] }> {
  const refused = new Map<string, string>();
  const read: { path: string; file: string; submission: Submission; entry: Entry }[] = [];
  for (const path of new Set(files)) {
    const file = basename(path);
    try {
      const submission = await readSubmission(path, [spec.policy]);
      const why = whyNot(submission, spec);
      if (why !== null) {
        refused.set(path, why);
        continue;
      }
      const entry = entryOf(submission, spec.policy);
      checkEntry(entry, spec);
      read.push({ path, file, submission, entry });
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      // What is published does not tell where it was made.
      refused.set(path, error.message.replaceAll(visible(path), visible(file)));
    }
  }
  const entries: Entry[] = [];
  submissionClashes(read, taken).forEach((why, i) => {
    const { path, entry } = read[i]!;
    if (why === null) entries.push(entry);
    else refused.set(path, why);
  });
  return {
    entries,
    refused: [...new Set(files)].flatMap((file) => {
      const why = refused.get(file);
      return why === undefined ? [] : [{ file, why }];
    }),
  };
}

/** Why a submission is none of this leaderboard; null: it is. */
function whyNot(submission: Submission, spec: BoardSpec): string | null {
  const { task, metric } = submission.manifest;
  if (task !== spec.task) return `it is for the task ${visible(task)}, not ${visible(spec.task)}`;
  if (metric.name !== spec.metric.name)
    return `its metric is ${visible(metric.name)}, not ${visible(spec.metric.name)}`;
  const differences = differencesOf(submission);
  return differences.length === 0 ? null : `it is not as it claims: ${differences.join('; ')}`;
}
