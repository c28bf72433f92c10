import { visible } from '../report/printable';
import { energyText, massText, percentText } from '../report/units';
import { type NamedFigures, UNKNOWN_TEXT } from './content';
import { markup, type Html } from './html';

export interface FiguresTableOptions {
  /** Begin of the ids of lines; absent: they have none. */
  readonly idPrefix?: string;
  /** Begin of what the names of lines lead to; absent: to nothing. */
  readonly hrefPrefix?: string;
}

/** Figures line by line, for who wants the numbers of a chart. */
export function figuresTable(
  caption: string,
  title: string,
  lines: readonly NamedFigures[],
  { idPrefix, hrefPrefix }: FiguresTableOptions = {},
): Html {
  const rows = lines.map(({ name, figures }) => {
    const id = idPrefix === undefined ? null : markup` id="${idPrefix}${name}"`;
    const text = markup`<bdi>${visible(name)}</bdi>`;
    const label = hrefPrefix === undefined ? text : markup`<a href="${hrefPrefix}${name}">${text}</a>`;
    return markup`<tr${id}><th scope="row">${label}</th><td class="n">${energyText(figures.energy_kwh.total)}</td><td class="n">${massText(figures.co2e_kg)}</td><td class="n">${figures.jobs.toLocaleString('en-GB')}</td><td class="n">${percent(figures.slurm.cpu_efficiency)}</td><td class="n">${percent(figures.gpu_utilization)}</td><td class="n">${percent(figures.coverage)}</td></tr>`;
  });
  return markup`<div class="wide" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr><th scope="col">${title}</th><th scope="col" class="n">Energy</th><th scope="col" class="n">CO2eq</th><th scope="col" class="n">Jobs</th><th scope="col" class="n">CPU used</th><th scope="col" class="n">GPU used</th><th scope="col" class="n">Observed</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

export function percent(part: number | null): string {
  return part === null ? UNKNOWN_TEXT : percentText(part);
}
