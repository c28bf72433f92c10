import { markup, type Html } from '../pages/html';
import { paragraphs } from '../pages/user-text';
import { visible } from '../report/printable';
import { durationText, energyText, massText, percentText } from '../report/units';
import type { Board } from './board';
import { boardFrame } from './board-frame';
import { howLines, metricTitle, numberText } from './board-words';
import { groupOf } from './check-entry';
import type { Entry, EntryRun } from './entry-run';
import { metricValues } from './metric-value';
import { seriesChart } from './series-chart';

/**
 * The page of an entry: each of its runs, and where they are from.
 * @param boardHref where the board is, from this page
 */
export function renderEntry(entry: Entry, board: Board, boardHref: string, toolVersion: string): string {
  const { spec } = board;
  const link = entry.link;
  const lead = markup`<p class="soft"><a href="${boardHref}"><bdi>${visible(spec.title)}</bdi></a></p>${
    entry.description === null ? null : paragraphs(entry.description)
  }${link === null ? null : markup`<p>More of it: <a rel="noreferrer nofollow" href="${hrefFromEntry(link)}"><bdi>${visible(link)}</bdi></a></p>`}<p>${
    entry.origin.sha256 === null
      ? 'Its runs are those of a ledger.'
      : markup`A submission, recomputed from its own records when this page was made. SHA-256 of its first line: <code>${entry.origin.sha256}</code>.`
  }</p>`;
  const chart = seriesChart(entry.runs, metricTitle(spec));
  const main = markup`<section id="runs" aria-labelledby="runs-h"><h2 id="runs-h">Runs</h2><div class="wide" tabindex="0" role="region" aria-labelledby="runs-h"><table class="board" data-sortable><caption>A line a run.</caption><thead><tr><th scope="col">Run</th>${spec.groups.length === 0 ? null : markup`<th scope="col">Part</th>`}${[
    'Average',
    'Asymptotic',
    'Best',
    'Last',
    'IT energy',
    'With PUE',
    'CO2e',
    'Time',
    'Coverage',
    'Measured',
  ].map(
    (title) => markup`<th scope="col" class="n">${title}</th>`,
  )}<th scope="col">Hardware</th><th scope="col">State</th></tr></thead><tbody>${entry.runs.map((run) => runRow(run, board))}</tbody></table></div></section>${
    chart === null
      ? null
      : markup`<section id="series" aria-labelledby="series-h"><h2 id="series-h">${metricTitle(spec)} by step</h2><div class="chart" tabindex="0" role="group" aria-labelledby="series-h">${chart}</div></section>`
  }`;
  return boardFrame({
    title: `${entry.name}: ${spec.title}`,
    ...{ lead, main, toolVersion, notes: howLines(spec) },
  });
}

function runRow(run: EntryRun, { spec, unit }: Board): Html {
  const values = metricValues(run.metric!, {
    direction: spec.metric.direction,
    asymptoticPart: spec.metric.asymptotic_part,
  });
  const number = (value: number, text: string): Html =>
    markup`<td class="n" data-value="${value}">${text}</td>`;
  const inUnit = (value: number): Html =>
    number(value, `${numberText(value)}${unit === '' ? '' : ` ${visible(unit)}`}`);
  const { coverage, measuredFraction } = run;
  return markup`<tr><th scope="row">${visible(run.name)}</th>${
    spec.groups.length === 0 ? null : markup`<td><bdi>${visible(groupOf(run, spec) ?? 'of none')}</bdi></td>`
  }${[values.average, values.asymptotic, values.best, values.last].map(inUnit)}${number(run.itKwh, energyText(run.itKwh))}${number(run.totalKwh, energyText(run.totalKwh))}${number(run.co2eKg, massText(run.co2eKg))}${number(run.seconds, durationText(run.seconds))}<td class="n" data-value="${coverage}">${coverage === null ? '–' : percentText(coverage)}${run.isCovered ? null : markup` <span class="place">in part</span>`}</td><td class="n" data-value="${measuredFraction}">${measuredFraction === null ? '–' : percentText(measuredFraction)}</td><td class="name">${run.hardware.join(', ') || '–'}</td><td>${run.state === null ? '–' : visible(run.state)}</td></tr>`;
}

/** A path is from the board's page, which is one folder up. */
function hrefFromEntry(link: string): string {
  return /^https?:/.test(link) ? link : `../${link}`;
}
