import { counted, durationText, energyText, massText, moneyText, percentText } from '../report/units';
import { sparkline } from './chart';
import { figuresBy, type PageContent, UNKNOWN_TEXT } from './content';
import { markup, type Html, type Piece } from './html';

/** The page's first look: its totals, how sure they are. */
export function tiles(content: PageContent): Html {
  const { report } = content;
  const { total, factors } = report;
  const days = figuresBy(content.sums.days, content).map(({ figures }) => figures);
  const meanG = total.energy_kwh.total === 0 ? null : (total.co2e_kg * 1000) / total.energy_kwh.total;
  const measured = total.measured_fraction;
  return markup`<ul class="tiles">${tile('Energy, PUE included', energyText(total.energy_kwh.total), `${energyText(total.energy_kwh.it)} before PUE`, sparkline(days.map((day) => day.energy_kwh.total)))}
    ${tile('CO2eq', massText(total.co2e_kg), meanG === null ? '' : `${Math.round(meanG)} g/kWh in the mean, zone ${factors.zone}`, sparkline(days.map((day) => day.co2e_kg)), 's2')}
    ${tile('Jobs', total.jobs.toLocaleString('en-GB'), `${counted(total.runs, 'run')}, ${durationText(total.elapsed_seconds)} of time`)}
    ${total.cost === undefined || total.cost === null ? null : tile('Cost', `${moneyText(total.cost)} ${factors.currency ?? ''}`, 'of the energy')}
    ${tile(
      'Observed',
      total.coverage === null ? UNKNOWN_TEXT : percentText(total.coverage),
      measured === null
        ? 'of what should have been'
        : measured >= 0.9995
          ? 'of what should have been; all energy measured'
          : `of what should have been; ${percentText(measured)} of the energy measured, the rest modelled`,
    )}</ul>`;
}

function tile(what: string, value: string, more: Piece, spark: Html | null = null, className = ''): Html {
  return markup`<li class="${className}"><span class="what">${what}</span><span class="value">${value}</span><span class="more">${more}</span>${spark}</li>`;
}
