import { visible } from '../config/visible';
import { nearest } from '../config/nearest';
import { EitError } from '../errors';
import { parseTable } from './data-table';

/** A region of a cloud, and the zone of the grid that it is taken to be in. */
export interface CloudRegion {
  readonly provider: string;
  readonly region: string;
  readonly place: string;
  readonly zone: string;
  /** Whether the place is known too roughly to be sure of the zone; `note` says why. */
  readonly isApproximate: boolean;
  readonly note: string;
  /** As its provider has told it; null where it has not. */
  readonly pue: number | null;
  readonly pueSource: string;
  readonly source: string;
}

/**
 * The table data/cloud/regions.csv.
 * @throws EitError EIT_DATA_FILE with the line that is not what it should be
 */
export function parseCloudRegions(text: string, file: string): CloudRegion[] {
  const lines = parseTable(text, file, {
    provider: 'provider',
    region: 'region',
    place: 'place',
    zone: 'zone',
    approximate: 'approximate',
    note: 'note',
    pue: 'pue',
    pueSource: 'pue_source',
    source: 'source',
  });
  return lines.map(({ place: line, fields: { approximate, pue, ...fields } }) => {
    const isPue = pue === '' || (/^\d+(\.\d+)?$/.test(pue) && Number(pue) >= 1 && Number(pue) <= 10);
    if (!isPue || fields.provider === '' || fields.region === '' || fields.zone === '')
      throw new EitError(
        'EIT_DATA_FILE',
        `${line}: no region of a cloud with zone, and PUE where it is known`,
      );
    return { ...fields, isApproximate: approximate === 'yes', pue: pue === '' ? null : Number(pue) };
  });
}

/**
 * The region of a name such as `aws/eu-west-1`, in whatever case.
 * @throws EitError EIT_PLACE with what may have been meant
 */
export function findCloudRegion(regions: readonly CloudRegion[], name: string): CloudRegion {
  const nameOf = ({ provider, region }: CloudRegion): string => `${provider}/${region}`;
  const found = regions.find((region) => nameOf(region) === name.toLowerCase());
  if (found !== undefined) return found;
  const [provider = ''] = name.toLowerCase().split('/');
  const ofProvider = regions.filter((region) => region.provider === provider);
  const near = nearest(name, (ofProvider.length > 0 ? ofProvider : regions).map(nameOf));
  const providers = [...new Set(regions.map((region) => region.provider))].join(', ');
  const hint =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : ofProvider.length > 0
        ? `\`eit regions ${provider}\` lists those that are`
        : `expected a provider and a region, such as aws/eu-west-1; providers: ${providers}`;
  throw new EitError('EIT_PLACE', `"${visible(name, 80)}" is no region of a cloud that is known; ${hint}`);
}
