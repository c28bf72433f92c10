import { statSync } from 'node:fs';
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

/**
 * The results that a command has written. What cannot be taken is told, and the rest is taken: the command does not run
 * again for the sake of a NaN. A file that is older than the run is of another one.
 * @param startedMs when the run began, Unix ms
 */
export function metricsOfFiles(
  files: MetricFiles,
  startedMs: number,
  output: Output,
): Record<string, FactMetric> {
  const found: [string, FactMetric][] = [];
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      output.note(`${describeError(error)}; say it later: eit metric RUN name=value --from DIR`);
    }
  };
  const { json, csv, columns, step } = files;
  if (json !== undefined)
    attempt(() => {
      const { metrics, faults } = parseMetricsJson(readNew(json, startedMs), json);
      found.push(...Object.entries(metrics));
      if (faults.length > 0) output.note(`${visible(json)}: not taken: ${faults.slice(0, 10).join('; ')}`);
    });
  if (csv !== undefined)
    for (const column of columns)
      attempt(() => {
        found.push([
          checkName(column),
          parseMetricCsv(readNew(csv, startedMs), csv, { value: column, step }),
        ]);
      });
  return Object.fromEntries(found);
}

/** Times of files are coarse, and of another clock where they lie elsewhere. */
const CLOCKS_APART_MS = 2000;

/** @throws EitError EIT_DATA_FILE */
function readNew(file: string, startedMs: number): string {
  const text = readText(file);
  if (statSync(file).mtimeMs >= startedMs - CLOCKS_APART_MS) return text;
  throw new EitError(
    'EIT_DATA_FILE',
    `${visible(file)} is older than this run: the command did not write it, and nothing was taken`,
  );
}
