import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { TOP } from './documents';

test('docs/report.svg is what eit-report prints', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(TOP, 'scripts/picture.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
