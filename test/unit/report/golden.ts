import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const LEDGERS = join(__dirname, '../../fixtures/ledger');

/** Compares with a file; `UPDATE_GOLDEN=1` writes it anew, to be looked at in the diff. */
export function expectGolden(name: string, text: string): void {
  const path = join(LEDGERS, 'golden', name);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}
