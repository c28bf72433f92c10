import { readFactorSeries } from '../carbon/factor-series';
import { siteSeriesFor } from '../carbon/factor-by-time';
import { intensityDir } from '../carbon/intensity-dir';
import { readSeries } from '../carbon/intensity-store';
import { PROVIDERS } from '../carbon/providers';
import { seriesZones } from '../carbon/series-files';
import { seriesStepMs } from '../carbon/series-step';
import { siteZone } from '../carbon/site-zone';
import { loadZones } from '../carbon/zone';
import type { LoadedConfig } from '../config/config';
import { dataPath } from '../data-path';
import { EitError } from '../errors';
import { durationText } from '../report/units';
import { type Check, ok, problem, warning } from './doctor-check';
import { localTimeZone } from './time-zone';

/** Providers are late by hours, some by a day; after three nobody fetches. */
const OLD_S = 26 * 3600;
const DEAD_S = 3 * 86_400;
const LOOK_BACK_MS = 40 * 86_400_000;

/** The factors that turn joules into CO2eq and money: the place, the files, the series. */
export function checkCarbon(loaded: LoadedConfig, nowMs: number): Check[] {
  return [
    checkZone(loaded),
    ...checkFactorFiles(loaded),
    ...checkSeries(loaded, nowMs),
    ...checkSlots(loaded),
  ];
}

function checkZone(loaded: LoadedConfig): Check {
  const name = 'zone';
  try {
    const { zone, intensity, notes } = siteZone(loaded, loaded.config.cluster ?? '', loadZones(dataPath()));
    const text = `${zone}, ${intensity.gPerKwh} gCO2eq/kWh on average in ${intensity.year}`;
    const [first] = notes;
    return first === undefined
      ? ok(name, text)
      : warning(name, first, 'site: { zone: ... } in eit.yaml; eit zones locate');
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return problem(name, `${error.code}: ${error.message}`);
  }
}

function checkFactorFiles(loaded: LoadedConfig): Check[] {
  const { config } = loaded;
  try {
    const series = siteSeriesFor(
      loaded,
      config.cluster ?? '',
      config.time_zone ?? localTimeZone(),
      readFactorSeries,
    );
    return Object.values(series).flatMap((one) =>
      one === null ? [] : [ok('factor file', `${one.file}: ${one.rows.length} lines`)],
    );
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return [problem('factor file', `${error.code}: ${error.message}`)];
  }
}

/** Each series of eit.yaml, by its newest value. */
function checkSeries({ config }: LoadedConfig, nowMs: number): Check[] {
  const dir = intensityDir(config);
  return config.intensity.map(({ zone, provider }) => {
    const name = `intensity ${zone}`;
    const mend = 'eit intensity fetch says why; systemctl enable --now eit-intensity.timer';
    try {
      const lines = readSeries(dir, zone, { fromMs: nowMs - LOOK_BACK_MS, toMs: nowMs });
      const untilMs = lines.reduce((latest, { end }) => Math.max(latest, Date.parse(end)), -Infinity);
      if (!Number.isFinite(untilMs))
        return problem(name, `nothing of ${provider} in the last 40 days: the year's average is taken`, mend);
      const ageS = Math.max(0, Math.round((nowMs - untilMs) / 1000));
      const text = `of ${provider}, until ${durationText(ageS)} ago`;
      if (ageS > DEAD_S) return problem(name, text, mend);
      return ageS > OLD_S ? warning(name, text, mend) : ok(name, text);
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      return problem(name, `${error.code}: ${error.message}`);
    }
  });
}

const MINUTE_MS = 60_000;
/** What slot_minutes can be, the longest first. */
const SLOTS = [60, 30, 15, 5];

/** The series, of files or to be fetched, whose values are shorter than the archive's slots: an uneven run is not exact with them. */
function checkSlots({ config }: LoadedConfig): Check[] {
  const name = 'slot_minutes';
  const { slot_minutes: slotMinutes } = config;
  const dir = intensityDir(config);
  try {
    const zones = new Set([...seriesZones(dir), ...config.intensity.map(({ zone }) => zone)]);
    return [...zones].flatMap((zone) => {
      const stepMs = seriesStepMs(dir, zone) ?? configuredStepMs(config, zone);
      if (!(stepMs < slotMinutes * MINUTE_MS)) return [];
      const wanted = SLOTS.find((minutes) => minutes * MINUTE_MS <= stepMs) ?? 5;
      return [
        warning(
          name,
          `the values of ${zone} are of ${stepMs / MINUTE_MS} min, the slots of ${slotMinutes}: CO2e is exact for even power only, and reports of long times are slower`,
          wanted < slotMinutes
            ? `slot_minutes: ${wanted} in eit.yaml, before the first compaction of a cluster (docs/intensity.md)`
            : undefined,
        ),
      ];
    });
  } catch (error) {
    if (!(error instanceof EitError)) throw error;
    return [problem(name, `${error.code}: ${error.message}`)];
  }
}

/** What the providers of a zone have; Infinity: nobody is asked for it. */
function configuredStepMs(config: LoadedConfig['config'], zone: string): number {
  const minutes = config.intensity
    .filter((entry) => entry.zone === zone)
    .map(({ provider }) => PROVIDERS.find(({ name }) => name === provider)?.stepMinutes ?? Infinity);
  return Math.min(...minutes) * MINUTE_MS;
}
