// Licences of what others wrote: which we take, and their texts for the packages.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Of what we hand on. SPDX identifiers, https://spdx.org/licenses/: each lets it be part of another work, for its notice. */
const HANDED_ON = new Set([
  ...['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'],
  ...['CC0-1.0', 'Unlicense', 'Zlib', 'Python-2.0'],
]);

/** Of what builds and tests: also those of data, of a part of TypeScript's and of a test of pages, which we do not hand on. */
const AT_WORK = new Set([...HANDED_ON, 'CC-BY-4.0', 'PSF-2.0', 'MPL-2.0']);

/** Packages whose package.json tells none: by name and version, as the licence text that is in them says. */
const READ = { 'jstat@1.9.6': 'MIT' };

/** The licence of a package as npm tells it, else as we have read it; undefined where neither is. */
export function licenceOf(name, { version, license }) {
  return license ?? READ[`${name}@${version}`];
}

/**
 * Of the entries of a package-lock.json those whose licence is none of ours to take, by path; a licence that nobody tells is one.
 * @returns `{ path, licence }[]`
 */
export function refusedLicences(lock) {
  return Object.entries(lock)
    .filter(([path, { link }]) => path !== '' && !link)
    .map(([path, entry]) => ({
      path,
      licence: licenceOf(path.replace(/^.*node_modules\//, ''), entry),
      allowed: entry.dev ? AT_WORK : HANDED_ON,
    }))
    .filter(({ licence, allowed }) => !isAllowed(licence, allowed))
    .map(({ path, licence = '(none told)' }) => ({ path, licence }));
}

/** An SPDX expression without exceptions: all parts of an AND, one of an OR; OR binds less. */
export function isAllowed(expression, allowed) {
  if (typeof expression !== 'string') return false;
  const bare = expression.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(bare)) return false;
  return bare.split(' OR ').some((all) => all.split(' AND ').every((one) => allowed.has(one.trim())));
}

/**
 * The texts of the licences of all components, one after the other.
 * @throws Error for a component whose package has no licence text where its licence asks to hand it on
 */
export function licenceTexts(components) {
  const parts = components.map(({ name, version, licence, path }) => {
    const texts = readTexts(path);
    if (texts.length === 0) texts.push(withoutText(name, licence, path));
    return [`${'='.repeat(78)}\n${name} ${version}: ${licence}\n${'='.repeat(78)}`, ...texts].join('\n\n');
  });
  return `What others wrote and these programs hold, with the licences that it is handed on by.\n\n${parts.join('\n\n')}\n`;
}

function readTexts(folder) {
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim());
}

/** Some packages name their licence and author in package.json alone. */
function withoutText(name, licence, folder) {
  const { author, repository } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const who = typeof author === 'string' ? author : author?.name;
  const where = typeof repository === 'string' ? repository : repository?.url;
  if (who === undefined && where === undefined)
    throw new Error(`${name} has neither a licence text nor an author: what is to be handed on with it?`);
  return `Its package holds no text of the licence ${licence}.${who ? ` Author: ${who}.` : ''}${where ? ` Source: ${where}` : ''}`;
}
