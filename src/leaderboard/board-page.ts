import { markup, type Html } from '../pages/html';
import { paragraphs } from '../pages/user-text';
import { visible } from '../report/printable';
import { durationText, massText, percentText } from '../report/units';
import type { Board, BoardPart, BoardRow, OverallRow } from './board';
import { boardFrame } from './board-frame';
import type { RankingName } from './board-spec';
import { howLines, metricTitle, numberText, rankingText, rankingTitle } from './board-words';
import type { Entry } from './entry-run';
import { paretoChart } from './pareto-chart';

/** What a page tells beside the board. */
export interface BoardView {
  /** When it was made, for people. */
  readonly made: string;
  readonly toolVersion: string;
  /** Where the page of an entry is, from the board's. */
  readonly hrefOf: (entry: Entry) => string;
  /** Submissions that are not on it, and why. */
  readonly refused: readonly { readonly file: string; readonly why: string }[];
}

const MAIN: readonly RankingName[] = ['efficiency', 'metric', 'energy'];
const WEIGHTED: readonly RankingName[] = [
  'average-per-kwh',
  'asymptotic-per-kwh',
  'average-per-hour',
  'asymptotic-per-hour',
];

/** The page of a leaderboard: a table for each part of the task, and what each entry takes against what it gives. */
export function renderBoard(board: Board, view: BoardView): string {
  const { spec, parts, overall, hasSeries } = board;
  const lead = markup`<p class="soft">Task ${spec.task}: ${metricTitle(spec)}${board.unit === '' ? '' : ` in ${visible(board.unit)}`}, ${spec.metric.direction} is better. ${entriesText(entriesOf(board))}. Made ${view.made}.</p>${
    spec.description === undefined ? null : paragraphs(spec.description)
  }${
    parts.length < 2
      ? null
      : markup`<nav class="contents" aria-label="Contents"><ul><li><a href="#all">All parts</a></li>${parts.map(
          ({ name }, i) => markup`<li><a href="#part-${i + 1}"><bdi>${visible(name ?? '')}</bdi></a></li>`,
        )}</ul></nav>`
  }`;
  const main = markup`${overall === null ? null : overallSection(board, overall, hasSeries ? [...MAIN, ...WEIGHTED] : MAIN, view)}${parts.map((part, i) => partSection(board, part, i + 1, view))}${
    view.refused.length === 0
      ? null
      : markup`<section id="refused" aria-labelledby="refused-h"><h2 id="refused-h">Refused</h2><p>These submissions are not on the board.</p><ul>${view.refused.map(
          ({ file, why }) => markup`<li><code>${visible(file)}</code>: ${visible(why, 1000)}</li>`,
        )}</ul></section>`
  }`;
  return boardFrame({
    ...{ title: spec.title, lead, main, toolVersion: view.toolVersion },
    notes: howLines(spec),
  });
}

function entriesText(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}

function entriesOf({ parts }: Board): number {
  return new Set(parts.flatMap(({ rows }) => rows.map(({ entry }) => entry))).size;
}

function overallSection(
  { spec, unit }: Board,
  rows: readonly OverallRow[],
  rankings: readonly RankingName[],
  view: BoardView,
): Html {
  const shape = { hasBaseline: false, hasReference: false };
  const titles = rankings.map((name) => rankingTitle(spec, unit, name, shape));
  return markup`<section id="all" aria-labelledby="all-h"><h2 id="all-h">All parts</h2><div class="wide" tabindex="0" role="region" aria-labelledby="all-h"><table class="board" data-sortable><caption>How far each entry comes to the best of each part, from 0 to 1; in brackets its rank.</caption><thead><tr><th scope="col" class="n">Rank</th><th scope="col">Entry</th>${titles.map((title) => markup`<th scope="col" class="n">${title}</th>`)}</tr></thead><tbody>${rows.map(
    (row) =>
      markup`<tr><td class="n rank" data-value="${row.rankings[spec.rank].rank}">${row.rankings[spec.rank].rank}</td>${nameCell(row.entry, row.marks, false, view)}${rankings.map(
        (name) => {
          const { score, rank } = row.rankings[name];
          return markup`<td class="n" data-value="${score}">${numberText(score)} <span class="place">(${rank})</span></td>`;
        },
      )}</tr>`,
  )}</tbody></table></div></section>`;
}

