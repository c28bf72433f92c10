import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { visible } from '../config/visible';
import { describeError, EitError } from '../errors';
import type { FactMetric } from '../generated/facts';
import { checkName, parseMetricCsv, parseMetricsJson } from '../science/metric-values';
import { readText } from './metric';
import type { Output } from './output';

/** Where a command writes its results. */
export interface MetricFiles {
  readonly json: string | undefined;
  readonly csv: string | undefined;
  readonly columns: readonly string[];
  readonly step: string | undefined;
}

/** What tells whether a file was written since. By path; '' where there was none. */
export type FilesBefore = ReadonlyMap<string, string>;

/** How the files are before the command begins: what is the same after it is of another run. */
export function filesBefore({ json, csv }: MetricFiles): FilesBefore {
  return new Map(
    [json, csv].flatMap((file) => (file === undefined ? [] : [[resolve(file), stateOf(file)] as const])),
  );
}

/**
 * The results that a command has written. What cannot be taken is told, and the rest is taken: the command does not run
 * again for the sake of a NaN.
 * @param before the run
 */
export function metricsOfFiles(
  files: MetricFiles,
  before: FilesBefore,
  output: Output,
): Record<string, FactMetric> {
  const found: [string, FactMetric][] = [];
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      output.note(`${describeError(error)}; say it later: eit metric RUN name=value --from DIR`);
    }
  };
  const { json, csv, columns, step } = files;
  if (json !== undefined)
    attempt(() => {
      const { metrics, faults } = parseMetricsJson(readNew(json, before), json);
      found.push(...Object.entries(metrics));
      if (faults.length > 0) output.note(`${visible(json)}: not taken: ${faults.slice(0, 10).join('; ')}`);
    });
  if (csv !== undefined)
    for (const column of columns)
      attempt(() => {
        found.push([checkName(column), parseMetricCsv(readNew(csv, before), csv, { value: column, step })]);
      });
  return Object.fromEntries(found);
}

/** @throws EitError EIT_DATA_FILE */
function readNew(file: string, before: FilesBefore): string {
  const state = stateOf(file);
  if (state === '' || state !== before.get(resolve(file))) return readText(file);
  throw new EitError(
    'EIT_DATA_FILE',
    `${visible(file)} is as it was before this run: the command did not write it, and nothing was taken`,
  );
}

/** '' where there is no plain file, or none that may be looked at. */
function stateOf(file: string): string {
  try {
    const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
    return stats?.isFile() === true ? [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(':') : '';
  } catch {
    // Reading it will say why.
    return '';
  }
}
