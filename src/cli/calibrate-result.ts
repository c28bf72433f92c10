import { visible } from '../report/printable';
import { percentText } from '../report/units';
import type { Calibration } from '../sources/calibration-file';
import { alignedRows } from './plain-text';

/** More than this part of the CPUs is no idle host. */
const IDLE_BUSY_PART = 0.05;

export interface CalibrationResult {
  readonly calibration: Calibration;
  /** Why a domain has no idle power, or the node no slope. */
  readonly missing: Readonly<Record<string, string>>;
  /** How much of the CPUs' time was used meanwhile, by others than Slurm; null: unknown. */
  readonly busyPart: number | null;
}

/** A calibration beside the one before. */
export interface CalibrationReport extends CalibrationResult {
  readonly previous: Calibration | null;
  /** The file; null with --dry-run. */
  readonly written: string | null;
  /** Measured for less than can be relied on. */
  readonly isShort: boolean;
}

/** For programs: the file's own content, and what is to be known of it. */
export function calibrationJson(report: CalibrationReport): unknown {
  const { calibration, missing, previous, written, isShort, busyPart } = report;
  return {
    ...calibration,
    missing,
    cpu_busy_part: busyPart,
    previous,
    written,
    too_short_to_rely_on: isShort,
  };
}

/** A table, and below it what is to be known. */
export function* calibrationText(report: CalibrationReport): Iterable<string> {
  const { calibration, missing, previous, written, isShort, busyPart } = report;
  const before = previous?.domains ?? {};
  const names = [...new Set([...Object.keys(calibration.domains), ...Object.keys(before)])];
  const rows = names.map((name) => {
    const [now, old] = [own(calibration.domains, name), own(before, name)];
    return [name, watts(now?.idle_w), now === undefined ? '-' : String(now.samples), watts(old?.idle_w)];
  });
  const columns = [
    { title: 'Domain' },
    { title: 'Idle W', align: 'right' },
    { title: 'Windows', align: 'right' },
    { title: 'Old W', align: 'right' },
  ] as const;
  for (const line of alignedRows(columns, rows)) yield `${line}\n`;
  yield '\n';

  const { wall } = calibration;
  if (wall !== undefined) {
    const fit = `${wall.points} loads on ${wall.at.slice(0, 10)}, r2 ${wall.r2}`;
    yield `Node power = ${wall.slope} x counted power + ${wall.offset_w} W (${fit}).\n`;
  }
  for (const [name, reason] of Object.entries(missing)) yield `${visible(`${name}: ${reason}`)}\n`;
  if (busyPart !== null && busyPart > IDLE_BUSY_PART) {
    yield `Work outside Slurm used ${percentText(busyPart)} of the CPUs meanwhile: this is not idle power. Look at top.\n`;
  }
  if (isShort) yield 'Measured for less than a minute: too short to rely on, calibrate again.\n';
  yield written === null
    ? 'Nothing is written (--dry-run).\n'
    : `Written to ${written} as version ${calibration.version}; the agent takes it up at its next reading.\n`;
}

function own<T>(group: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(group, key) ? group[key] : undefined;
}

function watts(powerW: number | undefined): string {
  return powerW === undefined ? '-' : powerW.toFixed(1);
}
