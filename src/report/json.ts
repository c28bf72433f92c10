import type { EitReport } from '../generated/report';
import type { ReportFormat } from './format';

/** JSON.stringify escapes C0 controls; a terminal also obeys DEL, C1 controls and direction overrides. */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The report as schemas/report.schema.json describes it, a line a group. */
export const json: ReportFormat = {
  option: { name: 'json', describe: 'print JSON, as in schemas/report.schema.json' },
  *render(report) {
    const { groups, ...rest } = report;
    const keys = Object.keys(report) as (keyof EitReport)[];
    yield '{';
    for (const [i, name] of keys.entries()) {
      yield `${i === 0 ? '' : ','}\n"${name}":`;
      if (name !== 'groups') {
        yield escaped(rest[name]);
        continue;
      }
      yield '[';
      for (const [n, group] of groups.entries()) yield `${n === 0 ? '' : ','}\n ${escaped(group)}`;
      yield ']';
    }
    yield '\n}\n';
  },
};

function escaped(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (character) =>
    // Tags and other characters beyond 16 bits are two escapes.
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
