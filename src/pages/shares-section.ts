import { visible } from '../report/printable';
import { energyText, percentText } from '../report/units';
import { figuresBy, type NamedFigures, type PageContent } from './content';
import { figuresTable } from './figures-table';
import { markup, type Html } from './html';
import type { PageSection } from './page';
import type { Tally } from './page-sums';
import { shareBar } from './share-bar';

/** So many are shown as bars; the table below has all. */
const MOST_BARS = 12;

/** Whose the energy is: by partition, account and user, as far as there is more than one. */
export function sharesSections(content: PageContent): PageSection[] {
  const { partitions, accounts, users } = content.sums;
  const all = [
    { id: 'partitions', title: 'By partition', one: 'Partition', tallies: partitions, isAlways: true },
    { id: 'accounts', title: 'By account', one: 'Account', tallies: accounts, isAlways: false },
    { id: 'users', title: 'By user', one: 'User', tallies: users, isAlways: false },
  ];
  return all
    .filter(({ tallies, isAlways }) => tallies.size > (isAlways ? 0 : 1))
    .map(({ id, title, one, tallies }) => ({ id, title, body: shares(one, tallies, content) }));
}

function shares(one: string, tallies: ReadonlyMap<string, Tally>, content: PageContent): Html {
  const lines = figuresBy(tallies, content).sort((a, b) => kwhOf(b) - kwhOf(a));
  const most = lines[0] === undefined ? 0 : kwhOf(lines[0]);
  const all = content.report.total.energy_kwh.total;
  const more = lines.length - MOST_BARS;
  return markup`<ul class="bars">${lines
    .slice(0, MOST_BARS)
    .map(
      (line) =>
        markup`<li><span class="label"><bdi>${visible(line.name) || '(none)'}</bdi></span><span class="drawn">${shareBar(most === 0 ? 0 : kwhOf(line) / most)}</span><span class="figure">${energyText(kwhOf(line))}${all === 0 ? null : `, ${percentText(Math.min(1, kwhOf(line) / all))}`}</span></li>`,
    )}</ul>${more > 0 ? markup`<p class="soft">and ${more} more, in the table.</p>` : null}<details><summary>Figures ${`by ${one.toLowerCase()}`}</summary>${figuresTable(`By ${one.toLowerCase()}, the most energy first`, one, lines)}</details>`;
}

function kwhOf({ figures }: NamedFigures): number {
  return figures.energy_kwh.total;
}
