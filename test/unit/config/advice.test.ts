import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/config';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-advice-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function load(advice: string) {
  const path = join(dir, 'eit.yaml');
  writeFileSync(path, `mail:\n  advice:\n${advice}`);
  return loadConfig({ path, env: {} }).config.mail.advice;
}

test('a shipped rule is changed in part, a new one is whole', () => {
  const text = `    - { id: idle-gpu, off: true }
    - { id: memory, when: { memory_efficiency: "< 0.1" } }
    - { id: queue, when: { cpus: "> 64", state: "= COMPLETED" }, text: "{cpus} CPUs?" }
`;
  expect(load(text)).toHaveLength(3);
  expect(load('    []\n')).toEqual([]);
});

test.each([
  [
    'an unknown variable',
    '{ id: a, when: { watts: "> 1" }, text: b }',
    /:3:7: mail\.advice\.0 when has "watts"; known are energy_kwh/,
  ],
  [
    'an unknown placeholder',
    '{ id: a, when: { cpus: "> 1" }, text: "{watts}" }',
    /:3:7: mail\.advice\.0 text has "\{watts\}"/,
  ],
  ['no comparison', '{ id: a, when: { cpus: many }, text: b }', /when\.cpus is "many"; expected "> 0\.5"/],
  [
    'a text compared by size',
    '{ id: a, when: { state: "> 1" }, text: b }',
    /when\.state is "> 1"; expected "= A, B"/,
  ],
  ['a new rule without a condition', '{ id: a, text: b }', /has no when/],
  ['a new rule without a text', '{ id: a, when: { cpus: "> 1" } }', /has no text/],
  [
    'a saving that is none',
    '{ id: memory, saves_kwh: cpus }',
    /saves_kwh is "cpus"; expected one of energy_kwh, /,
  ],
  [
    'an id twice',
    '{ id: memory, off: true }\n    - { id: memory }',
    /:4:7: mail\.advice\.1 has the id memory of mail\.advice\.0/,
  ],
  ['an unknown key', '{ id: memory, if: x }', /unknown key/],
])('%s is an error with its line', (_, rule, message) => {
  expect(() => load(`    - ${rule}\n`)).toThrow(message);
});
