import { energyText, percentText } from '../report/units';
import type { PageContent } from './content';
import { hourChart, two } from './hour-chart';
import type { CleanHours } from './hour-sums';
import { markup, type Html } from './html';
import type { PageSection } from './page';

/** When the energy was used, and how clean the grid was then; null where hours are not told. */
export function hoursSection({ hours }: PageContent): PageSection | null {
  if (hours === null || hours.cells.length === 0) return null;
  const rows = hours.byMonth ? 'month' : 'day';
  const said = sentence(hours);
  return {
    id: 'hours',
    title: 'Clean and dirty hours of the grid',
    body: markup`<p>${said}</p><div class="chart" tabindex="0" role="group" aria-label="Chart of hours">${hourChart(hours, `Energy and carbon intensity by hour of the day and ${rows}`, said)}</div>${scales(hours)}<details><summary>Figures by hour of the day</summary>${byHourTable(hours)}</details>`,
  };
}

function sentence({ cleanShare, dirtyShare }: CleanHours): string {
  if (cleanShare === null || dirtyShare === null)
    return 'The grid is reckoned with the same intensity at all hours: it has no series of intensity by hour (eit intensity fetch).';
  return (
    `${percentText(cleanShare)} of the energy was used in the cleanest third of all hours, ${percentText(dirtyShare)} in the dirtiest third. ` +
    'Power that is always the same has 33.3 % in each.'
  );
}

function scales({ cells }: CleanHours): Html {
  const most = Math.max(...cells.map(({ kwh }) => kwh));
  const grams = cells.flatMap(({ gPerKwh }) => (gPerKwh === null ? [] : [gPerKwh]));
  const steps = (letter: string, count: number): Html =>
    markup`<svg class="scale" viewBox="0 0 98 14" aria-hidden="true">${Array.from({ length: count }, (_, i) => markup`<rect class="${letter}${i + 1}" x="${i * 14}" width="13" height="14" />`)}</svg>`;
  return markup`<ul class="legend"><li>0 ${steps('e', 7)} ${energyText(most)} an hour</li>${
    grams.length === 0
      ? null
      : markup`<li>${Math.round(Math.min(...grams))} ${steps('g', 7)} ${Math.round(Math.max(...grams))} g/kWh</li>`
  }</ul>`;
}

function byHourTable({ cells }: CleanHours): Html {
  const rows = Array.from({ length: 24 }, (_, hour) => {
    const of = cells.filter((cell) => cell.hour === hour);
    const kwh = of.reduce((sum, cell) => sum + cell.kwh, 0);
    const grams = of.flatMap(({ gPerKwh }) => (gPerKwh === null ? [] : [gPerKwh]));
    const mean = grams.length === 0 ? null : grams.reduce((sum, g) => sum + g, 0) / grams.length;
    return markup`<tr><th scope="row">${two(hour)}:00</th><td class="n">${energyText(of.length === 0 ? 0 : kwh / of.length)}</td><td class="n">${mean === null ? 'same at all hours' : `${Math.round(mean)} g/kWh`}</td></tr>`;
  });
  return markup`<div class="wide" tabindex="0" role="group" aria-label="By hour of the day"><table><caption>In the mean of all days, local time</caption><thead><tr><th scope="col">Hour</th><th scope="col" class="n">Energy</th><th scope="col" class="n">Intensity of the grid</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