function partSection(
  { spec, unit, hasSeries }: Board,
  part: BoardPart,
  number: number,
  view: BoardView,
): Html {
  const id = `part-${number}`;
  const shape = { hasBaseline: part.baseline !== null, hasReference: part.reference !== null };
  const title = (name: RankingName): string => rankingTitle(spec, unit, name, shape);
  const said = [
    ...(part.baseline === null ? [] : [`baseline ${numberText(part.baseline)}`]),
    ...(part.reference === null ? [] : [`reference ${numberText(part.reference)}`]),
    ...(part.name === null ? [] : [`weight ${numberText(part.weight)}`]),
  ];
  return markup`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h"><bdi>${visible(part.name ?? 'Ranking')}</bdi></h2>${
    said.length === 0 ? null : markup`<p class="soft">${said.join(', ')}</p>`
  }${
    part.rows.length === 0
      ? markup`<p>No entry has runs of it yet.</p>`
      : markup`<div class="wide" tabindex="0" role="region" aria-labelledby="${id}-h"><table class="board" data-sortable><caption>Means over runs, ± standard error; in brackets the rank by each column. Ranked by ${title(spec.rank)}.</caption><thead><tr><th scope="col" class="n">Rank</th><th scope="col">Entry</th><th scope="col" class="n">Runs</th>${MAIN.map((name) => markup`<th scope="col" class="n">${title(name)}</th>`)}<th scope="col" class="n">Time</th><th scope="col" class="n">CO2e</th><th scope="col" class="n">Coverage</th></tr></thead><tbody>${part.rows.map((row) => entryRow(row, { spec, unit }, view))}</tbody></table></div>${hasSeries ? weightedTable(id, part, { spec, unit }, title) : null}<figure><div class="chart" tabindex="0" role="group" aria-labelledby="${id}-t">${paretoChart(
          id,
          part,
          spec,
          [title('energy'), `${metricTitle(spec)}${unit === '' ? '' : ` (${visible(unit)})`}`],
        )}</div><figcaption>Energy against ${metricTitle(spec)}: the dashed line joins the entries that no other beats in both. ● measured, ○ at least partly modelled, × observed in part. Lines are ± the standard error.</figcaption></figure>`
  }</section>`;
}

function entryRow(row: BoardRow, { spec, unit }: Pick<Board, 'spec' | 'unit'>, view: BoardView): Html {
  const { rank } = row.rankings[spec.rank];
  return markup`<tr><td class="n rank" data-value="${rank}">${rank ?? '–'}</td>${nameCell(row.entry, row.marks, row.isOnFront, view)}<td class="n" data-value="${row.runs.length}">${row.runs.length}</td>${MAIN.map((name) => rankingCell(row, name, { spec, unit }))}<td class="n" data-value="${row.hours.value}">${durationText(row.hours.value * 3600)}</td><td class="n" data-value="${row.co2eKg.value}">${row.isCovered ? null : '≥ '}${massText(row.co2eKg.value)}</td><td class="n" data-value="${row.coverage}">${row.coverage === null ? '–' : percentText(row.coverage)}</td></tr>`;
}

function rankingCell(row: BoardRow, name: RankingName, { spec, unit }: Pick<Board, 'spec' | 'unit'>): Html {
  const { estimate, rank } = row.rankings[name];
  return estimate === null
    ? markup`<td class="n" data-value="">–</td>`
    : markup`<td class="n" data-value="${estimate.value}">${boundOf(row, name, spec.metric.direction)}${rankingText(spec, unit, name, estimate)} <span class="place">(${rank ?? '–'})</span></td>`;
}

/** What series come to on the way and at their end, by energy and by time. */
function weightedTable(
  id: string,
  part: BoardPart,
  told: Pick<Board, 'spec' | 'unit'>,
  title: (name: RankingName) => string,
): Html {
  return markup`<h3 id="${id}-w">Weighted by energy and by run time</h3><div class="wide" tabindex="0" role="region" aria-labelledby="${id}-w"><table class="board" data-sortable><caption>The mean of all of a series, and of its last part; in brackets the rank by each column.</caption><thead><tr><th scope="col">Entry</th>${WEIGHTED.map((name) => markup`<th scope="col" class="n">${title(name)}</th>`)}</tr></thead><tbody>${part.rows.map(
    (row) =>
      markup`<tr><td class="name"><bdi>${visible(row.entry.name)}</bdi></td>${WEIGHTED.map((name) => rankingCell(row, name, told))}</tr>`,
  )}</tbody></table></div>`;
}

/** What was not observed can only add to energy. */
function boundOf({ isCovered }: BoardRow, name: RankingName, direction: 'higher' | 'lower'): string | null {
  if (isCovered || name === 'metric' || name.endsWith('hour')) return null;
  return name === 'energy' || direction === 'lower' ? '≥ ' : '≤ ';
}

function nameCell(entry: Entry, marks: readonly string[], isOnFront: boolean, view: BoardView): Html {
  return markup`<td class="name"><a href="${view.hrefOf(entry)}"><bdi>${visible(entry.name)}</bdi></a>${
    isOnFront ? markup` <span class="front-mark">on the front</span>` : null
  }${marks.length === 0 ? null : markup`<ul class="marks">${marks.map((mark) => markup`<li>${visible(mark)}</li>`)}</ul>`}</td>`;
}
