import { auditJson } from './audit-json';
import type { ReportFormat } from './format';

/** JSON.stringify escapes C0 controls; a terminal also obeys DEL, C1 controls and direction overrides. */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The report as schemas/report.schema.json describes it, a line a group. */
export const json: ReportFormat = {
  option: { name: 'json', describe: 'print JSON, as in schemas/report.schema.json' },
  showsQuotas: true,
  tellsFactors: true,
  showsNotes: true,
  showsEquivalents: true,
  render: (report) => printed(report, ['groups', 'quotas']),
  renderAudit: (audit) => printed(auditJson(audit), ['hosts', 'open', 'notes']),
};

/** An object in pieces, with an element a line of the lists named. */
function* printed(object: object, lists: readonly string[]): Iterable<string> {
  yield '{';
  for (const [i, [name, value]] of Object.entries(object).entries()) {
    yield `${i === 0 ? '' : ','}\n"${name}":`;
    if (!lists.includes(name) || !Array.isArray(value)) {
      yield escaped(value);
      continue;
    }
    yield '[';
    for (const [n, element] of value.entries()) yield `${n === 0 ? '' : ','}\n ${escaped(element)}`;
    yield ']';
  }
  yield '\n}\n';
}

function escaped(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (character) =>
    // Tags and other characters beyond 16 bits are two escapes.
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
