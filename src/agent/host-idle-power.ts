import { join } from 'node:path';
import { describeError } from '../errors';
import { type Calibration, calibrationMtimeMs, readCalibration } from '../sources/calibration-file';
import { readHostPower } from '../sources/cpu-model';
import { type CpuPlace, type EnergyMeter, type Roots, isMissing } from '../sources/source';
import type { IdlePower } from './host-state';
import type { Log } from './log';
import type { PlaceCpus } from './reading';

/** What this host's domains draw when nothing runs, by the name of the domain, as far as it is known. */
export interface HostIdlePower {
  current(): Readonly<Record<string, IdlePower>>;
}

export interface IdlePowerParts {
  readonly varDir: string;
  readonly host: string;
  /** Where the host is not calibrated. */
  readonly modelled: Readonly<Record<string, IdlePower>>;
  readonly log: Log;
}

/** The calibration of the host, read again when it was replaced, and the table where there is none. */
export function openIdlePower({ varDir, host, modelled, log }: IdlePowerParts): HostIdlePower {
  let mtimeMs: number | null = null;
  let known = modelled;
  return {
    current: () => {
      const nowMs = calibrationMtimeMs(varDir);
      if (nowMs === mtimeMs) return known;
      mtimeMs = nowMs;
      known = modelled;
      try {
        const calibration = readCalibration(varDir, host);
        if (calibration !== null) {
          known = { ...modelled, ...calibratedIdlePower(calibration) };
          log('info', `idle power as of calibration ${calibration.version} (${calibration.at})`);
        }
      } catch (error) {
        log('warn', `idle power is taken from the table: ${describeError(error)}`);
      }
      return known;
    },
  };
}

function calibratedIdlePower({ version, domains }: Calibration): Record<string, IdlePower> {
  return Object.fromEntries(
    Object.entries(domains).map(([name, domain]) => [
      name,
      { idleW: domain.idle_w, by: 'calibrated', calibration: version },
    ]),
  );
}

/**
 * Idle power of packages that are measured, from the table that the power model goes by: its watts of a hardware thread
 * times the threads of the package. They are those of a whole server, so they are an upper bound of the package's. What is
 * measured in several domains (Grace: CPU and SysIO) has an even part of them each.
 * @param hostCpus CPUs of the host
 */
export function modelledIdlePower(
  roots: Pick<Roots, 'proc'>,
  meters: readonly EnergyMeter[],
  places: readonly PlaceCpus[],
  hostCpus: number,
): Record<string, IdlePower> {
  const measured = meters
    .flatMap((meter) => meter.domains)
    .filter((domain) => domain.class === 'cpu' && domain.quality === 'measured');
  if (measured.length === 0) return {};
  const power = readHostPower(join(roots.proc, 'cpuinfo'));
  if (isMissing(power)) return {};
  return Object.fromEntries(
    measured.map(({ name, place }) => {
      const own = places.find((known) => isOnePlace(known.place, place));
      const domains = measured.filter((one) => isOnePlace(one.place, place)).length;
      const cpus = own === undefined ? hostCpus / measured.length : own.cpus.size / domains;
      const idleW = Math.round(power.idleWPerThread * cpus * 1000) / 1000;
      return [name, { idleW, by: 'modelled' }];
    }),
  );
}

function isOnePlace(a: CpuPlace | undefined, b: CpuPlace | undefined): boolean {
  return a?.package === b?.package && a?.die === b?.die;
}
