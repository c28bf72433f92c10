// Makes processors.csv of two tables of the makers' CPUs: node data/hardware/make-processors.mjs cpu-intel.csv cpu-amd-server.csv
// README.md tells where they are from.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [intelPath, amdPath] = process.argv.slice(2);
if (intelPath === undefined || amdPath === undefined) {
  process.stderr.write('give the two tables: make-processors.mjs cpu-intel.csv cpu-amd-server.csv\n');
  process.exit(2);
}

/** Lines of CSV whose fields may stand in quotes, without quotes or line breaks in them. */
function rowsOf(path) {
  return readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => [...line.matchAll(/("([^"]*)"|([^,]*))(,|$)/g)].map((found) => found[2] ?? found[3] ?? ''));
}

function column(header, name) {
  const at = header.indexOf(name);
  if (at < 0) throw new Error(`no column ${name}`);
  return at;
}

function powersOf(path, { name, cores, tdp }) {
  const [header, ...rows] = rowsOf(path);
  const [nameAt, coresAt, tdpAt] = [name, cores, tdp].map((one) => column(header, one));
  return rows.map((row) => ({ name: plain(row[nameAt] ?? ''), cores: Number(row[coresAt]), tdpW: Number.parseFloat(row[tdpAt]) }));
}

/** `Intel® Xeon® Gold 6148 Processor` is `Intel Xeon Gold 6148`. */
function plain(name) {
  return name
    .replaceAll(/[®™]/g, '')
    .replaceAll(/\bProcessors?\b|\([^)]*\)/g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(',', '')
    .trim();
}

const all = [
  ...powersOf(intelPath, { name: 'cpu_name', cores: 'total_cores', tdp: 'tdp' }),
  ...powersOf(amdPath, { name: 'Name', cores: '# of CPU Cores', tdp: 'Default TDP' }),
].filter(({ name, cores, tdpW }) => name !== '' && cores > 0 && tdpW > 0);
const lines = new Map();
for (const { name, cores, tdpW } of all) {
  const had = lines.get(name);
  // Two of one name and other figures: neither is known to be meant.
  lines.set(name, had === undefined || had === `${name},${cores},${tdpW}` ? `${name},${cores},${tdpW}` : null);
}
const text = ['name,cores,tdp_w', ...[...lines.values()].filter((line) => line !== null).sort((a, b) => (a < b ? -1 : 1))].join('\n');
writeFileSync(join(import.meta.dirname, 'processors.csv'), `${text}\n`);
