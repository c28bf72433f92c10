import { csv } from './csv';
import type { ReportFormat } from './format';
import { json } from './json';
import { parsable } from './parsable';
import { table } from './table';

/** Every format of eit-report; the first is taken where no option asks for another. */
export const FORMATS: readonly ReportFormat[] = [table, json, csv, parsable];
