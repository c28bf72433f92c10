import type { EitReport } from '../generated/report';
import { counted, energyText, massText, percentText } from '../report/units';
import type { PageContent } from './content';
import { markup, type Html } from './html';
import type { PageSection } from './page';
import { shareBar } from './share-bar';

/** How much of what was allocated did something, and what went to waste. */
export function efficiencySection({ report }: PageContent): PageSection | null {
  const { total, slurm } = report;
  const figures = [
    {
      name: 'CPUs',
      part: total.slurm?.cpu_efficiency ?? null,
      what: 'of the time of the CPUs allocated, they computed',
    },
    {
      name: 'Memory',
      part: total.slurm?.memory_efficiency ?? null,
      what: 'of the memory asked for was held at most',
    },
    { name: 'GPUs', part: total.gpu_utilization, what: 'of the time of the GPUs allocated, a kernel ran' },
  ].filter(({ part }) => part !== null);
  const waste = wasteLines(report);
  if (figures.length === 0 && waste.length === 0) return null;
  const unknown =
    slurm === undefined
      ? markup`<p class="soft">CPUs and memory are told of after eit sacct-sync.</p>`
      : null;
  return {
    id: 'efficiency',
    title: 'Efficiency and waste',
    body: markup`<div class="columns"><div><h3>Used of what was allocated</h3>${unknown}<ul class="bars">${figures.map(
      ({ name, part }) =>
        markup`<li><span class="label">${name}</span><span class="drawn">${shareBar(part ?? 0)}</span><span class="figure">${percentText(Math.min(1, part ?? 0))}</span></li>`,
    )}</ul><p class="soft">${figures.map(({ name, what }, i) => `${i === 0 ? '' : ' '}${name}: ${what}.`)}</p></div><div><h3>Energy without a result</h3>${
      waste.length === 0 ? markup`<p>Nothing that is known of.</p>` : markup`<ul>${waste}</ul>`
    }</div></div>`,
  };
}

function wasteLines({ total, slurm }: EitReport): Html[] {
  const lines: Html[] = [];
  for (const outcome of ['failed', 'cancelled', 'requeued'] as const) {
    const lost = slurm?.[outcome];
    if (lost === undefined || lost.runs === 0) continue;
    const share = total.energy_kwh.total === 0 ? 0 : Math.min(1, lost.kwh / total.energy_kwh.total);
    lines.push(
      markup`<li><strong>${energyText(lost.kwh)}</strong> (${percentText(share)}), ${massText(lost.co2e_kg)} CO2eq:
        ${counted(lost.runs, 'run')} ${outcome}</li>`,
    );
  }
  if (total.gpu_idle_kwh !== null && total.gpu_idle_kwh > 0)
    lines.push(
      markup`<li><strong>${energyText(total.gpu_idle_kwh)}</strong> before PUE: GPUs that jobs had and on which no
        kernel ran</li>`,
    );
  const memory = total.slurm?.memory_efficiency ?? null;
  if (memory !== null && memory < 1)
    lines.push(
      markup`<li><strong>${percentText(1 - memory)}</strong> of the memory asked for was never used</li>`,
    );
  return lines;
}
