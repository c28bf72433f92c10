// Generates src/generated from schemas/: TypeScript types and standalone validators.
// `--check` writes nothing and fails where a committed file differs.
import { readFileSync, writeFileSync, readdirSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { compile } from 'json-schema-to-typescript';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(top, 'src/generated');
const check = process.argv.includes('--check');
const banner = (schema) => `// Generated from schemas/${schema} by \`npm run generate\`. Do not edit.\n`;

const files = new Map();
for (const file of readdirSync(join(top, 'schemas')).filter((f) => f.endsWith('.schema.json'))) {
  const name = file.replace('.schema.json', '');
  const schema = JSON.parse(readFileSync(join(top, 'schemas', file), 'utf8'));

  const types = await compile(structuredClone(schema), name, {
    bannerComment: banner(file),
    additionalProperties: false,
    ignoreMinAndMaxItems: false,
    maxItems: 8,
    unreachableDefinitions: name === 'report', // what commands print beside it
    style: { singleQuote: true, printWidth: 110 },
  });
  files.set(`${name}.ts`, types);

  const ajv = new Ajv({
    allErrors: name === 'config',
    verbose: name === 'config',
    useDefaults: name === 'config',
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
