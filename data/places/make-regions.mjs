// Makes data/places/regions.json from Natural Earth's "Admin 1 - States, Provinces" (1:10m, public domain), as GeoJSON:
//   npm install --no-save topojson-server topojson-simplify topojson-client
//   node data/places/make-regions.mjs ne_10m_admin_1_states_provinces.json
// Regions that region-zones.csv tells apart stay apart; all others of a country become one. Borders are simplified
// together, so that neighbours keep one border and no gap opens between them.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mergeArcs, quantize } from 'topojson-client';
import { topology } from 'topojson-server';
import { filter, presimplify, simplify, sphericalTriangleArea } from 'topojson-simplify';

/** Steps in which borders of neighbours are found to be the same, before anything is simplified. */
const SNAP = 1e7;

/** Steps from one side of the world to the other: about 270 m. */
const QUANTIZATION = 150_000;

/** Area of the smallest corner that stays, in steradians: 4 km². */
const LEAST_CORNER = 4 / 6371 ** 2;

/** Square degrees of the smallest island that stays (2 km by 2 km at the equator), where its region has another. */
const LEAST_ISLAND = 0.0004;

const here = dirname(fileURLToPath(import.meta.url));
const [source] = process.argv.slice(2);
if (source === undefined) {
  process.stderr.write('Say where the GeoJSON of Natural Earth is: see the top of this script.\n');
  process.exit(2);
}

/** Areas without a code of ISO 3166, by Natural Earth's; what is left out is disputed or has nobody. */
const COUNTRY_OF_AREA = { ESB: 'CY', WSB: 'CY', CYN: 'CY', SOL: 'SO', USG: 'CU', KAB: 'KZ', SXM: 'SX', PRI: 'PR' };
const LEFT_OUT = ['KAS', 'CSI', 'PGA', 'CLP', 'IOA'];

/** Countries whose largest part has another name. */
const NAMES = { CY: 'Cyprus', UA: 'Ukraine', MO: 'Macao', HK: 'Hong Kong', US: 'United States', SO: 'Somalia', CU: 'Cuba', KZ: 'Kazakhstan', AU: 'Australia', MK: 'North Macedonia', SZ: 'Eswatini', PS: 'Palestine', SS: 'South Sudan', CZ: 'Czechia' };

/** ISO 3166-2 of Italy's regions, of which Natural Earth has the provinces. */
const ITALY = {
  Piemonte: 'IT-21',
  "Valle d'Aosta": 'IT-23',
  Lombardia: 'IT-25',
  'Trentino-Alto Adige': 'IT-32',
  Veneto: 'IT-34',
  'Friuli-Venezia Giulia': 'IT-36',
  Liguria: 'IT-42',
  'Emilia-Romagna': 'IT-45',
  Toscana: 'IT-52',
  Umbria: 'IT-55',
  Marche: 'IT-57',
  Lazio: 'IT-62',
  Abruzzo: 'IT-65',
  Molise: 'IT-67',
  Campania: 'IT-72',
  Apulia: 'IT-75',
  Basilicata: 'IT-77',
  Calabria: 'IT-78',
  Sicily: 'IT-82',
  Sardegna: 'IT-88',
};

/** Regions of several of Natural Earth's: their key, name and which. */
const GROUPS = [
  ['GB-NIR', 'Northern Ireland', (p) => p.geonunit === 'Northern Ireland'],
  ['FR-COR', 'Corsica', (p) => ['FR-2A', 'FR-2B'].includes(p.iso_3166_2)],
  ['MY-EM', 'Malaysian Borneo', (p) => ['MY-12', 'MY-13', 'MY-15'].includes(p.iso_3166_2)],
  ['MY-WM', 'Peninsular Malaysia', (p) => p.adm0_a3 === 'MYS'],
  ['PH-MI', 'Mindanao', (p) => p.adm0_a3 === 'PHL' && /Mindanao|XIII|\((XI|IX|X|XII)\)|Region (XI|IX|X|XII)\)/.test(p.region)],
  ['PH-VI', 'Visayas', (p) => p.adm0_a3 === 'PHL' && /Visayas/.test(p.region)],
  ['PH-LU', 'Luzon', (p) => p.adm0_a3 === 'PHL'],
  ['RU-2', 'Siberia', (p) => /^RU-(AL|ALT|BU|IRK|KEM|KK|KYA|NVS|OMS|TOM|TY|ZAB)$/.test(p.iso_3166_2)],
  ['RU-AS', 'Russian Far East', (p) => /^RU-(AMU|CHU|KAM|KHA|MAG|PRI|SA|SAK|YEV)$/.test(p.iso_3166_2)],
  ['RU-KGD', 'Kaliningrad', (p) => p.iso_3166_2 === 'RU-KGD'],
  ['RU-1', 'European Russia and Ural', (p) => p.iso_3166_2.startsWith('RU-')],
];

