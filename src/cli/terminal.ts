import type { View } from '../report/format';
import type { Surroundings } from './command';

/** Of a terminal that does not say how wide it is. */
const UNKNOWN_WIDTH = 80;

/** The terminal that shows the result, with what it can and shall show; null where the output goes elsewhere. */
export function terminalOf(
  argv: Readonly<Record<string, unknown>>,
  { env, output: { stdout } }: Surroundings,
): View['terminal'] {
  if (!stdout.isTTY) return null;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return {
    width: stdout.columns || UNKNOWN_WIDTH,
    bars: argv['bar'] === true && /utf-?8/i.test(locale),
    colours: !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
}
