import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { firstLine, parseIpmiDcmi, parseIpmitool } from '../../../src/sources/dcmi-text';
import type { Missing } from '../../../src/sources/source';
import { FIXTURES } from './tree';

const read = (name: string): string => readFileSync(join(FIXTURES, 'dcmi', `${name}.txt`), 'utf8');

/** The two programs, each with a text of its own to spoil: its power line, its line of state. */
const PROGRAMS = [
  ['ipmi-dcmi', parseIpmiDcmi, read('ipmi-dcmi-active'), '418 Watts', /^Power Measurement.*\n/m],
  ['ipmitool', parseIpmitool, read('ipmitool-activated'), '236 Watts', /^ *Power reading state.*\n/m],
] as const;

function whyNot(power: number | Missing): string {
  return typeof power === 'number' ? `${power} W` : power.missing;
}

test.each([
  ['ipmi-dcmi-active', parseIpmiDcmi, 418],
  ['ipmitool-activated', parseIpmitool, 236],
  ['ipmitool-joined-lines', parseIpmitool, 1215],
])('%s: the power now, not the least, the most or the average', (name, parse, powerW) => {
  expect(parse(read(name))).toBe(powerW);
});

test.each([
  ['ipmi-dcmi-not-available', parseIpmiDcmi, /measures no power now \(Power Measurement: "Not Available"\)/],
  // A number stands beside it: without the state it would be taken for power.
  ['ipmitool-deactivated', parseIpmitool, /measures no power now \(Power reading state is: "deactivated"\)/],
  [
    'ipmitool-invalid-command',
    parseIpmitool,
    /^no power in "DCMI request failed because: Invalid command \(c1\)"$/,
  ],
])('%s: none, and why', (name, parse, reason) => {
  expect(whyNot(parse(read(name)))).toMatch(reason);
});

describe.each(PROGRAMS)('%s', (_name, parse, text, power, stateLine) => {
  test.each([
    ['0 Watts', /0 W: it does not measure/],
    ['65535 Watts', /65535 W, which no node draws/],
    ['100001 Watts', /100001 W, which no node draws/],
    ['-5 Watts', /is "-5 Watts", not a number of watts/],
    ['1.234 Watts', /not a number of watts/],
    ['1,234 Watts', /not a number of watts/],
    ['1e3 Watts', /not a number of watts/],
    ['0x1F Watts', /not a number of watts/],
    ['418', /not a number of watts/],
    ['418 Amps', /not a number of watts/],
    ['N/A', /not a number of watts/],
    ['', /is "", not a number of watts/],
    ['9999999999999999999999 Watts', /not a number of watts/],
  ])('a power of %p is missing', (spoilt, reason) => {
    expect(whyNot(parse(text.replace(power, spoilt)))).toMatch(reason);
  });

  test.each([
    ['1 Watts', 1],
    ['65534 Watts', 65_534],
    ['418 watts', 418],
  ])('a power of %p is power', (other, powerW) => {
    expect(parse(text.replace(power, other))).toBe(powerW);
  });

  test('a text cut off at any byte has no power, until the word that says it is measured', () => {
    const whole = text.trimEnd();
    for (let length = 0; length < whole.length; length += 1) {
      expect(parse(whole.slice(0, length))).toEqual({ missing: expect.any(String) });
    }
    expect(parse(whole)).toBe(parse(text));
  });

  test('lines may end as on other systems', () => {
    expect(parse(text.replaceAll('\n', '\r\n'))).toBe(parse(text));
  });

  test('without the line of its state, and without that of its power, it says which is missing', () => {
    expect(whyNot(parse(text.replace(stateLine, '')))).toMatch(/ends before "Power /);
    expect(whyNot(parse(text.replace(/^.*power( reading)? *:.*$/im, '')))).toMatch(/has no "\w+ [Pp]ower/);
  });

  test('the power of several nodes is that of none', () => {
    expect(whyNot(parse(text + text))).toBe('it tells of more than one node');
  });

  test('another language, or the other program, is not understood', () => {
    const german = text.replace(/power/gi, 'Leistung');
    expect(whyNot(parse(german))).toMatch(/^no power in "/);
    for (const [, , other] of PROGRAMS)
      if (other !== text) expect(whyNot(parse(other))).toMatch(/^no power in/);
  });

  test('whatever it is given, it gives watts that can be or a reason that can be shown', () => {
    const line = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...text.split('\n')));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const given = parse(lines.join('\n'));
        if (typeof given === 'number') expect(given).toBeGreaterThan(0);
        else expect(given.missing).toMatch(/^[\x20-\x7e]{1,300}$/);
      }),
    );
  });
});

test.each([
  ['\n\n   one \n two', '"one"'],
  ['', '""'],
  ['\u001b]0;x\u0007\u009b31m\u202eevil', '"?]0;x??31m?evil"'],
  ['a'.repeat(500), `"${'a'.repeat(97)}..."`],
])('of %j is shown %s', (text, shown) => {
  expect(firstLine(text)).toBe(shown);
});
