import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_NODE_OVERHEAD, DEFAULT_PUE } from '../../../src/carbon/factors';
import { type LoadedConfig, loadConfig } from '../../../src/config/config';
import { ANY_NAME, ITEM, schemaKeys } from '../../../src/config/schema-keys';
import type { EitConfig } from '../../../src/generated/config';

const example = readFileSync(join(__dirname, '../../../slurm-examples/eit.yaml'), 'utf8');

/** A site says one of zone, point and cloud. */
const IN_PLACE_OF_ZONE = ['lat', 'lon', 'cloud'];
const uncommented = example.replaceAll(/^( *)#(?=([a-z_]+):)/gm, (line, indent: string, key: string) =>
  IN_PLACE_OF_ZONE.includes(key) ? line : indent,
);

function load(text: string): LoadedConfig {
  const dir = mkdtempSync(join(tmpdir(), 'eit-example-'));
  try {
    writeFileSync(join(dir, 'eit.yaml'), text);
    return loadConfig({ path: join(dir, 'eit.yaml'), env: {} });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Keys that hold a value, as the schema has them, a cluster's name in place of `<name>`. */
const keys = [...schemaKeys]
  .filter(([key, { type }]) => type !== 'object' && !key.includes(ITEM))
  .map(([key]) => key.replace(ANY_NAME, 'beta'));

function valueOf(config: EitConfig, key: string): unknown {
  return key.split('.').reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], config);
}

test('the example as it is changes nothing', () => {
  const { config, set } = load(example);
  // The hooks read the file up to this line: see find_state_dir in prolog.
  expect([...set]).toEqual(['state_dir']);
  expect(example.indexOf('\nstate_dir: ')).toBeLessThan(300);
  expect(config).toEqual(load('').config);
});

test('the example without its # sets every key of the schema, but for other places, and is valid', () => {
  const others = IN_PLACE_OF_ZONE.flatMap((key) => [`site.${key}`, `clusters.beta.${key}`]);
  expect(keys).toEqual(expect.arrayContaining(others));
  expect([...load(uncommented).set].sort()).toEqual(keys.filter((key) => !others.includes(key)).sort());
});

test.each([[['lat', 'lon']], [['cloud']]])('the example with %j in place of the zone is valid', (names) => {
  const shown = names.reduce((text, name) => text.replace(`  #${name}:`, `  ${name}:`), example);
  expect([...load(shown).set].sort()).toEqual([...names.map((name) => `site.${name}`), 'state_dir'].sort());
});

test('each key of the example can be used alone', () => {
  const lines = example.split('\n');
  for (const [i, line] of lines.entries()) {
    if (!/^ *#[a-z_]+:/.test(line) || /^ *#(?:lat|lon):/.test(line)) continue;
    const alone = lines.with(i, line.replace('#', '')).join('\n');
    expect(load(alone).set.size).toBe(line.includes('beta: {') ? 16 : 2);
  }
});

test('what the example shows as default is the default', () => {
  const { config } = load(uncommented);
  const defaults = load('').config;
  const shown = keys.filter((key) => schemaKeys.get(key)?.default !== undefined);
  expect(shown).toHaveLength(45);
  for (const key of shown) expect([key, valueOf(config, key)]).toEqual([key, valueOf(defaults, key)]);
  expect(config.site).toMatchObject({ pue: DEFAULT_PUE, node_overhead: DEFAULT_NODE_OVERHEAD });
});

test('the example says of each key without a default that it has none, or what holds without it', () => {
  for (const key of keys.filter(
    (one) => !one.startsWith('clusters.') && schemaKeys.get(one)?.default === undefined,
  )) {
    const name = key.split('.').at(-1) ?? '';
    const comment = new RegExp(`((?: *# .*\\n)+) *#${name}:`).exec(example)?.[1] ?? '';
    expect([key, comment]).toEqual([key, expect.stringMatching(/No default|Without it/)]);
  }
});
