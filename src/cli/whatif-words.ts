import { DateTime } from 'luxon';
import { visible } from '../config/visible';
import { energyText, massText } from '../report/units';
import { pText } from '../science/comparison-words';
import type { RunSet } from '../science/run-set';
import { mean, sum } from '../science/sample';
import { stars } from '../science/significance';
import type { StartHour, ZoneOutcome } from '../science/what-if';
import { alignedRows } from './plain-text';
import type { ZoneHours } from './whatif-grids';

const MOST_HOURS = 3;

/** The best hours of a zone, for people. */
export function hourLines({ zone, starts }: ZoneHours): string[] {
  if (starts === null)
    return [
      `${zone}: there is no series of the last week, so no hour is known to be better (eit intensity fetch).`,
    ];
  if (starts.length === 0)
    return [`${zone}: no run of a week's length has an hour to begin at in the last week.`];
  const average = mean(starts.map(({ gPerKwh }) => gPerKwh));
  const shown = (one: StartHour): string =>
    `${DateTime.fromMillis(one.startMs).toFormat('ccc HH:mm')} (${one.gPerKwh.toFixed(0)} g/kWh)`;
  return [
    `${zone}, hours of the last week to begin at: best ${starts.slice(0, MOST_HOURS).map(shown).join(', ')}; worst ${shown(starts.at(-1)!)}; mean ${average.toFixed(0)} g/kWh.`,
  ];
}

export function hoursJson({ zone, starts }: ZoneHours): Record<string, unknown> {
  return {
    zone,
    starts:
      starts?.map(({ startMs, gPerKwh }) => ({
        start: new Date(startMs).toISOString(),
        g_per_kwh: gPerKwh,
      })) ?? null,
  };
}

/** A line a zone; first what was measured. */
export function outcomeRows(
  read: readonly RunSet[],
  outcomes: readonly ZoneOutcome[],
  times: number,
): string[] {
  const works = outcomes[0]?.emissions ?? [];
  const isPair = works.length === 2;
  const asMeasured =
    read.length === 0
      ? []
      : [
          [
            `${[...new Set(read.map(({ report }) => report.factors.zone))].join(', ')} (as measured)`,
            '',
            (
              (1000 * sum(read.map(({ report }) => report.total.co2e_kg))) /
              sum(read.map(({ report }) => report.total.energy_kwh.total))
            ).toFixed(1),
            ...read.map(({ report }) => massText(report.total.co2e_kg * times)),
            ...(isPair ? ['', ''] : []),
          ],
        ];
  return alignedRows(
    [
      { title: 'Zone' },
      { title: 'Name' },
      { title: 'g/kWh', align: 'right' },
      ...works.map(({ work, energyKwh }) => ({
        title: visible(`CO2e of ${work} (${energyText(energyKwh)})`),
        align: 'right' as const,
      })),
      ...(isPair ? [{ title: 'Difference a run', align: 'right' as const }, { title: 'p' }] : []),
    ],
    [
      ...asMeasured,
      ...outcomes.map(({ zone, zoneName, gPerKwh, emissions, difference }) => [
        zone,
        zoneName,
        gPerKwh.toFixed(1),
        ...emissions.map(({ co2eKg }) => massText(co2eKg)),
        ...(isPair
          ? [
              signed((emissions[1]?.perRunKg ?? 0) - (emissions[0]?.perRunKg ?? 0)),
              difference === null ? '-' : `${pText(difference.p)} ${stars(difference.p)}`,
            ]
          : []),
      ]),
    ],
  );
}

export function outcomeJson({
  zone,
  zoneName,
  gPerKwh,
  source,
  emissions,
  difference,
}: ZoneOutcome): Record<string, unknown> {
  return {
    ...{ zone, name: zoneName, g_per_kwh: gPerKwh, source },
    emissions: emissions.map(({ work, energyKwh, co2eKg, perRunKg }) => ({
      ...{ set: work, energy_kwh: energyKwh, co2e_kg: co2eKg, co2e_kg_per_run: perRunKg },
    })),
    difference_kg_per_run:
      difference === null
        ? null
        : {
            ...difference,
            standardError: undefined,
            standard_error: difference.standardError,
            stars: stars(difference.p),
          },
  };
}

function signed(kg: number): string {
  return `${kg < 0 ? '-' : '+'}${massText(Math.abs(kg))}`;
}
