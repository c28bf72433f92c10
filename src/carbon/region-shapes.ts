import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import { EitError } from '../errors';
import { REINSTALL } from './data-table';

/** A state, province, island or country with its outline (degrees east and north). */
export interface Region {
  /** ISO 3166-2 or a zone's key where the grid tells regions apart, else the country's ISO 3166 alpha-2. */
  readonly id: string;
  readonly name: string;
  readonly outline: Polygon | MultiPolygon;
  readonly box: Box;
}

/** The least and the most of longitude and latitude. */
type Box = readonly [west: number, south: number, east: number, north: number];

/** A point in degrees, north and east positive. */
export interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

/**
 * The regions of data/places/regions.json (TopoJSON: https://github.com/topojson/topojson-specification).
 * @throws EitError EIT_DATA_FILE where the text is something else
 */
export function parseRegions(text: string, file: string): Region[] {
  try {
    const topology = JSON.parse(text) as Topology<{ regions: GeometryCollection<{ name: string }> }>;
    return feature(topology, topology.objects.regions).features.map(({ id, properties, geometry }) => {
      if (geometry.type !== 'Polygon' && geometry.type !== 'MultiPolygon') throw new TypeError(geometry.type);
      return { id: String(id), name: properties.name, outline: geometry, box: boxOf(geometry) };
    });
  } catch (cause) {
    throw new EitError('EIT_DATA_FILE', `${file} is no TopoJSON of regions; ${REINSTALL}`, { cause });
  }
}

/** The box around an outline. */
export function boxOf(outline: Polygon | MultiPolygon): Box {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of ringsOf(outline)) {
    for (const [longitude = 0, latitude = 0] of ring) {
      west = Math.min(west, longitude);
      south = Math.min(south, latitude);
      east = Math.max(east, longitude);
      north = Math.max(north, latitude);
    }
  }
  return [west, south, east, north];
}

const EARTH_RADIUS_KM = 6371;
const KM_PER_DEGREE = (EARTH_RADIUS_KM * Math.PI) / 180;

/** Outlines end at 180 degrees and at the poles; a point on that line is in none of them, or in both. */
const NEARLY = 1e-6;

/** The smallest region that holds the point: one that lies in another's gap may touch it. */
export function regionAt(regions: readonly Region[], { latitude, longitude }: Point): Region | undefined {
  const x = Math.max(-180 + NEARLY, Math.min(180 - NEARLY, longitude));
  const y = Math.max(-90 + NEARLY, Math.min(90 - NEARLY, latitude));
  const holding = regions.filter(
    ({ outline, box: [west, south, east, north] }) =>
      x >= west && x <= east && y >= south && y <= north && booleanPointInPolygon([x, y], outline),
  );
  const size = ({ box: [west, south, east, north] }: Region): number => (east - west) * (north - south);
  return holding.toSorted((a, b) => size(a) - size(b))[0];
}

/** The region whose outline is nearest, and how far it is. */
export function nearestRegion(
  regions: readonly Region[],
  point: Point,
): { readonly region: Region; readonly distanceKm: number } | undefined {
  let nearest: { region: Region; distanceKm: number } | undefined;
  // The likeliest first: lines that are farther away by their latitude alone need no closer look.
  for (const region of regions.toSorted((a, b) => roughDegrees(a, point) - roughDegrees(b, point))) {
    for (const ring of ringsOf(region.outline)) {
      for (let i = 1; i < ring.length; i++) {
        const [from = [], to = []] = [ring[i - 1], ring[i]];
        const [lat1 = 0, lat2 = 0] = [from[1], to[1]];
        const away = point.latitude - (lat1 < lat2 ? lat1 : lat2);
        const beyond = (lat1 < lat2 ? lat2 : lat1) - point.latitude;
        const least = KM_PER_DEGREE * (away < 0 ? -away : beyond < 0 ? -beyond : 0);
        if (nearest !== undefined && least > nearest.distanceKm) continue;
        const distanceKm = kmBetween(point, nearestOnLine(point, from, to));
        if (nearest === undefined || distanceKm < nearest.distanceKm) nearest = { region, distanceKm };
      }
    }
  }
  return nearest;
}

/** How far a region's box is in degrees, as if these were equally long. */
function roughDegrees({ box: [west, south, east, north] }: Region, { latitude, longitude }: Point): number {
  const [x, y] = [
    Math.max(0, west - longitude, longitude - east),
    Math.max(0, south - latitude, latitude - north),
  ];
  return Math.hypot(x, y);
}

function ringsOf(outline: Polygon | MultiPolygon): Position[][] {
  return outline.type === 'Polygon' ? outline.coordinates : outline.coordinates.flat();
}

/** On a map that is true around the point: lines of outlines are short. */
function nearestOnLine(point: Point, from: Position, to: Position): Point {
  const flat = ([longitude = 0, latitude = 0]: Position): [x: number, y: number] => [
    (((longitude - point.longitude + 540) % 360) - 180) * Math.cos((point.latitude * Math.PI) / 180),
    latitude - point.latitude,
  ];
  const [x1, y1] = flat(from);
  const [x2, y2] = flat(to);
  const squared = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const part = squared === 0 ? 0 : Math.max(0, Math.min(1, -(x1 * (x2 - x1) + y1 * (y2 - y1)) / squared));
  const [lon1 = 0, lat1 = 0] = from;
  const [lon2 = 0, lat2 = 0] = to;
  return { latitude: lat1 + part * (lat2 - lat1), longitude: lon1 + part * (lon2 - lon1) };
}

/** Great-circle distance, by the haversine formula. */
export function kmBetween(a: Point, b: Point): number {
  const radians = Math.PI / 180;
  const haversine = (degrees: number): number => Math.sin((degrees * radians) / 2) ** 2;
  const h =
    haversine(b.latitude - a.latitude) +
    Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * haversine(b.longitude - a.longitude);
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}
