import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError, isErrno } from '../errors';
import { parseEitInfo } from '../imports/eit-info';
import { eitRun } from '../imports/eit-run';
import { parseEitSamples } from '../imports/eit-samples';
import type { ImportedRun } from '../imports/imported-run';
import { MOST_PICKLE_BYTES } from '../imports/pickle';
import type { CommandModule, Surroundings } from './command';
import { IMPORT_OPTIONS, takeRuns, wallReaderIn, zoneOf } from './import-runs';
import { readUserFile } from './user-file';

export const options: Readonly<Record<string, Options>> = IMPORT_OPTIONS;

export const examples: CommandModule['examples'] = [
  ['old-experiments', 'each impacttracker folder below it is a run'],
];

export const epilogue =
  'eit: logs of experiment-impact-tracker. Energy is what that tool reports: each power for the time since the sample before, the last one until the end too, ' +
  'which is modelled; coverage is the time up to the last sample. info.pkl is read without being executed. The zone of the clock follows from the first sample.';

/** What a folder of a log is called. */
const LOG_FOLDER = 'impacttracker';

/** Folders below one another; links are not followed. */
const DEEPEST = 32;

/** Logs of weeks have some 100 MB; a text of more does not fit into memory. */
const MOST_DATA_BYTES = 400 << 20;

/** `eit import eit DIR`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const folder = String(argv['where']);
  const zone = zoneOf(argv);
  const folders = logFolders(folder);
  if (folders.length === 0)
    throw new EitError(
      'EIT_IMPORT',
      `no folder ${LOG_FOLDER} in or below ${visible(folder)}: give the folder that ImpactTracker was given`,
    );
  const runs: ImportedRun[] = [];
  const refused: string[] = [];
  for (const path of folders) {
    try {
      const info = parseEitInfo(
        readUserFile(join(path, 'info.pkl'), MOST_PICKLE_BYTES),
        visible(join(path, 'info.pkl')),
      );
      const samples = parseEitSamples(
        readUserFile(join(path, 'data.json'), MOST_DATA_BYTES).toString('utf8'),
      );
      runs.push(eitRun(info, samples, visible(path), zone === null ? null : wallReaderIn(zone)));
    } catch (error) {
      // One spoiled log does not keep the others away.
      if (!(error instanceof EitError)) throw error;
      refused.push(error.message);
    }
  }
  return takeRuns({ runs, refused }, argv, surroundings);
}

/** Folders of logs in or below a folder, in the order of their names. @throws EitError EIT_IMPORT where it cannot be read */
function logFolders(folder: string): string[] {
  const found: string[] = [];
  const look = (path: string, depth: number): void => {
    if (depth > DEEPEST) return;
    if (basename(path) === LOG_FOLDER) {
      found.push(path);
      return;
    }
    for (const entry of entriesOf(path, depth > 0))
      if (entry.isDirectory()) look(join(path, entry.name), depth + 1);
  };
  look(folder, 0);
  return found;
}

function entriesOf(path: string, mayBeClosed: boolean) {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (mayBeClosed && isErrno(error, 'EACCES', 'ENOENT')) return [];
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG', 'ELOOP')) throw error;
    throw new EitError('EIT_IMPORT', `cannot read ${visible(path)}: ${error.message}; give a folder`, {
      cause: error,
    });
  }
}
