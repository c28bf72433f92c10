import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import { SyntheticCluster } from './cluster';
import { Expectation, type Expected } from './expectation';
import { InboxFiles } from './inbox-files';
import { TimeText } from './time-text';
import { STRETCH_MS, type SyntheticPlan } from './plan';
import { sacctHeader, sacctLine } from './sacct-text';

/** Beside the cluster's folder. */
export const EXPECTED_FILE = 'expected.json';
export const SACCT_FILE = 'sacct.txt';

const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;
/** What storage says that cannot be written. */
const OF_STORAGE = [
  'EACCES',
  'EDQUOT',
  'EEXIST',
  'EIO',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
  'ESTALE',
];
const HELD_CHARACTERS = 1 << 20;

export interface GenerateOptions {
  /** Also write what `sacct` would print of the same jobs. */
  readonly withSacct: boolean;
  /** Told after each stretch. */
  readonly onProgress?: (done: number, all: number) => void;
}

/**
 * Writes a made-up ledger: `<folder>/<cluster>/inbox/<day>/<host>.ndjson` with the lines that agents would have written,
 * `expected.json` with the sums that reports must find in it, and with `withSacct` a `sacct.txt`. Memory does not grow with
 * its length.
 * @param folder is made; it may be there, but empty
 * @throws EitError EIT_LEDGER_EXISTS where something is in it, EIT_LEDGER_UNWRITABLE
 */
export function generateLedger(folder: string, plan: SyntheticPlan, options: GenerateOptions): Expected {
  try {
    claimFolder(folder);
    return writeLedger(folder, plan, options);
  } catch (error) {
    if (!isErrno(error, ...OF_STORAGE)) throw error;
    throw new EitError(
      'EIT_LEDGER_UNWRITABLE',
      `cannot write the ledger at ${folder}: ${error.message}. What is there is not whole: take it away and try again with room for it.`,
      { cause: error },
    );
  }
}

function writeLedger(
  folder: string,
  plan: SyntheticPlan,
  { withSacct, onProgress }: GenerateOptions,
): Expected {
  const { cluster: name, sinceMs, untilMs, hosts, damage, seed } = plan;
  const expectation = new Expectation();
  const files = new InboxFiles(join(folder, name, 'inbox'), hosts, damage, seed);
  const sacct = withSacct ? new TextFile(join(folder, SACCT_FILE), sacctHeader()) : null;
  const time = new TimeText();
  const cluster = new SyntheticCluster({
    plan,
    expectation,
    writer: (host) => {
      const file = files.open(host);
      return (line, toMs) => files.write(file, line, toMs);
    },
    account: (job, outcome) => sacct?.add(sacctLine(job, outcome, time)),
  });
  const stretchMs = plan.stretchMs ?? STRETCH_MS;
  const stretches = Math.ceil((untilMs - sinceMs) / stretchMs);
  for (let i = 0; i < stretches; i++) {
    cluster.runStretch(sinceMs + i * stretchMs);
    onProgress?.(i + 1, stretches);
  }
  cluster.finish();
  files.close();
  sacct?.close();
  const expected = expectation.finish(plan, files.bytes, files.counts);
  writeFileSync(join(folder, EXPECTED_FILE), `${JSON.stringify(expected, null, 2)}\n`, { mode: FILE_MODE });
  return expected;
}

/** An empty folder, so that nothing made-up gets among what was measured. */
function claimFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const [found] = readdirSync(folder).sort();
  if (found === undefined) return;
  throw new EitError(
    'EIT_LEDGER_EXISTS',
    `${folder} is not empty (${found}): a made-up ledger gets a folder of its own. Name one that is not there yet.`,
  );
}

/** Text that is appended in large pieces. */
class TextFile {
  readonly #path: string;
  #text: string;

  constructor(path: string, head: string) {
    this.#path = path;
    this.#text = head;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= HELD_CHARACTERS) this.close();
  }

  close(): void {
    appendFileSync(this.#path, this.#text, { mode: FILE_MODE });
    this.#text = '';
  }
}
