import { visible } from '../config/visible';
import { EitError } from '../errors';
import { countryOfZone } from './country';
import { readDataFile } from './data-table';
import type { Intensity, IntensityBasis } from './intensity';
import { Places } from './places';
import { parentsOf } from './zone-parents';
import { suggestZones } from './zone-suggestion';
import {
  type ZoneYear,
  parseFormerKeys,
  parseOlderYears,
  parseTable2019,
  parseWorld,
  parseZones,
} from './zone-table';

const ZONE_FILE = 'zones/zone-intensity-2024.csv';
const WORLD_FILE = 'world-intensity.json';
const OLDER_FILE = 'zones/zone-intensity-2011-2021.csv';
const FILE_2019 = 'zones/zone-intensity-2019.csv';
const FORMER_FILE = 'zones/former-keys.csv';

/** Which of a zone's figures is wanted. */
export interface IntensityWish {
  /** Default: life-cycle. */
  readonly basis?: IntensityBasis;
  /** The nearest year that is known is taken; default: that of the newest table. */
  readonly year?: number;
  /** Whether, for a zone that no table has, the figure of what it is a part of will do. */
  readonly orParent?: boolean;
}

/** The zones of the electricity grid that this installation knows, with their yearly averages. */
export class Zones {
  /** Where a place on Earth or in a cloud is in these zones. */
  readonly places: Places;
  private readonly newest: ReadonlyMap<string, ZoneYear>;
  private readonly readOlder: () => readonly ZoneYear[];
  private older: ReadonlyMap<string, readonly ZoneYear[]> | null = null;

  /** @param readOlder years before those of `newest`, the better source first; called when a year is asked for */
  constructor(newest: Iterable<ZoneYear>, readOlder: () => readonly ZoneYear[] = () => [], dataDir = '') {
    this.newest = new Map([...newest].map((zone) => [zone.key, zone]));
    this.readOlder = readOlder;
    this.places = new Places(dataDir, this);
  }

  /** Keys of the zones of the newest table, sorted. */
  get keys(): string[] {
    return [...this.newest.keys()].sort();
  }

  /** Whether the newest table has the zone. */
  has(zoneKey: string): boolean {
    return this.newest.has(zoneKey);
  }

  /** Whether any table has the zone. */
  knows(zoneKey: string): boolean {
    return this.has(zoneKey) || this.olderRows().has(zoneKey);
  }

  /**
   * What the tables know of a zone, the newest first; of a year that two tables have, the better one first.
   * @throws EitError EIT_ZONE_UNKNOWN with what may have been meant
   */
  years(zoneKey: string): ZoneYear[] {
    const known = this.rowsOf(zoneKey);
    if (known.length === 0) throw this.unknown(zoneKey);
    return known.toSorted((a, b) => b.year - a.year);
  }

  /** Every zone that has the year, or the newest table's. */
  zonesOf(year?: number): ZoneYear[] {
    if (year === undefined) return [...this.newest.values()];
    const ofYear = new Map<string, ZoneYear>();
    for (const zone of [...this.newest.values(), ...[...this.olderRows().values()].flat()])
      if (zone.year === year && !ofYear.has(zone.key)) ofYear.set(zone.key, this.named(zone));
    return [...ofYear.values()];
  }

  /**
   * A zone's yearly average. Nothing is silent: what is not of the zone and year asked for says so, as of a zone that only older tables have.
   * @throws EitError EIT_ZONE_UNKNOWN with what may have been meant, or where no table has it by this basis
   */
  intensity(
    zoneKey: string,
    { basis = 'average-lifecycle', year, orParent = false }: IntensityWish = {},
  ): Intensity {
    const departures: string[] = [];
    let rows = this.candidates(zoneKey, basis, year);
    if (rows.length === 0 && orParent) {
      for (const parent of parentsOf(zoneKey)) {
        rows = this.candidates(parent, basis, year);
        if (rows.length === 0) continue;
        const why = this.knows(zoneKey) ? `for which no table has ${basis}` : 'which is in no table';
        departures.push(`zone ${parent} in place of ${visible(zoneKey, 80)}, ${why}`);
        break;
      }
    }
    const best = nearestYear(rows, year);
    const gPerKwh = best?.gPerKwh[basis];
    if (best === undefined || gPerKwh === undefined) throw this.unknown(zoneKey, basis);
    const wanted = year ?? (this.has(best.key) ? best.year : this.newestYear());
    if (best.year !== wanted)
      departures.push(`${best.year} in place of ${wanted}, for which no table has ${best.key} (${basis})`);
    return {
      gPerKwh,
      year: best.year,
      source: best.source,
      basis,
      zone: best.key,
      zoneName: best.name,
      country: countryOfZone(best.key),
      carbonFreePercent: best.carbonFreePercent,
      renewablePercent: best.renewablePercent,
      departures,
    };
  }

