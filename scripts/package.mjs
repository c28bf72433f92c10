// npm run package [-- --out DIR] [--kind node|full] [--format tar|deb|rpm] [--package-version V]: what sites install.
import { mkdirSync, rmSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { top } from './child.mjs';
import { makeArchive, sourceDate } from './package/archive.mjs';
import { makeDeb } from './package/deb.mjs';
import { makeRpm } from './package/rpm.mjs';
import { installRuntime } from './package/runtime.mjs';
import { sharedTexts } from './package/shared-texts.mjs';
import { checkElf } from './package/elf.mjs';
import { KINDS, makeTree } from './package/tree.mjs';
import { prepare } from './prepare.mjs';

const FORMATS = { tar: makeTar, deb: makeDeb, rpm: makeRpm };

// Whoever packs: folders of the packages are for all to enter.
process.umask(0o022);
try {
  await makePackages(readOptions());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(top, 'build/packages') },
      kind: { type: 'string', multiple: true, default: Object.keys(KINDS) },
      format: { type: 'string', multiple: true, default: Object.keys(FORMATS) },
      'package-version': { type: 'string' },
    },
  });
  refuseUnknown('kind', values.kind, KINDS);
  refuseUnknown('format', values.format, FORMATS);
  return values;
}

function refuseUnknown(option, given, known) {
  const unknown = given.find((value) => !Object.hasOwn(known, value));
  if (unknown !== undefined)
    throw new Error(`--${option} ${unknown}: there are ${Object.keys(known).join(', ')}.`);
}

/** Makes each kind of package in each form, and says what it has made. */
async function makePackages({ out, kind: kinds, format: formats, 'package-version': given }) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `Packages are for Linux on x64, and are made there; this is ${process.platform} on ${process.arch}.`,
    );
  await prepare();
  await installRuntime();
  const version = given ?? JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')).version;
  const dateS = sourceDate();
  const target = resolve(out);
  mkdirSync(target, { recursive: true });
  const stage = join(target, `.stage-${process.pid}`);
  try {
    const shared = await sharedTexts(dateS);
    for (const kind of kinds) {
      const { name } = KINDS[kind];
      const folder = `${name}-${version}`;
      mkdirSync(stage, { recursive: true });
      makeTree(kind, join(stage, folder), shared(kind));
      checkElf(join(stage, folder));
      for (const format of formats) {
        const file = await FORMATS[format]({ kind, version, dateS, stage, folder, out: target });
        console.log(`${file} (${(statSync(file).size / 1e6).toFixed(1)} MB)`);
      }
      rmSync(join(stage, folder), { recursive: true, force: true });
    }
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

async function makeTar({ stage, folder, dateS, out }) {
  const file = join(out, `${folder}-linux-x64.tar.gz`);
  await makeArchive(stage, folder, file, dateS);
  return file;
}
