import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import fc from 'fast-check';
import { composeMail, slurmSubject } from '../../../src/mail/compose-mail';
import { displayWidth } from '../../../src/report/printable';
import { expectGolden } from '../report/golden';
import { mailCases, smallArray } from './cases';

const CASES = mailCases();
const compose = (at: (typeof CASES)[number]) => composeMail(at.summary, at.subject, 'Europe/Berlin');
const SCHEMA = JSON.parse(
  readFileSync(join(__dirname, '../../../schemas/report.schema.json'), 'utf8'),
) as Record<string, unknown>;

describe.each(CASES.map((one) => [one.name, one] as const))('the mail of a job: %s', (name, one) => {
  test('is this text', () => {
    const { subject, text } = compose(one);
    expectGolden(`mail-${name}.txt`, `Subject: ${subject}\n\n${text}`);
  });

  test('is this HTML', () => {
    expectGolden(`mail-${name}.html`, compose(one).html);
  });

  test('is read by narrow terminals', () => {
    const long = compose(one)
      .text.split('\n')
      .filter((line) => displayWidth(line) > 76 && line.trim().includes(' '));
    expect(long).toEqual([]);
  });

  test('is of the schema', () => {
    const ajv = new Ajv({ strict: false });
    ajv.addSchema(SCHEMA, 'report');
    const isValid = ajv.validate({ $ref: 'report#/definitions/jobSummary' }, one.summary);
    expect({ isValid, errors: ajv.errors }).toEqual({ isValid: true, errors: null });
  });

  test('says the same in both parts', () => {
    const { text, html } = compose(one);
    const words = (part: string): string[] => part.split(/[^\p{L}\p{N}%.]+/u).filter((word) => word !== '');
    const inText = new Set(words(text.replaceAll(/\[[#-]{10}\]/g, ' ').toLowerCase()));
    const inHtml = words(textOf(html).toLowerCase());
    expect(inHtml.filter((word) => !inText.has(word))).toEqual([]);
    expect([...inText].filter((word) => !inHtml.includes(word))).toEqual([]);
  });

  test('has nothing in it that mail programs would fetch or run', () => {
    const { html, subject, text } = compose(one);
    expect(html).not.toMatch(/<(?:img|script|link|style|iframe|object|form|a)\b/i);
    expect(html).not.toMatch(/\b(?:src|href|on\w+)\s*=(?!x|y)/i);
    // eslint-disable-next-line no-control-regex
    expect(subject).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(html.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});

test('the subject is Slurm’s with the figures behind it', () => {
  expect(compose(CASES[0]!).subject).toBe(
    'Slurm Job_id=7 Name=train Ended, Run time 01:00:00, COMPLETED, ExitCode 0, 330 Wh, 0.13 kg CO2e',
  );
});

test('where records lack, figures are at least these', () => {
  const missing = CASES.find(({ name }) => name === 'missing-node')!;
  expect(compose(missing).subject).toMatch(/, at least 330 Wh, 0\.13 kg CO2e$/);
  expect(compose(missing).text).toContain('2 nodes were not complete when this was written: n2, n3.');
});

test('without a call of MailProg a subject is made as Slurm makes it', () => {
  expect(slurmSubject(CASES[0]!.summary)).toBe('Slurm Job_id=7 Name=train, Run time 01:00:00, COMPLETED');
  const { text } = composeMail(CASES[0]!.summary, null, 'UTC');
  expect(text.split('\n')[0]).toBe('330 Wh, 0.13 kg CO2e');
});

test('the tasks of a small array are all told', () => {
  const { text } = composeMail(smallArray(), null, 'UTC');
  for (const task of ['100_0', '100_1', '100_2']) expect(text).toContain(`  ${task} `);
  expect(text).toContain('2 COMPLETED, 1 FAILED.');
});

test('whatever a name is, it does not leave its place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const summary = { ...CASES[0]!.summary, name, user: name, account: name };
      const { subject, text, html } = composeMail(summary, `Slurm Job_id=7 Name=${name} Ended`, 'UTC');
      const plain = composeMail(CASES[0]!.summary, 'Slurm Job_id=7 Name=x Ended', 'UTC');
      const tags = (document: string): string =>
        [...document.matchAll(/<[^>]*>/g)].map(([tag]) => tag).join('');
      expect(tags(html)).toBe(tags(plain.html));
      expect(XMLValidator.validate(xml(html))).toBe(true);
      for (const part of [subject, text.replaceAll('\n', ''), html.replaceAll('\n', '')])
        expect(part).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 60 },
  );
});

/** As XML, which the parts are but for what HTML leaves open. */
function xml(html: string): string {
  return html
    .replace('<!DOCTYPE html>', '')
    .replaceAll(/<meta [^>]*>/g, '')
    .replaceAll('&nbsp;', ' ');
}

/** What a reader of the HTML sees. */
function textOf(html: string): string {
  const parser = new XMLParser({
    preserveOrder: true,
    trimValues: false,
    processEntities: true,
    htmlEntities: true,
  });
  const seen = (nodes: unknown): string =>
    Array.isArray(nodes)
      ? nodes.map(seen).join(' ')
      : typeof nodes !== 'object' || nodes === null
        ? ''
        : Object.entries(nodes)
            .map(([key, value]) =>
              key === '#text' ? String(value) : key === ':@' || key === 'title' ? '' : seen(value),
            )
            .join(' ');
  return seen(parser.parse(xml(html)));
}
