import { caiso } from './caiso';
import { eia } from './eia';
import { electricitymaps } from './electricitymaps';
import { entsoe } from './entsoe';
import { neso } from './neso';
import type { Provider } from './provider';
import { watttime } from './watttime';

/** Everybody whom `eit intensity fetch` can ask; the names are those of `intensity` in schemas/config.schema.json. */
export const PROVIDERS: readonly Provider[] = [electricitymaps, neso, caiso, entsoe, eia, watttime];
