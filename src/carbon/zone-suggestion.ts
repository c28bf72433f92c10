import { nearest } from '../config/nearest';
import { alpha2Of } from './country';

const MOST_SUGGESTIONS = 5;

/**
 * The zones that someone who wrote `text` may have meant, the likeliest first: by name (Germany), by a country's other
 * codes (DEU), by the parts below or above (US-CA, DE-BY), by spelling.
 */
export function suggestZones(text: string, zones: Iterable<{ key: string; name: string }>): string[] {
  const all = [...zones];
  const keys = new Set(all.map(({ key }) => key));
  const wanted = text.toUpperCase();
  const found = [
    ...all.filter(({ name }) => name.toUpperCase() === wanted).map(({ key }) => key),
    ...[wanted, alpha2Of(wanted) ?? ''].filter((key) => keys.has(key)),
    ...[...keys].filter((key) => wanted.length >= 2 && key.startsWith(wanted)),
    ...(wanted.includes('-')
      ? [wanted.slice(0, wanted.lastIndexOf('-'))].filter((key) => keys.has(key))
      : []),
    ...nearest(wanted, keys),
  ];
  return [...new Set(found)].slice(0, MOST_SUGGESTIONS);
}
