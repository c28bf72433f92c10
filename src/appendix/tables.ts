import { markup, type Html, type Piece } from '../pages/html';
import { userText } from '../pages/user-text';
import type { ReportGroup } from '../generated/report';
import { columnNamed } from '../report/columns';
import { percentText } from '../report/units';
import type { Variable } from '../science/variable';
import { wideTable } from './frame';
import { idText, runPath, type SiteRun, type SiteSet, setPath } from './site';
import { meanText, summaryOf } from './summary';

/**
 * A line a set, sets within sets below it.
 * @param up from the page to the top of the site: '' or '../'
 */
export function setsTable(
  caption: string,
  sets: readonly SiteSet[],
  figures: readonly Variable[],
  up: string,
): Html {
  return wideTable(
    `${caption}: mean ± standard error over runs, below it the sum`,
    [
      { title: 'Set' },
      { title: 'n', isNumber: true },
      ...figures.map(({ name }) => ({ title: name, isNumber: true })),
    ],
    setRows(sets, figures, up, 0),
  );
}

function setRows(sets: readonly SiteSet[], figures: readonly Variable[], up: string, depth: number): Html[] {
  return sets.flatMap((set) => [
    markup`<tr><th scope="row" class="name depth-${depth}"><a href="${up}${setPath(set)}">${userText(set.name)}</a></th><td class="n">${set.runs.length}</td>${figureCells(
      set.runs.map(({ job }) => job),
      figures,
    )}</tr>`,
    ...setRows(set.sets, figures, up, depth + 1),
  ]);
}

function figureCells(jobs: readonly ReportGroup[], figures: readonly Variable[]): Html[] {
  return figures.map((variable) => {
    const summary = summaryOf(jobs, variable);
    const few = summary.n > 0 && summary.n < jobs.length ? ` (of ${summary.n})` : '';
    return markup`<td class="n">${meanText(summary)}${few}${
      summary.sum === null ? null : markup`<br /><span class="soft">sum ${variable.text(summary.sum)}</span>`
    }</td>`;
  });
}

/** What each line of runs has beside the figures of its set. */
const RUN_COLUMNS = ['GPUUtil', 'Coverage', 'Quality'] as const;

/** A line a run. */
export function runsTable(runs: readonly SiteRun[], figures: readonly Variable[], up: string): Html {
  const isNamed = runs.some(({ job }) => (job.slurm_job?.name ?? '') !== '');
  const hasState = runs.some(({ job }) => job.slurm_job !== undefined);
  const hasTags = runs.some(({ tags }) => Object.keys(tags).length > 0);
  const more = RUN_COLUMNS.filter((name) => !figures.some((figure) => figure.name === name)).filter(
    (name) => name !== 'GPUUtil' || runs.some(({ job }) => job.gpu_utilization !== null),
  );
  return wideTable(
    'Runs, a line each',
    [
      { title: 'Run' },
      ...(isNamed ? [{ title: 'Name' }] : []),
      ...(hasTags ? [{ title: 'Tags' }] : []),
      ...(hasState ? [{ title: 'State' }] : []),
      ...figures.map(({ name }) => ({ title: name, isNumber: true })),
      ...more.map((name) => ({ title: name, isNumber: true })),
    ],
    runs.map(
      (run) =>
        markup`<tr><th scope="row"><a href="${up}${runPath(run)}">${idText(run.job)}</a></th>${
          isNamed ? markup`<td class="name">${userText(run.job.slurm_job?.name ?? '')}</td>` : null
        }${hasTags ? markup`<td class="name">${tagsText(run)}</td>` : null}${
          hasState ? markup`<td>${userText(run.job.slurm_job?.state ?? '')}</td>` : null
        }${figures.map((variable) => markup`<td class="n">${figureText(run.job, variable)}</td>`)}${more.map((name) => markup`<td class="n">${columnText(run.job, name)}</td>`)}</tr>`,
    ),
  );
}

function tagsText({ tags }: SiteRun): Piece {
  return userText(
    Object.entries(tags)
      .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
      .join(', '),
  );
}

/** A figure of one run for people. */
export function figureText(job: ReportGroup, variable: Variable): string {
  const value = variable.valueOf(job);
  if (value === null) return '–';
  return variable.unit === 's' ? columnText(job, variable.name) : variable.text(value);
}

/** As eit-report shows it. */
export function columnText(job: ReportGroup, name: string): string {
  return columnNamed(name)?.human(job) ?? '–';
}

/** How much of what should have been was observed, and how much of that was measured. */
export function qualityText(jobs: readonly ReportGroup[]): { readonly value: string; readonly more: string } {
  const known = jobs.flatMap(({ coverage }) => (coverage === null ? [] : [coverage]));
  const least = known.length === 0 ? null : known.reduce((a, b) => Math.min(a, b));
  const [it, measured] = jobs.reduce(
    ([all, part], { energy_kwh: kwh, measured_fraction: fraction }) => [
      all + kwh.it,
      part + kwh.it * (fraction ?? 0),
    ],
    [0, 0] as [number, number],
  );
  return {
    value: least === null ? 'unknown' : percentText(least),
    more: `${jobs.length === 1 ? 'of its nodes and time' : 'of nodes and time, at the least'}; ${it === 0 ? 'no energy' : `${percentText(Math.min(1, measured / it))} of the energy measured, the rest modelled`}`.replace(
      '100 % of the energy measured, the rest modelled',
      'all energy measured',
    ),
  };
}
