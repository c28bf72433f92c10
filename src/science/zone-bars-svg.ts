import { massText } from '../report/units';
import { axisOf, COLOURS, escapeXml, placeOn, svgPicture, tickText } from './chart';
import { shortened } from './set-plot-svg';
import type { ZoneOutcome } from './what-if';

const LABELS = 200;
const PLOT = 480;
const BAR = 16;
const GAP = 12;
const TOP = 64;

/** What works would emit by zone, a bar a work. */
export function zoneBarsSvg(outcomes: readonly ZoneOutcome[], title: string): string {
  const works = outcomes[0]?.emissions.map(({ work }) => work) ?? [];
  const axis = axisOf(
    outcomes.flatMap(({ emissions }) => emissions.map(({ co2eKg }) => co2eKg)),
    { withZero: true },
  );
  const x = placeOn(axis, LABELS, LABELS + PLOT);
  const block = works.length * BAR + GAP;
  const bottom = TOP + outcomes.length * block;
  const legend =
    works.length < 2
      ? []
      : works.flatMap((work, i) => [
          `<rect x="${16 + i * 170}" y="34" width="12" height="12" fill="${COLOURS[i % COLOURS.length] ?? '#000'}"/>`,
          `<text x="${34 + i * 170}" y="45">${escapeXml(shortened(work))}</text>`,
        ]);
  return svgPicture({ width: LABELS + PLOT + 90, height: bottom + 48, title }, [
    `<text x="16" y="22" font-size="14">${escapeXml(title)}</text>`,
    ...legend,
    ...axis.ticks.flatMap((tick) => [
      `<path d="M${x(tick)} ${TOP}V${bottom}" stroke="#ddd"/>`,
      `<text x="${x(tick)}" y="${bottom + 16}" text-anchor="middle">${tickText(tick)}</text>`,
    ]),
    ...outcomes.flatMap(({ zone, zoneName, emissions }, i) => {
      const y = TOP + GAP / 2 + i * block;
      const label = zoneName === '' || zoneName === zone ? zone : `${zone} ${zoneName}`;
      return [
        `<text x="${LABELS - 8}" y="${y + (works.length * BAR) / 2 + 4}" text-anchor="end">${escapeXml([...label].slice(0, 28).join(''))}</text>`,
        ...emissions.flatMap(({ co2eKg }, j) => [
          `<rect x="${LABELS}" y="${y + j * BAR}" width="${Math.max(0, x(co2eKg) - LABELS)}" height="${BAR - 2}" fill="${COLOURS[j % COLOURS.length] ?? '#000'}"/>`,
          `<text x="${x(co2eKg) + 5}" y="${y + j * BAR + 11}" fill="#444">${massText(co2eKg)}</text>`,
        ]),
      ];
    }),
    `<text x="${LABELS + PLOT / 2}" y="${bottom + 36}" text-anchor="middle" fill="#555">kg CO2eq</text>`,
  ]);
}
