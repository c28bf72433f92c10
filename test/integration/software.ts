import { EitError } from '../../src/errors';
import { cleanValue, wholeNumber } from '../../src/slurm/hook-event';

/** What software a job was started with, as slurm-examples/taskprolog-software.sh wrote it down. What was not set is absent. */
export interface Software {
  readonly cluster: string;
  readonly jobId: number;
  /** Of an array only the first task's is written down. */
  readonly arrayJobId?: number;
  readonly restart?: number;
  /** Unix seconds (Slurm 23.02 and later): tells a job from another with the same id. */
  readonly startS?: number;
  /** Environment modules, in the order in which they were loaded. */
  readonly modules: readonly string[];
  readonly container?: string;
  /** Path of the python3 that was first in PATH. */
  readonly python?: string;
  readonly conda?: { readonly prefix: string; readonly packages: PackageNames };
  readonly venv?: { readonly prefix: string; readonly python?: string; readonly packages: PackageNames };
}

/** Names with versions, as their tools name files: `numpy-1.26.4-py311_0`, `numpy-1.26.4`. */
export interface PackageNames {
  readonly names: readonly string[];
  /** False where there were more than are written down. */
  readonly isComplete: boolean;
}

const MAGIC = 'eit-software 1';
const END_MARK = 'end';

/**
 * Parses a file of the TaskProlog: NUL-ended fields, the first `eit-software 1`, the last `end`, between them `name=value`.
 * The file is its user's: everything in it is data, cleaned as a hook's event is.
 * @throws EitError EIT_PARSE where it is not a whole file
 */
export function parseSoftware(bytes: Uint8Array): Software {
  const fields = new TextDecoder('utf-8').decode(bytes).split('\0');
  if (fields[0] !== MAGIC) throw new EitError('EIT_PARSE', `does not begin with "${MAGIC}"`);
  if (fields.at(-1) !== '' || fields.at(-2) !== END_MARK) {
    throw new EitError('EIT_PARSE', `is not whole: "${END_MARK}" is missing at its end`);
  }
  const all = new Map<string, string[]>();
  for (const field of fields.slice(1, -2)) {
    const equals = field.indexOf('=');
    if (equals <= 0) continue;
    const name = field.slice(0, equals);
    const value = cleanValue(field.slice(equals + 1));
    const earlier = all.get(name);
    if (earlier === undefined) all.set(name, [value]);
    else earlier.push(value);
  }
  const one = (name: string): string | undefined => all.get(name)?.[0];
  const packages = (name: string): PackageNames => ({
    names: all.get(name) ?? [],
    isComplete: !(all.get('cut') ?? []).includes(name),
  });
  const jobId = wholeNumber(one('job'));
  if (jobId === undefined || jobId === 0) {
    throw new EitError('EIT_PARSE', `job is "${one('job') ?? ''}"`);
  }
  const [conda, venv] = [one('conda'), one('venv')];
  return {
    cluster: one('cluster') ?? '',
    jobId,
    ...present({
      arrayJobId: wholeNumber(one('array_job')),
      restart: wholeNumber(one('restart')),
      startS: wholeNumber(one('start')),
    }),
    modules: (one('modules') ?? '').split(':').filter((name) => name !== ''),
    ...present({ container: one('container'), python: one('python') }),
    ...(conda === undefined ? {} : { conda: { prefix: conda, packages: packages('conda_package') } }),
    ...(venv === undefined
      ? {}
      : {
          venv: {
            prefix: venv,
            ...present({ python: one('venv_python') }),
            packages: packages('venv_package'),
          },
        }),
  };
}

/** Those that are not undefined. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
