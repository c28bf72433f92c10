import { markup } from '../pages/html';
import { paragraphs, userText } from '../pages/user-text';
import { frame, type Section } from './frame';
import { setsIn, type Site } from './site';
import { dataSection, filesSection, foot, leavesOf, plotsSection, totalTiles } from './site-parts';
import { setsTable } from './tables';

/** The first page: all sets, pictures over them, what is attached. */
export function indexPage(site: Site): string {
  const { title, description, sets, figures, plots, attached, warnings, runs } = site;
  const sections: (Section | null)[] = [
    {
      id: 'sets',
      title: 'Sets of runs',
      body: markup`${setsTable('Sets', sets, figures, '')}${
        warnings.length === 0
          ? null
          : markup`<div class="warn"><p>To know when sets are compared:</p><ul>${warnings.map((warning) => markup`<li>${userText(warning)}.</li>`)}</ul></div>`
      }`,
    },
    plotsSection(plots, leavesOf(sets)),
    filesSection(attached, ''),
    dataSection(''),
  ];
  return frame({
    ...{ title, within: '', crumbs: [], foot: foot(site) },
    lead: markup`${paragraphs(description)}${totalTiles(runs, setsIn(sets).length)}`,
    sections: sections.filter((section) => section !== null),
  });
}