/** Islands with a zone of their own: a point in each (longitude, latitude), and the region that it is cut out of. */
const ISLANDS = [
  ['DK-BHM', 'Bornholm', 'DK-84', [14.92, 55.13]],
  ['ES-IB-MA', 'Mallorca', 'ES-PM', [3.0, 39.6]],
  ['ES-IB-IZ', 'Ibiza', 'ES-PM', [1.42, 38.98]],
  ['ES-IB-FO', 'Formentera', 'ES-PM', [1.45, 38.69]],
  ['ES-IB-ME', 'Menorca', 'ES-PM', [4.08, 39.97]],
  ['ES-CN-GC', 'Gran Canaria', 'ES-GC', [-15.6, 27.95]],
  ['ES-CN-LZ', 'Lanzarote', 'ES-GC', [-13.63, 29.03]],
  ['ES-CN-FV', 'Fuerteventura', 'ES-GC', [-14.0, 28.4]],
  ['ES-CN-TE', 'Tenerife', 'ES-TF', [-16.6, 28.27]],
  ['ES-CN-LP', 'La Palma', 'ES-TF', [-17.86, 28.68]],
  ['ES-CN-IG', 'La Gomera', 'ES-TF', [-17.23, 28.11]],
  ['ES-CN-HI', 'El Hierro', 'ES-TF', [-18.02, 27.74]],
  ['AU-TAS-KI', 'King Island', 'AU-TAS', [143.95, -39.87]],
  ['AU-TAS-FI', 'Flinders Island', 'AU-TAS', [148.05, -40.0]],
  ['AU-WA-RI', 'Rottnest Island', 'AU-WA', [115.51, -32.005]],
  ['FO-SI', 'Suðuroy', 'FO', [-6.87, 61.53]],
];

const known = new Set(
  readFileSync(join(here, 'region-zones.csv'), 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0]),
);
const { features } = JSON.parse(readFileSync(source, 'utf8'));
const all = features.filter(({ properties: p }) => !LEFT_OUT.includes(p.adm0_a3)).flatMap(partsOf);
const largest = new Map();
for (const part of all) largest.set(part.id, Math.max(largest.get(part.id) ?? 0, areaOf(part)));
const parts = all.filter((part) => areaOf(part) >= Math.min(LEAST_ISLAND, largest.get(part.id)));

const whole = topology({ regions: { type: 'FeatureCollection', features: parts } }, SNAP);
const plain = simplify(presimplify(whole, weightOf), LEAST_CORNER);

const byRegion = new Map();
for (const geometry of plain.objects.regions.geometries) {
  const list = byRegion.get(geometry.id) ?? [];
  list.push(geometry);
  byRegion.set(geometry.id, list);
}
const geometries = [...byRegion]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([id, list]) => ({ ...mergeArcs(plain, list), id, properties: { name: nameOf(list) } }));

const regions = { type: 'GeometryCollection', geometries };
// Borders inside a country are in no region any more.
const kept = filter({ ...plain, objects: { regions } }, () => true);
writeFileSync(join(here, 'regions.json'), `${JSON.stringify(quantize(kept, QUANTIZATION))}\n`);
process.stdout.write(`${geometries.length} regions\n`);

/** The map's own edges at the poles and at 180 degrees have no area on the globe, and must stay. */
function weightOf(triangle) {
  const isEdge = triangle.some(([longitude, latitude]) => Math.abs(latitude) > 89.9 || Math.abs(longitude) > 179.99);
  return isEdge ? Infinity : sphericalTriangleArea(triangle);
}

/** A region's polygons, each island with a zone of its own under that. */
function partsOf({ properties, geometry }) {
  const { id, name } = regionOf(properties);
  const islands = ISLANDS.filter(([, , of]) => of === id);
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((coordinates) => {
    const island = islands.find(([, , , point]) => isInRing(point, coordinates[0]));
    const rest = id === 'FO' ? ['FO-MI', 'Faroe Islands'] : [id, name];
    const [key, title] = island ?? rest;
    return { type: 'Feature', id: key, properties: { name: title }, geometry: { type: 'Polygon', coordinates } };
  });
}

function regionOf(p) {
  const group = GROUPS.find(([, , holds]) => holds(p));
  if (group !== undefined) return { id: group[0], name: group[1] };
  if (p.adm0_a3 === 'ITA') return { id: ITALY[p.region], name: p.region };
  // A code such as AU-X02~ is Natural Earth's own.
  const code = p.iso_3166_2;
  if (known.has(code)) return { id: code, name: p.name };
  if (p.adm0_a3 === 'AUS') return { id: 'AU-NSW', name: 'New South Wales' };
  if (p.adm0_a3 === 'NZL' && code.startsWith('TK')) return { id: 'TK', name: 'Tokelau' };
  const country = COUNTRY_OF_AREA[p.adm0_a3] ?? code.slice(0, 2);
  // Regions of a country are merged under its name; overseas departments have codes of their own as countries.
  const overseas = /^FR-(GF|MQ|GP|RE|YT)$/.exec(code)?.[1];
  return { id: overseas ?? country, name: overseas === undefined ? (NAMES[country] ?? p.admin) : p.name };
}

/** That of the part with the longest border: others are islands far away. */
function nameOf(list) {
  const length = ({ arcs }) => arcs.flat(2).reduce((sum, index) => sum + plain.arcs[index < 0 ? ~index : index].length, 0);
  return list.toSorted((a, b) => length(b) - length(a))[0].properties.name;
}

/** Square degrees. */
function areaOf({ geometry }) {
  const [ring] = geometry.coordinates;
  let twice = 0;
  for (let i = 1; i < ring.length; i++) twice += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return Math.abs(twice) / 2;
}

function isInRing([x, y], ring) {
  let isInside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) isInside = !isInside;
  }
  return isInside;
}
