import { join } from 'node:path';
import type { LoadedConfig } from '../config/config';
import type { FactsLookup } from '../runs/job-facts';
import { ownJobFacts } from '../science/own-job-facts';
import { ledgerIn } from './chosen-runs';
import { FACTS_NAME, readFactLines } from './facts-file';
import type { Output } from './output';
import type { QueryOptions } from './report-query';
import { FROM_THE_BEGINNING } from './run-sets';

/** What a report of a folder of runs is made of. */
export interface ReportFolder {
  readonly loaded: LoadedConfig;
  /** All that is in it, a line a run, unless something else is asked for. */
  readonly asked: QueryOptions;
  /** No accounting tells anything of its runs. */
  readonly moreFacts: (known: FactsLookup | null) => FactsLookup;
}

/** @throws EitError EIT_RUN_SET, EIT_FACTS */
export function reportFolder(
  site: LoadedConfig,
  from: string,
  asked: QueryOptions,
  { output, nowMs }: { readonly output: Output; readonly nowMs: number },
): ReportFolder {
  const loaded = ledgerIn(site, from);
  const lines = readFactLines(join(loaded.config.ledger, FACTS_NAME), output);
  return {
    loaded,
    asked: {
      ...asked,
      starttime: asked.starttime ?? FROM_THE_BEGINNING,
      allusers: true,
      'group-by': asked['group-by'].length === 0 ? ['job'] : asked['group-by'],
    },
    moreFacts: (known) => ownJobFacts(lines, nowMs, known),
  };
}
