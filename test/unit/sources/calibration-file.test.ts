import { readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { EitError } from '../../../src/errors';
import {
  type Calibration,
  calibrationMtimeMs,
  calibrationPath,
  nextCalibrationVersion,
  parseCalibration,
  readCalibration,
  writeCalibration,
} from '../../../src/sources/calibration-file';
import { Tree } from './tree';

const CALIBRATION: Calibration = {
  version: 3,
  tool: '0.1.0',
  host: 'n1',
  at: '2026-05-01T10:00:00.000Z',
  domains: { 'package-0': { idle_w: 41.5, seconds: 600, samples: 60, percentile: 10 } },
  wall: { slope: 1.2, offset_w: 90, points: 5, r2: 0.99, at: '2026-05-01T10:03:00.000Z' },
};

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

test('what was written is read again, by anybody, and leaves nothing beside it', () => {
  const umask = process.umask(0o077);
  writeCalibration(tree.dir, CALIBRATION);
  process.umask(umask);
  expect(readCalibration(tree.dir, 'n1')).toEqual(CALIBRATION);
  expect(statSync(calibrationPath(tree.dir)).mode & 0o777).toBe(0o644);
  expect(readdirSync(tree.dir)).toEqual(['calibration.json']);
});

test('there may be none', () => {
  expect(readCalibration(tree.path('nowhere'), 'n1')).toBeNull();
  expect(calibrationMtimeMs(tree.path('nowhere'))).toBeNull();
  expect(nextCalibrationVersion(tree.path('nowhere'))).toBe(1);
});

test('tells when it was replaced', () => {
  writeCalibration(tree.dir, CALIBRATION);
  utimesSync(calibrationPath(tree.dir), 1000, 2000);
  expect(calibrationMtimeMs(tree.dir)).toBe(2_000_000);
});

test("another host's is refused, with how to mend it", () => {
  writeCalibration(tree.dir, CALIBRATION);
  expect(() => readCalibration(tree.dir, 'n2')).toThrow(
    /is of host "n1", this one is n2; mend: eit calibrate/,
  );
});

test('the next version counts up, from a broken one too as far as it tells', () => {
  writeCalibration(tree.dir, CALIBRATION);
  expect(nextCalibrationVersion(tree.dir)).toBe(4);
  writeFileSync(calibrationPath(tree.dir), '{"version": 9, "host": 1}');
  expect(nextCalibrationVersion(tree.dir)).toBe(10);
  writeFileSync(calibrationPath(tree.dir), '{"version": 9');
  expect(nextCalibrationVersion(tree.dir)).toBe(1);
});

test('a link that lies where the new file is made is not followed', () => {
  tree.write('victim', 'mine');
  symlinkSync(tree.path('victim'), `${calibrationPath(tree.dir)}.tmp`);
  writeCalibration(tree.dir, CALIBRATION);
  expect(readCalibration(tree.dir, 'n1')).toEqual(CALIBRATION);
  expect(statSync(tree.path('victim')).size).toBe('mine'.length);
});

test('what cannot be written leaves the one before', () => {
  writeCalibration(tree.dir, CALIBRATION);
  tree.write('calibration.json.tmp/file', 'in the way');
  expect(() => writeCalibration(tree.dir, { ...CALIBRATION, version: 4 })).toThrow(EitError);
  expect(readCalibration(tree.dir, 'n1')?.version).toBe(3);
});

const changed = (change: object): string => JSON.stringify({ ...CALIBRATION, ...change });
test.each([
  ['no JSON', '{', 'is not JSON'],
  ['an array', '[]', 'version is no whole number'],
  ['null', 'null', 'version is no whole number'],
  ['version 0', changed({ version: 0 }), 'version is no whole number'],
  ['version 1.5', changed({ version: 1.5 }), 'version is no whole number'],
  ['no host', changed({ host: 7 }), 'host is no text'],
  ['no time', changed({ at: 'noon' }), 'at is no time'],
  ['domains in a list', changed({ domains: [] }), 'domains is no group'],
  [
    'a negative power',
    changed({ domains: { p: { ...CALIBRATION.domains['package-0'], idle_w: -1 } } }),
    'idle_w',
  ],
  [
    'a power in quotes',
    changed({ domains: { p: { ...CALIBRATION.domains['package-0'], idle_w: '4' } } }),
    'idle_w',
  ],
  ['a domain that is none', changed({ domains: { p: null } }), 'domains."p".idle_w'],
  ['a wall without a slope', changed({ wall: { offset_w: 1 } }), 'wall.slope'],
])('%s is EIT_CALIBRATION and says what is wrong', (_, text, message) => {
  expect(() => parseCalibration(text)).toThrow(
    expect.objectContaining({
      code: 'EIT_CALIBRATION',
      message: expect.stringContaining(message) as string,
    }) as Error,
  );
});
