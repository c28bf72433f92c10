import { energyText, massText } from '../report/units';
import { type Bar, barChart, legend, type Series } from './chart';
import { CLASSES, classKwh, figuresBy, type NamedFigures, type PageContent } from './content';
import { figuresTable } from './figures-table';
import { markup, type Html } from './html';
import type { PageSection } from './page';

/** More days than this are shown by month. */
const MOST_DAYS = 100;

/** Energy and CO2eq over time, and the way down: months, their days, the jobs of a day. */
export function timeSection(content: PageContent): PageSection {
  const days = figuresBy(content.sums.days, content);
  const months = figuresBy(content.sums.months, content);
  const byMonth = days.length > MOST_DAYS;
  const shown = byMonth ? months : allDays(days);
  const unit = byMonth ? 'month' : 'day';
  const body =
    days.length === 0
      ? markup`<p>No runs in this time.</p>`
      : markup`${charts(shown, unit)}<h3>Months and days</h3><p class="soft">Open a month for its days${content.listsJobs ? '; a day leads to its jobs' : ''}.</p>${months.map(
          (month, i) =>
            markup`<details${i === months.length - 1 && months.length === 1 ? attributeOpen : null} id="month-${month.name}"><summary>${month.name}: ${energyText(month.figures.energy_kwh.total)}, ${massText(month.figures.co2e_kg)} CO2eq, ${month.figures.jobs.toLocaleString('en-GB')} ${month.figures.jobs === 1 ? 'job' : 'jobs'}</summary>${figuresTable(
              `Days of ${month.name}, local time`,
              'Day',
              days.filter(({ name }) => name.startsWith(month.name)),
              { idPrefix: 'day-', ...(content.listsJobs ? { hrefPrefix: '#jobs-of-' } : {}) },
            )}</details>`,
        )}`;
  return { id: 'time', title: 'Over time', body };
}

const attributeOpen = markup` open`;

function charts(
  shown: readonly (NamedFigures | { readonly name: string; readonly figures: null })[],
  unit: string,
): Html {
  const parts: readonly Series[] = CLASSES.filter(({ key }) =>
    shown.some(({ figures }) => figures !== null && classKwh(figures)[key] > 0),
  );
  const of = (
    value: (figures: NamedFigures['figures']) => Record<string, number>,
    text: (f: NamedFigures['figures']) => string,
  ): Bar[] =>
    shown.map(({ name, figures }) => ({
      label: unit === 'day' ? name.slice(5) : name,
      ...(figures === null ? {} : { href: unit === 'day' ? `#jobs-of-${name}` : `#month-${name}` }),
      title: figures === null ? `${name}: nothing ran` : `${name}: ${text(figures)}`,
      values: figures === null ? {} : value(figures),
    }));
  const most = [...shown].sort(
    (a, b) => (b.figures?.energy_kwh.total ?? 0) - (a.figures?.energy_kwh.total ?? 0),
  )[0];
  const grams = shown.map(({ figures }) =>
    figures === null || figures.energy_kwh.total === 0
      ? null
      : (figures.co2e_kg * 1000) / figures.energy_kwh.total,
  );
  const mostGrams = Math.max(...grams.map((value) => value ?? 0));
  const about = `Bars by ${unit} from ${shown[0]?.name ?? ''} to ${shown.at(-1)?.name ?? ''}.`;
  return markup`<h3>Energy by ${unit}</h3>${legend('energy', parts)}<div class="chart" tabindex="0" role="group" aria-label="Chart of energy">${barChart(
    {
      id: 'energy',
      title: `Energy by ${unit}`,
      description: `${about} Most: ${most?.name ?? ''} with ${energyText(most?.figures?.energy_kwh.total ?? 0)}. The tables of months and days below hold the figures.`,
      series: parts,
      bars: of(
        classKwh,
        (figures) => `${energyText(figures.energy_kwh.total)}, ${massText(figures.co2e_kg)} CO2eq`,
      ),
      tick: (value) => energyText(value),
    },
  )}</div><h3>CO2eq by ${unit}</h3>${legend(
    'co2e',
    [{ key: 'co2e', name: 'CO2eq' }],
    [
      markup`<li><svg class="swatch" viewBox="0 0 14 14" aria-hidden="true"><path class="overlay" d="M0 7H14" /></svg>mean intensity (g/kWh), up to ${Math.round(mostGrams)}</li>`,
    ],
  )}<div class="chart" tabindex="0" role="group" aria-label="Chart of CO2eq">${barChart({
    id: 'co2e',
    title: `CO2eq by ${unit}`,
    description: `${about} A dashed line shows the mean carbon intensity of the energy, at most ${Math.round(mostGrams)} g/kWh.`,
    series: [{ key: 'co2e', name: 'CO2eq' }],
    bars: of(
      (figures) => ({ co2e: figures.co2e_kg }),
      (figures) => `${massText(figures.co2e_kg)} CO2eq`,
    ),
    tick: (value) => massText(value),
    overlay: { values: grams, most: mostGrams },
  })}</div>`;
}

const DAY_MS = 86_400_000;

/** With those on which nothing ran: a gap is to be seen. */
function allDays(
  days: readonly NamedFigures[],
): (NamedFigures | { readonly name: string; readonly figures: null })[] {
  const known = new Map(days.map((day) => [day.name, day]));
  const [first, last] = [days[0]?.name, days.at(-1)?.name];
  if (first === undefined || last === undefined) return [];
  const all = [];
  for (let ms = Date.parse(first); ms <= Date.parse(last); ms += DAY_MS) {
    const name = new Date(ms).toISOString().slice(0, 10);
    all.push(known.get(name) ?? { name, figures: null });
  }
  return all;
}
