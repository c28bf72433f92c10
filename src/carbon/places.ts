import { visible } from '../config/visible';
import { EitError } from '../errors';
import { type CloudRegion, findCloudRegion, parseCloudRegions } from './cloud-regions';
import { WORLD, alpha2Of, alpha3Of } from './country';
import { parseTable, readDataFile } from './data-table';
import { type Point, type Region, nearestRegion, parseRegions, regionAt } from './region-shapes';

/** A place, and the zone of the grid that it is taken to be in. */
export interface Located {
  readonly zone: string;
  /** The smallest region that holds the place, in words: `New Jersey`, `Dublin, Ireland`. */
  readonly region: string;
  /** Why the zone may be another; null where region and zone are one. */
  readonly approximate: string | null;
}

/** As much of the tables as a place needs. */
interface KnownZones {
  /** Of today's table. */
  readonly keys: readonly string[];
  has(zoneKey: string): boolean;
  /** Whether an older table has it, or today's. */
  knows(zoneKey: string): boolean;
}

interface RegionZone {
  readonly zone: string;
  readonly isApproximate: boolean;
  readonly note: string;
}

/** How far outside of every outline a point may lie: outlines are simplified, and computers stand at quays. */
const COAST_KM = 10;

const SHAPES = 'places/regions.json';
const REGION_ZONES = 'places/region-zones.csv';
const CLOUDS = 'cloud/regions.csv';

/** Finds the zone of a place. Files are read when they are asked for, and once. */
export class Places {
  private readonly dataDir: string;
  private readonly zones: KnownZones;
  private regions: readonly Region[] | null = null;
  private zoneOfRegion: ReadonlyMap<string, RegionZone> | null = null;
  private clouds: readonly CloudRegion[] | null = null;

  /**
   * @param dataDir the folder `data` of the package
   * @param zones those that a place may be in
   */
  constructor(dataDir: string, zones: KnownZones) {
    this.dataDir = dataDir;
    this.zones = zones;
  }

  /** All regions of clouds that are known. */
  get cloudRegions(): readonly CloudRegion[] {
    this.clouds ??= parseCloudRegions(readDataFile(this.dataDir, CLOUDS), `data/${CLOUDS}`);
    return this.clouds;
  }

  /** All regions that a point can be in, with their zone where they have one. */
  get regionZones(): { readonly id: string; readonly name: string; readonly zone: string | null }[] {
    return this.shapes().map((region) => ({
      id: region.id,
      name: region.name,
      zone: this.zoneOf(region.id)?.zone ?? null,
    }));
  }

  /**
   * @param name such as `aws/eu-west-1`
   * @throws EitError EIT_PLACE with what may have been meant
   */
  inCloud(name: string): Located {
    const { zone, place, isApproximate, note } = findCloudRegion(this.cloudRegions, name);
    return { zone, region: place, approximate: isApproximate ? note : null };
  }

  /**
   * The zone of a whole country. No table may have it: an intensity is then that of what it is a part of, the world.
   * @param code ISO 3166, of two letters or three
   * @throws EitError EIT_PLACE where it is none, or is several zones and none as a whole
   */
  inCountry(code: string): Located {
    if (code === 'WLD' || code === WORLD) return { zone: WORLD, region: 'the world', approximate: null };
    const alpha2 = alpha3Of(code) === undefined ? alpha2Of(code) : code;
    if (alpha2 === undefined) {
      throw new EitError(
        'EIT_PLACE',
        `"${visible(code, 80)}" is no country; expected ISO 3166, such as DE or DEU`,
      );
    }
    const known = this.zoneOf(alpha2);
    const parts = this.zones.keys.filter((key) => key.startsWith(`${alpha2}-`));
    if (parts.length > 0 && (known === undefined || !this.zones.has(known.zone))) {
      const where = known === undefined ? 'in no table' : 'in older tables alone';
      throw new EitError(
        'EIT_PLACE',
        `${alpha2} as a whole is ${where}; give one of its zones, ${parts.join(', ')}, or a point`,
      );
    }
    const approximate = known?.isApproximate === true ? known.note : null;
    return { zone: known?.zone ?? alpha2, region: alpha2, approximate };
  }

