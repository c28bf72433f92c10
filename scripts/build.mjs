// Bundles the programs into dist/, one file each: a cold start opens one file instead of hundreds.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { BUILD_STAMP, hashBuildInputs } from './build-inputs.mjs';
import { top } from './child.mjs';
import { copyDuckDb, copyNative } from './copy-native.mjs';

/** Before anything that an older Node.js could stumble over. */
const VERSION_CHECK = `{
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error('EIT needs Node.js 20.19 or newer; ' + process.execPath + ' is ' + process.versions.node + '.');
    process.exit(2);
  }
}`;

/** Begun by another program, never by hand. */
const PARTS = { 'eit-report-help': 'src/cli/report-help.ts', 'eit-report-whole': 'src/cli/eit-report.ts' };

/** Programs in which a validator is read when it is used. */
const LAZY = ['eit', 'eit-report-whole'];

const PROGRAMS = {
  eit: 'src/cli/eit.ts',
  'eit-report': 'src/cli/report-start.ts',
  'eit-quota': 'src/cli/eit-quota.ts',
  'eit-agent': 'src/agent/main.ts',
  'eit-shipper': 'src/ledger/shipper-main.ts',
  'eit-gpu': 'src/sources/gpu-reader-main.ts',
};

// Optional packages with compiled parts: looked for when the program runs.
const EXTERNAL = ['koffi', 'node-pty', '@duckdb/node-api'];

// The programs that run beside jobs stay small: what the command line needs must not slip into them.
const RESIDENT = ['eit-agent', 'eit-shipper', 'eit-gpu'];
const NOT_RESIDENT =
  /(^|\/)node_modules\/(yargs|yargs-parser|luxon|cli-table3|i18n-iso-countries)\/|^src\/(cli|report|carbon)\//;

// A job's submission may wait for it: no library, and no validator of thousands of lines.
const QUICK = ['eit-quota'];
const NOT_QUICK = /(^|\/)node_modules\/|^src\/generated\//;

const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
const inputsHash = hashBuildInputs(top);

rmSync(join(top, 'dist'), { recursive: true, force: true });
mkdirSync(join(top, 'dist'));

/**
 * A third of eit-report is validators, of which most runs use one or two: each is a file of its own, and stands in the program as a function
 * that loads it.
 */
const validators = new Set();
const lazyValidators = {
  name: 'lazy-validators',
  setup(plugin) {
    plugin.onResolve({ filter: /\/generated\/[a-z]+-validator$/ }, ({ path }) => ({
      path: basename(path, '-validator'),
      namespace: 'lazy',
    }));
    plugin.onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => {
      validators.add(path);
      return {
        contents: `let read;
module.exports = function validate(value) {
  read ??= require('node:module').createRequire(__filename)(require('node:path').join(__dirname, 'validators/${path}.js'));
  const isValid = read(value);
  validate.errors = read.errors;
  return isValid;
};
module.exports.default = module.exports;`,
      };
    });
  },
};

const intruders = [];
for (const [program, entry] of Object.entries({ ...PROGRAMS, ...PARTS })) {
  if (!existsSync(join(top, entry))) {
    console.log(`dist/${program}.js is left out: there is no ${entry} yet.`);
    continue;
  }
  const outfile = `dist/${program}.js`;
  const { metafile } = await build({
    absWorkingDir: top,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: EXTERNAL,
    banner: { js: `#!/usr/bin/env node\n${VERSION_CHECK}` },
    define: { __EIT_VERSION__: JSON.stringify(version) },
    legalComments: 'eof',
    sourcemap: 'linked',
    // Less to read at each start. Names stay, so that traces can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    metafile: true,
    plugins: LAZY.includes(program) ? [lazyValidators] : [],
    logLevel: 'warning', // esbuild itself says what is wrong
  }).catch(() => process.exit(1));
  if (program in PROGRAMS) chmodSync(join(top, outfile), 0o755);
  if (RESIDENT.includes(program)) intruders.push(...findIntruders(metafile, outfile, NOT_RESIDENT));
  if (QUICK.includes(program)) intruders.push(...findIntruders(metafile, outfile, NOT_QUICK));
}

for (const name of validators) await bundleValidator(name);

if (intruders.length > 0) {
  console.error(
    `A program that runs beside jobs, or that a submission waits for, may not contain these:\n  ${intruders.join('\n  ')}`,
  );
  process.exit(1);
}
for (const name of copyNative(top)) {
  console.log(
    `dist/ is without ${name}: it is not installed (optional; for GPUs of NVIDIA, see docs/install.md).`,
  );
}
await bundleNodemailer();
if (copyDuckDb(top)) await bundleDuckDb();
else
  console.log(
    'dist/ is without DuckDB: it is not installed (for the archive of the ledger, see docs/install.md).',
  );
writeFileSync(join(top, BUILD_STAMP), inputsHash);

/** A generated validator, with what of ajv it calls. */
async function bundleValidator(name) {
  await bundlePart({
    entryPoints: [`src/generated/${name}-validator.js`],
    outfile: `dist/validators/${name}.js`,
  });
}

/** What of nodemailer is used, as one file that is loaded when a mail is made: src/mail/nodemailer.ts. */
async function bundleNodemailer() {
  const contents =
    "exports.MailComposer = require('nodemailer/lib/mail-composer'); exports.SmtpConnection = require('nodemailer/lib/smtp-connection');";
  await bundlePart({ stdin: { contents, resolveDir: top }, outfile: 'dist/eit-nodemailer.js' });
}

/** A file that a program loads when it needs it. */
async function bundlePart(what) {
  await build({
    absWorkingDir: top,
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    legalComments: 'eof',
    logLevel: 'warning',
    ...what,
  }).catch(() => process.exit(1));
}

/** DuckDB's package as one file, which is loaded only when it is needed; its library lies beside it. */
async function bundleDuckDb() {
  const binding =
    "module.exports = require(require('node:path').join(__dirname, 'native/duckdb/duckdb.node'));";
  await bundlePart({
    entryPoints: ['@duckdb/node-api'],
    outfile: 'dist/eit-duckdb.js',
    minify: true,
    plugins: [
      {
        name: 'binding-beside',
        setup(plugin) {
          plugin.onResolve({ filter: /^@duckdb\/node-bindings$/ }, () => ({
            path: 'binding',
            namespace: 'beside',
          }));
          plugin.onLoad({ filter: /./, namespace: 'beside' }, () => ({ contents: binding }));
        },
      },
    ],
  });
}

/** What does not belong into a bundle, by the import that brings it in. */
function findIntruders({ inputs }, outfile, unwanted) {
  return Object.entries(inputs)
    .filter(([importer]) => !unwanted.test(importer))
    .flatMap(([importer, { imports }]) =>
      imports
        .filter(({ path }) => unwanted.test(path))
        .map(({ path }) => `${outfile}: ${path}, imported by ${importer}`),
    );
}
