import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';

/** What `eit calibrate` has learnt of a host. */
export interface Calibration {
  /** One more with each calibration; records name it. */
  readonly version: number;
  /** Version of the program that made it. */
  readonly tool: string;
  readonly host: string;
  /** When it was made, ISO 8601 in UTC. */
  readonly at: string;
  /** By name of domain; `other` is the node less its counted domains. */
  readonly domains: Readonly<Record<string, CalibratedDomain>>;
  /** From the power of all counted domains to the node's own. */
  readonly wall?: CalibratedWall;
}

export interface CalibratedDomain {
  /** Power when nothing runs (W): this percentile of the mean powers of so many windows, which lasted so long together. */
  readonly idle_w: number;
  readonly seconds: number;
  readonly samples: number;
  readonly percentile: number;
}

/** wall (W) = slope × counted (W) + offset_w. */
export interface CalibratedWall {
  readonly slope: number;
  readonly offset_w: number;
  readonly points: number;
  readonly r2: number;
  /** When it was measured, ISO 8601 in UTC: a calibration without --load keeps the one before. */
  readonly at: string;
}

const FILE = 'calibration.json';
/** A host has some dozen domains; what is larger is no calibration. */
const LONGEST_BYTES = 1 << 20;
const MEND = 'mend: eit calibrate';

/** Where the calibration lies below `var_dir`. */
export function calibrationPath(varDir: string): string {
  return join(varDir, FILE);
}

/**
 * The calibration in `varDir`; null where there is none.
 * @throws EitError EIT_CALIBRATION where it cannot be read, is not of the form above, or is another host's
 */
export function readCalibration(varDir: string, host: string): Calibration | null {
  const path = calibrationPath(varDir);
  let text: string;
  try {
    text = readText(path);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return null;
    throw new EitError('EIT_CALIBRATION', `cannot read ${path}: ${messageOf(cause)}; ${MEND}`, { cause });
  }
  const calibration = parseCalibration(text, path);
  if (calibration.host !== host) {
    const of = JSON.stringify(calibration.host.slice(0, 80));
    throw new EitError('EIT_CALIBRATION', `${path} is of host ${of}, this one is ${host}; ${MEND}`);
  }
  return calibration;
}

/** When the calibration in `varDir` was last replaced (Unix ms); null where there is none to be seen. */
export function calibrationMtimeMs(varDir: string): number | null {
  try {
    return statSync(calibrationPath(varDir), { throwIfNoEntry: false })?.mtimeMs ?? null;
  } catch (error) {
    if (isErrno(error, 'EACCES', 'ENOTDIR')) return null;
    throw error;
  }
}

/** The version of the next calibration: also after one that is broken or another host's, as far as that tells its own. */
export function nextCalibrationVersion(varDir: string): number {
  try {
    const version = member(JSON.parse(readText(calibrationPath(varDir))), 'version');
    return isVersion(version) ? version + 1 : 1;
  } catch {
    // None, or whatever is wrong with it: it is about to be replaced.
    return 1;
  }
}

/**
 * Replaces the calibration in `varDir`, atomically; it is on disk when this returns. Anyone may read it.
 * @throws EitError EIT_CALIBRATION where it cannot be written; the one before is then still there
 */
export function writeCalibration(varDir: string, calibration: Calibration): void {
  const path = calibrationPath(varDir);
  const temporary = `${path}.tmp`;
  try {
    mkdirSync(varDir, { recursive: true, mode: 0o755 });
    rmSync(temporary, { force: true });
    const fd = openSync(temporary, 'wx', 0o644);
    try {
      fchmodSync(fd, 0o644);
      writeFileSync(fd, `${JSON.stringify(calibration, null, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (cause) {
    const mend = 'free or mend the file system, or run as root';
    throw new EitError('EIT_CALIBRATION', `cannot write ${path}: ${messageOf(cause)}; ${mend}`, { cause });
  }
}

/**
 * The text of a calibration.
 * @throws EitError EIT_CALIBRATION with what is wrong
 */
export function parseCalibration(text: string, path = FILE): Calibration {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EitError('EIT_CALIBRATION', `${path} is not JSON: ${messageOf(cause)}; ${MEND}`, { cause });
  }
  const wrong = whatIsWrong(value);
  if (wrong !== null) throw new EitError('EIT_CALIBRATION', `${path}: ${wrong}; ${MEND}`);
  return value as Calibration;
}

function whatIsWrong(value: unknown): string | null {
  if (!isVersion(member(value, 'version'))) return 'version is no whole number above 0';
  for (const key of ['tool', 'host']) if (typeof member(value, key) !== 'string') return `${key} is no text`;
  if (!isTime(member(value, 'at'))) return 'at is no time';
  const domains = member(value, 'domains');
  if (typeof domains !== 'object' || domains === null || Array.isArray(domains)) return 'domains is no group';
  for (const [name, domain] of Object.entries(domains)) {
    for (const key of ['idle_w', 'seconds', 'samples', 'percentile'])
      if (!isAmount(member(domain, key)))
        return `domains.${JSON.stringify(name.slice(0, 80))}.${key} is no number from 0 on`;
  }
  const wall = member(value, 'wall');
  if (wall === undefined) return null;
  for (const key of ['slope', 'offset_w', 'points', 'r2'])
    if (!Number.isFinite(member(wall, key))) return `wall.${key} is no number`;
  return isTime(member(wall, 'at')) ? null : 'wall.at is no time';
}

function readText(path: string): string {
  const size = statSync(path).size;
  if (size > LONGEST_BYTES) throw new Error(`it has ${size} bytes`);
  return readFileSync(path, 'utf8');
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
