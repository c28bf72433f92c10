import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { parseCodecarbonCsv } from '../imports/codecarbon-csv';
import { codecarbonRun } from '../imports/codecarbon-run';
import type { ImportedRun } from '../imports/imported-run';
import type { CommandModule, Surroundings } from './command';
import { IMPORT_OPTIONS, takeRuns, zoneOrLocal } from './import-runs';
import { readUserFile } from './user-file';

export const options: Readonly<Record<string, Options>> = {
  ...IMPORT_OPTIONS,
  cpu: {
    type: 'string',
    requiresArg: true,
    choices: ['measured', 'modelled'],
    describe:
      "how the CPU's energy came about, which the file does not tell: measured (RAPL) or modelled (TDP and load); default: modelled",
  },
};

export const examples: CommandModule['examples'] = [
  ['emissions.csv --cpu measured', 'each run of the file; CPUs were read by RAPL'],
];

export const epilogue =
  'codecarbon: emissions.csv, or the file of its tasks. The PUE in its energies is taken out. GPUs are measured, RAM is modelled, CPUs are as --cpu says. ' +
  "Its times have no zone: --time-zone, else this machine's.";

/** A row has some 600 bytes. */
const MOST_CSV_BYTES = 200 << 20;

/** `eit import codecarbon FILE`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const file = String(argv['where']);
  const zone = zoneOrLocal(argv);
  const { rows, refused } = parseCodecarbonCsv(
    readUserFile(file, MOST_CSV_BYTES).toString('utf8'),
    visible(file),
  );
  const runs: ImportedRun[] = [];
  const faults = [...refused];
  for (const row of rows) {
    try {
      runs.push(
        codecarbonRun(row, {
          file: visible(file),
          zone,
          cpu: argv['cpu'] === 'measured' ? 'measured' : 'modelled',
        }),
      );
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      faults.push(error.message);
    }
  }
  if (rows.length === 0 && faults.length === 0)
    throw new EitError('EIT_IMPORT', `${visible(file)} has no rows: no run has ended yet`);
  return takeRuns({ runs, refused: faults }, argv, surroundings);
}