  /**
   * The zone of the smallest region that holds a point.
   * @throws EitError EIT_PLACE where it is no point, in the sea, or in no zone, with the nearest
   */
  atPoint(point: Point): Located {
    checkPoint(point);
    const region = regionAt(this.shapes(), point);
    if (region !== undefined) return this.located(region, null) ?? this.refuse(point, region);
    const near = nearestRegion(this.shapes(), point);
    if (near !== undefined && near.distanceKm <= COAST_KM) {
      const offCoast = `${near.distanceKm.toFixed(1)} km outside of it, by outlines that are simplified`;
      const located = this.located(near.region, offCoast);
      if (located !== undefined) return located;
    }
    return this.refuse(point, undefined);
  }

  private located({ id, name }: Region, offCoast: string | null): Located | undefined {
    const known = this.zoneOf(id);
    if (known === undefined) return undefined;
    const reasons = [
      ...(known.isApproximate ? [known.note || "the zone's borders are not the region's"] : []),
      ...(offCoast === null ? [] : [offCoast]),
    ];
    return { zone: known.zone, region: name, approximate: reasons.length > 0 ? reasons.join('; ') : null };
  }

  private refuse(point: Point, region: Region | undefined): never {
    const where =
      region === undefined ? 'in no country' : `in ${region.name}, which is in no zone of the tables`;
    const near = nearestRegion(
      this.shapes().filter(({ id }) => this.zoneOf(id) !== undefined),
      point,
    );
    const nearText =
      near === undefined
        ? ''
        : `; the nearest zone is ${this.zoneOf(near.region.id)?.zone ?? ''} (${near.region.name}), about ${Math.round(near.distanceKm)} km away`;
    throw new EitError(
      'EIT_PLACE',
      `latitude ${point.latitude}, longitude ${point.longitude} is ${where}${nearText}${region === undefined ? this.swappedText(point) : ''}; set site.zone instead`,
    );
  }

  /** Where the point would be with its two numbers in the other order. */
  private swappedText({ latitude, longitude }: Point): string {
    if (Math.abs(longitude) > 90) return '';
    const swapped = regionAt(this.shapes(), { latitude: longitude, longitude: latitude });
    const zone = swapped && this.zoneOf(swapped.id)?.zone;
    return zone === undefined ? '' : `; with the two swapped it is in ${swapped?.name} (${zone})`;
  }

  /** By the table, else the country's own; none where no table has that. */
  private zoneOf(id: string): RegionZone | undefined {
    this.zoneOfRegion ??= parseRegionZones(readDataFile(this.dataDir, REGION_ZONES), `data/${REGION_ZONES}`);
    const known = this.zoneOfRegion.get(id) ?? { zone: id, isApproximate: false, note: '' };
    return this.zones.knows(known.zone) ? known : undefined;
  }

  private shapes(): readonly Region[] {
    this.regions ??= parseRegions(readDataFile(this.dataDir, SHAPES), `data/${SHAPES}`);
    return this.regions;
  }
}

/** The table of regions whose zone is not the country's: data/places/region-zones.csv. */
function parseRegionZones(text: string, file: string): ReadonlyMap<string, RegionZone> {
  const columns = { region: 'region', zone: 'zone', approximate: 'approximate', note: 'note' };
  return new Map(
    parseTable(text, file, columns).map(({ fields: { region, zone, approximate, note } }) => [
      region,
      { zone, isApproximate: approximate === 'yes', note },
    ]),
  );
}

function checkPoint({ latitude, longitude }: Point): void {
  const isLatitude = Math.abs(latitude) <= 90;
  if (isLatitude && Math.abs(longitude) <= 180) return;
  const swapped =
    !isLatitude && Math.abs(longitude) <= 90 && Math.abs(latitude) <= 180 ? '; are the two swapped?' : '';
  throw new EitError(
    'EIT_PLACE',
    `latitude ${latitude}, longitude ${longitude} is no point; expected -90 to 90 and -180 to 180${swapped}`,
  );
}
