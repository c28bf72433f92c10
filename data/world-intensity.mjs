// Works out data/world-intensity.json: the carbon intensity of the world's electricity, from the yearly averages of
// data/zones weighted by the generation of data/generation.
//
//   node data/world-intensity.mjs           writes the file
//   node data/world-intensity.mjs --check   writes nothing and fails where the file differs
//
// Method, for each country of the generation table:
//   1. its intensity is that of the zone that is the whole country (key = ISO 3166 alpha-2), where there is one;
//   2. else the plain mean of its zones (key = alpha-2, dash, more): how much each generates is not in the tables;
//   3. a country with neither is left out, and what it generates counts as not covered.
// World = sum of intensity x generation / sum of generation, over the countries of 1 and 2. The zones are flow-traced
// (imports counted where they are used) and the weights are generation: across the world imports and exports cancel.
// The row GLOBAL of the zone table is not used: it is no zone of Electricity Maps, and its life-cycle figure repeats
// the direct one.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import countries from 'i18n-iso-countries/index.js';

const data = dirname(fileURLToPath(import.meta.url));
const zones = new Map(
  readCsv('zones/zone-intensity-2024.csv')
    .filter((row) => row['Zone id'] !== 'GLOBAL')
    .map((row) => [
      row['Zone id'],
      {
        lifecycle: Number(row['Carbon intensity gCO₂eq/kWh (Life cycle)']),
        direct: Number(row['Carbon intensity gCO₂eq/kWh (direct)']),
      },
    ]),
);
const generation = readCsv('generation/electricity-generation-owid.csv').map((row) => {
  const alpha2 = countries.alpha3ToAlpha2(row.iso3);
  const parts = [...zones.keys()].filter((key) => key.startsWith(`${alpha2}-`));
  const keys = zones.has(alpha2) ? [alpha2] : parts;
  return { iso3: row.iso3, twh: Number(row.total_twh), keys, ofParts: !zones.has(alpha2) };
});
const covered = generation.filter(({ keys }) => keys.length > 0);
const total = sum(generation.map(({ twh }) => twh));
const coveredTwh = sum(covered.map(({ twh }) => twh));

const world = {
  zone: 'WORLD',
  year: 2024,
  unit: 'gCO2eq/kWh',
  average_lifecycle: weighted('lifecycle'),
  average_direct: weighted('direct'),
  source:
    'mean of the Electricity Maps 2024 zones (version January 27, 2025) weighted by electricity generation ' +
    '(Our World in Data); method: data/world-intensity.mjs',
  generation_twh: round(total, 2),
  covered_share: round(coveredTwh / total, 5),
  countries: covered.length,
  mean_of_parts: names(covered.filter(({ ofParts }) => ofParts)),
  not_covered: names(generation.filter(({ keys }) => keys.length === 0)),
  licence: 'ODbL 1.0 (zones); generation: CC BY 4.0',
};

const file = join(data, 'world-intensity.json');
const text = `${JSON.stringify(world, null, 2)}\n`;
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('data/world-intensity.json is stale. Run `node data/world-intensity.mjs`.\n');
  process.exitCode = 1;
}

/** Generation-weighted mean over the covered countries. */
function weighted(basis) {
  const grams = covered.map(({ twh, keys }) => (twh * sum(keys.map((key) => zones.get(key)[basis]))) / keys.length);
  return round(sum(grams) / coveredTwh, 2);
}

function names(rows) {
  return rows.map(({ iso3 }) => iso3).sort();
}

function sum(numbers) {
  return numbers.reduce((a, b) => a + b, 0);
}

function round(number, digits) {
  return Number(number.toFixed(digits));
}

/** A CSV file (RFC 4180) as objects by its header's names. */
function readCsv(name) {
  const [header, ...rows] = readFileSync(join(data, name), 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
      ),
    );
  return rows.map((row) => Object.fromEntries(header.map((column, i) => [column, row[i]])));
}
