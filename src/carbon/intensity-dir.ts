import { join } from 'node:path';
import type { EitConfig } from '../generated/config';

/** The folder of the series: `intensity_dir`, else `_intensity` in the ledger's folder, which is no cluster's name. */
export function intensityDir({
  intensity_dir: dir,
  ledger,
}: Pick<EitConfig, 'intensity_dir' | 'ledger'>): string {
  return dir ?? join(ledger, '_intensity');
}
