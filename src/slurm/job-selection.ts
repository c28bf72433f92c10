import { EitError } from '../errors';

/** Jobs as -j names them: by id, as tasks of an array or as a part of a heterogeneous job. */
export type JobSelection = { readonly text: string } & (
  | { readonly job: number }
  /** Of programs of ours: this id alone, and no array that has it too. */
  | { readonly id: number }
  | { readonly array: number; readonly tasks: readonly TaskRange[] }
  | { readonly het: number; readonly offset: number }
);

/** Numbers of an array's tasks, both ends counted. */
export interface TaskRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** A comma that no bracket holds. */
const BETWEEN = /,(?![^[]*\])/;

/**
 * Reads job ids as Slurm's commands print and take them, with commas between them: `1234`, a task `1234_5`, tasks
 * `1234_[1-3,7]` or `1234_[0-98:2%4]`, the second part of a heterogeneous job `1234+1`.
 * See https://slurm.schedmd.com/sacct.html#OPT_jobs and job_array.html#squeue.
 * @throws EitError EIT_USAGE for what is none
 */
export function parseJobSelections(text: string): JobSelection[] {
  const texts = text
    .split(BETWEEN)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (texts.length === 0)
    throw new EitError('EIT_USAGE', '--jobs is empty: give ids with commas between them');
  return [...new Set(texts)].map(parseSelection);
}

function parseSelection(text: string): JobSelection {
  const [, id, task, tasks, offset] = /^(\d+)(?:_(\d+)|_\[([^[\]]*)\]|\+(\d+))?$/.exec(text) ?? [];
  const job = wholeNumber(id);
  if (job === null || job === 0) throw fault(text);
  if (offset !== undefined) return { text, het: job, offset: wholeNumber(offset) ?? refuse(text) };
  const ranges = task ?? tasks;
  if (ranges === undefined) return { text, job };
  // squeue says behind a % how many may run at once.
  const items = ranges.replace(/%\d+$/, '').split(',');
  return { text, array: job, tasks: items.map((item) => parseRange(item) ?? refuse(text)) };
}

function parseRange(text: string): TaskRange | null {
  const [, from, to, by] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(text.trim()) ?? [];
  const first = wholeNumber(from);
  const last = to === undefined ? first : wholeNumber(to);
  const step = by === undefined ? 1 : wholeNumber(by);
  if (first === null || last === null || step === null || step === 0 || last < first) return null;
  return { first, last, step };
}

function wholeNumber(text: string | undefined): number | null {
  const number = Number(text);
  return text !== undefined && Number.isSafeInteger(number) ? number : null;
}

function refuse(text: string): never {
  throw fault(text);
}

function fault(text: string): EitError {
  return new EitError(
    'EIT_USAGE',
    `--jobs: ${JSON.stringify(text)} is no job id. Give ids with commas between them (--jobs 1234,1235), tasks of an array ` +
      '(1234_5, 1234_[1-3,7]) or a part of a heterogeneous job (1234+1); of steps no report tells.',
  );
}
