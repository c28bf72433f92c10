import type { DomainClass } from '../generated/record';
import type { Audit, AuditRow, AuditSums } from './audit';
import { durationText, plainNumber } from './units';

/** A line of an audit: a host's day, of one class or of all together. */
export interface AuditLine {
  readonly row: AuditRow;
  readonly class: DomainClass | 'all';
  readonly sums: AuditSums;
}

export interface AuditColumn {
  readonly name: string;
  /** Unit of `raw`. */
  readonly unit?: string;
  readonly isText?: true;
  /** For people. */
  readonly human: (line: AuditLine) => string;
  /** For programs; of what is no text, a plain number. */
  readonly raw: (line: AuditLine) => string;
}

/** Every line, with one for all classes of a host and day together. */
export function* auditLines({ rows }: Audit): Iterable<AuditLine> {
  for (const row of rows) {
    for (const [name, sums] of row.classes) yield { row, class: name, sums };
    yield { row, class: 'all', sums: row.all };
  }
}

function key(name: string, of: (line: AuditLine) => string): AuditColumn {
  return { name, isText: true, human: of, raw: of };
}

function energy(name: string, of: (sums: AuditSums) => bigint): AuditColumn {
  return {
    name,
    unit: 'J',
    human: ({ sums }) => joules(of(sums), 3),
    raw: ({ sums }) => joules(of(sums), 6),
  };
}

/** The columns of an audit, for people and for programs. */
export const AUDIT_COLUMNS: readonly AuditColumn[] = [
  key('Cluster', ({ row }) => row.cluster),
  key('Host', ({ row }) => row.host),
  key('Day', ({ row }) => row.day),
  key('Class', (line) => line.class),
  energy('Counter', ({ counterUj }) => counterUj),
  energy('Runs', ({ runsUj }) => runsUj),
  energy('Idle', ({ idleUj }) => idleUj),
  energy('System', ({ systemUj }) => systemUj),
  energy('Difference', ({ differenceUj }) => differenceUj),
  {
    name: 'Missing',
    unit: 's',
    human: ({ sums }) => durationText(sums.missingMs / 1000),
    raw: ({ sums }) => plainNumber(sums.missingMs / 1000),
  },
];

/** The header that programs get: `Counter_J`. */
export function auditHeader({ name, unit }: AuditColumn): string {
  return unit === undefined ? name : `${name}_${unit}`;
}

/** µJ as joules with so many digits after the point, exact but for the rounding of the last; never `-0.000`. */
export function joules(uj: bigint, digits: 3 | 6): string {
  const step = 10n ** BigInt(6 - digits);
  const size = uj < 0n ? -uj : uj;
  const rounded = (size + step / 2n) / step;
  const text = String(rounded).padStart(digits + 1, '0');
  const sign = uj < 0n && rounded > 0n ? '-' : '';
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
