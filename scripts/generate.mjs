// Generates src/generated: TypeScript types and standalone validators from schemas/, and the scripts of HTML pages from src/pages/browser and src/leaderboard/browser.
// `--check` writes nothing and fails where a committed file differs.
import { readFileSync, writeFileSync, readdirSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import { compile } from 'json-schema-to-typescript';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(top, 'src/generated');
const check = process.argv.includes('--check');
const banner = (schema) => `// Generated from schemas/${schema} by \`npm run generate\`. Do not edit.\n`;

// People write them: all that is wrong is told at once, with what was expected.
const IN_YAML = ['config', 'appendix', 'leaderboard', 'boamps'];
// What is absent in them is filled in.
const WITH_DEFAULTS = ['config', 'leaderboard'];
// Of what is written for others to read: its types alone, and it may refer to other schemas.
const TYPES_ONLY = ['run-data'];

const files = new Map();
for (const file of readdirSync(join(top, 'schemas')).filter((f) => f.endsWith('.schema.json'))) {
  const name = file.replace('.schema.json', '');
  const schema = JSON.parse(readFileSync(join(top, 'schemas', file), 'utf8'));

  const types = await compile(structuredClone(schema), name, {
    bannerComment: banner(file),
    cwd: join(top, 'schemas'),
    additionalProperties: false,
    ignoreMinAndMaxItems: false,
    maxItems: 8,
    unreachableDefinitions: name === 'report', // what commands print beside it
    style: { singleQuote: true, printWidth: 110 },
  });
  files.set(`${name}.ts`, types);
  if (TYPES_ONLY.includes(name)) continue;

  const ajv = new Ajv({
    allErrors: IN_YAML.includes(name),
    verbose: IN_YAML.includes(name),
    useDefaults: WITH_DEFAULTS.includes(name),
    strict: true,
    strictRequired: false, // a discriminator's tag is required where its oneOf stands, declared only below it
    discriminator: true,
    code: { source: true, optimize: true },
  });
  files.set(`${name}-validator.js`, banner(file) + standaloneCode.default(ajv, ajv.compile(schema)) + '\n');
  files.set(
    `${name}-validator.d.ts`,
    banner(file) +
      `import type { ErrorObject } from 'ajv';\nimport type { ${schema.title} } from './${name}';\n\n` +
      `declare const validate: {\n  (data: unknown): data is ${schema.title};\n  errors?: ErrorObject[] | null;\n};\nexport default validate;\n`,
  );
}

files.set('page-script.ts', await scriptOf('src/pages/browser', 'PAGE_SCRIPT'));
files.set('board-script.ts', await scriptOf('src/leaderboard/browser', 'BOARD_SCRIPT'));

mkdirSync(out, { recursive: true });
const stale = [];
for (const [name, text] of files) {
  const path = join(out, name);
  if (!check) writeFileSync(path, text);
  else if (!sameText(path, text)) stale.push(name);
}
if (stale.length > 0) {
  console.error(`src/generated is stale: ${stale.join(', ')}. Run \`npm run generate\` and commit.`);
  process.exit(1);
}

function sameText(path, text) {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}

/** What a page's script element holds: a text, since a page is one file. */
async function scriptOf(folder, name) {
  const { outputFiles } = await build({
    absWorkingDir: top,
    entryPoints: [`${folder}/main.ts`],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    write: false,
    logLevel: 'warning',
  });
  const text = outputFiles[0].text.trimEnd();
  if (/<[/!]/.test(text))
    throw new Error(`${folder} holds what ends a script element: write </ and <! otherwise`);
  return (
    `// Generated from ${folder} by \`npm run generate\`. Do not edit.\n` +
    `export const ${name} =\n  ${JSON.stringify(text)};\n`
  );
}