  private candidates(zoneKey: string, basis: IntensityBasis, year: number | undefined): ZoneYear[] {
    const newest = this.newest.get(zoneKey);
    const isInNewest = newest !== undefined && (year === undefined || newest.year === year);
    const rows = isInNewest ? [newest] : this.rowsOf(zoneKey);
    return rows.filter((row) => row.gPerKwh[basis] !== undefined);
  }

  private rowsOf(zoneKey: string): ZoneYear[] {
    const newest = this.newest.get(zoneKey);
    const older = this.olderRows().get(zoneKey) ?? [];
    return [...(newest === undefined ? [] : [newest]), ...older].map((row) => this.named(row));
  }

  /** The name of today's table, where that has one: older ones spell some otherwise, or have none. */
  private named(row: ZoneYear): ZoneYear {
    return { ...row, name: (this.newest.get(row.key)?.name ?? row.name) || row.key };
  }

  private olderRows(): ReadonlyMap<string, readonly ZoneYear[]> {
    if (this.older !== null) return this.older;
    const byKey = new Map<string, ZoneYear[]>();
    for (const row of this.readOlder()) byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
    this.older = byKey;
    return byKey;
  }

  private newestYear(): number {
    return Math.max(...[...this.newest.values()].map(({ year }) => year));
  }

  private unknown(zoneKey: string, basis?: IntensityBasis): EitError {
    const years = basis === undefined ? [] : this.rowsOf(zoneKey).map(({ year }) => year);
    if (years.length > 0)
      return new EitError(
        'EIT_ZONE_UNKNOWN',
        `the tables have zone ${visible(zoneKey, 80)} by life cycle alone (${Math.max(...years)}), not ${basis}; choose lifecycle as basis (site.intensity_basis)`,
      );
    const near = suggestZones(zoneKey, this.newest.values());
    const hint =
      near.length > 0
        ? `did you mean ${near.join(' or ')}?`
        : `one of ${this.newest.size}, such as DE or US-CAL-CISO, is expected`;
    return new EitError('EIT_ZONE_UNKNOWN', `unknown zone "${visible(zoneKey, 80)}"; ${hint}`);
  }
}

/** The row of the year, else of the nearest; of two as near the newer. Without a year the newest. */
function nearestYear(rows: readonly ZoneYear[], year = Infinity): ZoneYear | undefined {
  const distance = (row: ZoneYear): number => (year === Infinity ? -row.year : Math.abs(row.year - year));
  return rows.toSorted((a, b) => distance(a) - distance(b) || b.year - a.year)[0];
}

/**
 * Reads the zones' yearly averages: data/zones and data/world-intensity.json; older years when one is asked for.
 * @param dataDir the folder `data` of the package
 * @throws EitError EIT_DATA_FILE where a file is missing or is not what it should be
 */
export function loadZones(dataDir: string): Zones {
  const zones = parseZones(readDataFile(dataDir, ZONE_FILE), `data/${ZONE_FILE}`);
  const world = parseWorld(readDataFile(dataDir, WORLD_FILE), `data/${WORLD_FILE}`);
  return new Zones([...zones, world], () => readOlderYears(dataDir), dataDir);
}

/** Rows under today's keys, the table that tells how many hours it rests on before the other. */
function readOlderYears(dataDir: string): ZoneYear[] {
  const former = parseFormerKeys(readDataFile(dataDir, FORMER_FILE), `data/${FORMER_FILE}`);
  const rows = [
    ...parseOlderYears(readDataFile(dataDir, OLDER_FILE), `data/${OLDER_FILE}`),
    ...parseTable2019(readDataFile(dataDir, FILE_2019), `data/${FILE_2019}`),
  ];
  return rows
    .filter(({ key }) => !former.has(key))
    .concat(
      rows.flatMap((row) =>
        (former.get(row.key) ?? []).map((key) => ({
          ...row,
          key,
          source: `${row.source}; there ${row.key}`,
        })),
      ),
    );
}
