import { parseRecipients } from '../../../src/mail/recipients';

test.each([
  ['ada', ['ada@example.org']],
  ['ada@uni.example', ['ada@uni.example']],
  ['ada,bob@x.org,,ada', ['ada@example.org', 'bob@x.org']],
  ['a.b+c_d=e~f', ['a.b+c_d=e~f@example.org']],
])('%s is %j', (text, expected) => {
  expect(parseRecipients(text, 'example.org')).toEqual(expected);
});

test('without a domain a name stays one', () => {
  expect(parseRecipients('ada')).toEqual(['ada']);
});

test.each([
  '',
  ',',
  '-oQ/tmp',
  '|/bin/sh',
  '/etc/passwd',
  ':include:/x',
  'a b',
  'a\nBcc: b',
  'ada@x.org>',
  '"a b"@x.org',
  'a@b@c',
  'a@-x.org',
  'a@x..org',
  'a..b@x.org',
  'a.@x.org',
  'a!b',
  'a%b@x.org',
  'ä@x.org',
  `${'a'.repeat(65)}@x.org`,
  Array.from({ length: 21 }, (_, i) => `u${i}`).join(),
  'ada,|x',
])('%j is none', (text) => {
  expect(parseRecipients(text, 'example.org')).toBeNull();
});
