// Fails where a package that we build, test or ship with has a licence that is not on the lists in scripts/package/licences.mjs.
// Arguments: package-lock.json files; without any, ours.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './child.mjs';
import { refusedLicences } from './package/licences.mjs';

const given = process.argv.slice(2);
const locks =
  given.length > 0
    ? given
    : ['', 'packaging/runtime'].map((folder) => join(top, folder, 'package-lock.json'));
const refused = locks.flatMap((file) =>
  refusedLicences(JSON.parse(readFileSync(file, 'utf8')).packages).map(
    ({ path, licence }) => `${file}: ${path}: ${licence}`,
  ),
);
if (refused.length > 0) {
  console.error(refused.join('\n'));
  console.error(
    'Take another package, or see whether its licence belongs on a list in scripts/package/licences.mjs.',
  );
  process.exitCode = 1;
}
