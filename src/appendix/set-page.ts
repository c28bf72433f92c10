import { markup } from '../pages/html';
import { paragraphs } from '../pages/user-text';
import { counted } from '../report/units';
import { frame, type Section } from './frame';
import { RUNS_A_PAGE, setPath, setsIn, type Site, type SiteSet } from './site';
import { filesSection, foot, leavesOf, plotsSection, totalTiles } from './site-parts';
import { runsTable, setsTable } from './tables';

/**
 * The pages of a set: the first has all that is told of it, further ones have only runs for which there was no room.
 * @returns text by path
 */
export function* setPages(
  site: Site,
  set: SiteSet,
): Iterable<{ readonly path: string; readonly text: string }> {
  const pages = Math.max(1, Math.ceil(set.runs.length / RUNS_A_PAGE));
  for (let page = 1; page <= pages; page++) {
    const runs = set.runs.slice((page - 1) * RUNS_A_PAGE, page * RUNS_A_PAGE);
    const first = (page - 1) * RUNS_A_PAGE + 1;
    const pager =
      pages === 1
        ? null
        : markup`<nav class="contents" aria-label="Pages of runs"><ul>${Array.from(
            { length: pages },
            (_, i) =>
              i + 1 === page
                ? markup`<li><span aria-current="page">Runs ${i * RUNS_A_PAGE + 1} to ${Math.min(set.runs.length, (i + 1) * RUNS_A_PAGE)}</span></li>`
                : markup`<li><a href="../${setPath(set, i + 1)}#runs">Runs ${i * RUNS_A_PAGE + 1} to ${Math.min(set.runs.length, (i + 1) * RUNS_A_PAGE)}</a></li>`,
          )}</ul></nav>`;
    const table: Section = {
      id: 'runs',
      title: pages === 1 ? 'Runs' : `Runs ${first} to ${first + runs.length - 1} of ${set.runs.length}`,
      body: markup`${runsTable(runs, set.figures, '../')}${pager}`,
    };
    const sections = page > 1 ? [table] : [...aboutSet(set), table, filesSection(set.attached, '../')];
    const order =
      set.order === null
        ? 'job id'
        : `${set.order.by.name}${set.order.greatestFirst ? ', the greatest first' : ''}`;
    yield {
      path: setPath(set, page),
      text: frame({
        title: set.name,
        within: site.title,
        crumbs: [
          { href: '../index.html', text: site.title },
          ...set.parents.map(({ id, name }) => ({ href: `../${setPath({ id })}`, text: name })),
          ...(page > 1 ? [{ href: `../${setPath(set)}`, text: set.name }] : []),
        ],
        lead:
          page > 1
            ? markup`<p class="soft">${counted(set.runs.length, 'run')}, by ${order}.</p>`
            : markup`${paragraphs(set.description)}<p class="soft">${counted(set.runs.length, 'run')}, by ${order}.</p>${totalTiles(set.runs, setsIn(set.sets).length)}`,
        sections: sections.filter((section) => section !== null),
        foot: foot(site),
      }),
    };
  }
}

function aboutSet(set: SiteSet): (Section | null)[] {
  const sets = set.sets.length === 0 ? [{ ...set, sets: [] }] : set.sets;
  return [
    {
      id: 'sets',
      title: set.sets.length === 0 ? 'Summary' : 'Sets within it',
      body: setsTable(set.sets.length === 0 ? 'This set' : 'Sets within it', sets, set.figures, '../'),
    },
    plotsSection(set.plots, leavesOf([set])),
  ];
}
