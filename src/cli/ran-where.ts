import type { IntensityBasis } from '../carbon/intensity';
import type { EitReport } from '../generated/report';
import { basesTaken } from '../report/intensity-words';

/** Where jobs ran; undefined: at several, or of none it is told. */
export interface RanWhere {
  readonly cluster: string | undefined;
  readonly zone: string | undefined;
  /** The one that all their energy is on, be it the one that the site asks for or not. */
  readonly basis: IntensityBasis | undefined;
  /** All that it is on, in order. */
  readonly bases: readonly IntensityBasis[];
}

export function ranWhere(reports: readonly EitReport[]): RanWhere {
  const clusters = reports.flatMap(({ factors }) => factors.by_cluster);
  const bases = [...new Set(clusters.flatMap(basesTaken))].sort();
  return {
    cluster: only(clusters.map(({ cluster }) => cluster)),
    zone: only(clusters.map(({ zone }) => zone)),
    basis: only(bases),
    bases,
  };
}

function only<T>(values: readonly T[]): T | undefined {
  const different = new Set(values);
  return different.size === 1 ? values[0] : undefined;
}
