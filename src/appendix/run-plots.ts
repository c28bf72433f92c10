import { bytesText, percentText } from '../report/units';
import { markup } from '../pages/html';
import type { Section } from './frame';
import { linePlot, type LinePlot } from './line-plot';
import type { Curve } from './run-curves';
import type { SiteRun } from './site';

/** All that is told of a run over time. */
export function overTimeSection({ details, gridOf }: SiteRun): Section {
  const { curves } = details;
  const power = curves.power();
  const hosts = details.hardware.size;
  const together =
    new Set(details.wanted.fragments.map(({ node }) => node)).size > 1 ? ', all nodes together' : '';
  const plots: Omit<LinePlot, 'stepMs'>[] = [
    {
      id: 'power',
      title: `Power by ${power.isBySeries ? 'domain' : 'class of domains'}${together}`,
      curves: power.curves,
      text: (value) => `${digits(value)} W`,
    },
    { id: 'cpus', title: `CPUs busy${together}`, curves: curves.cpus(), text: (value) => digits(value) },
    { id: 'memory', title: `Memory held${together}`, curves: curves.memory(), text: bytesText, base: 1024 },
    {
      id: 'gpus',
      title: 'GPUs: part of the time in which a kernel ran',
      curves: curves.gpuUse(),
      text: percentText,
      most: 1,
    },
    {
      id: 'gpu-memory',
      title: `GPU memory in use${together}`,
      curves: curves.gpuMemory(),
      text: bytesText,
      base: 1024,
    },
    {
      id: 'p-states',
      title: 'Performance states of the GPUs: part of the time',
      curves: curves.pStates(),
      text: percentText,
      most: 1,
    },
    {
      id: 'frequency',
      title: `Frequency of the CPUs of its ${hosts > 1 ? 'hosts' : 'host'}`,
      curves: curves.frequency(),
      text: (value) => `${digits(value / 1000)} GHz`,
      fromZero: false,
    },
    {
      id: 'io',
      title: `Block devices${together}`,
      curves: curves.blockIo(),
      text: (value) => `${bytesText(value)}/s`,
      base: 1024,
    },
    {
      id: 'intensity',
      title: 'Carbon intensity of the grid',
      curves: intensity(curves, gridOf),
      text: (value) => `${digits(value)} g/kWh`,
    },
  ];
  const { stepMs } = curves;
  const drawn = plots.filter((plot) => plot.curves.length > 0).map((plot) => linePlot({ ...plot, stepMs }));
  const notes = [
    ...(power.isBySeries
      ? ["Power by domain is the run's share under the policy usage, before PUE."]
      : ['The finer curve of power is not here: its means over the lines of the ledger are shown.']),
    ...(details.lines.hours > 0
      ? [
          'Of some or all of the time the ledger keeps hours: memory, GPUs and block devices are means or the most of an hour.',
        ]
      : []),
    ...(gridOf === null
      ? ['The carbon intensity is taken to be the same all the time: no series is known for it.']
      : []),
  ];
  const begin = new Date(curves.fromMs).toISOString().slice(0, 19).replace('T', ' ');
  return {
    id: 'time',
    title: 'Over time',
    body: markup`<p class="soft">Time since ${begin} UTC. ${notes.join(' ')}</p>${drawn}`,
  };
}

function intensity(
  { fromMs, stepMs, steps }: SiteRun['details']['curves'],
  gridOf: SiteRun['gridOf'],
): Curve[] {
  if (gridOf === null) return [];
  const values = Array.from({ length: steps }, (_, i) =>
    gridOf(fromMs + i * stepMs, fromMs + (i + 1) * stepMs),
  );
  return [{ key: 'intensity', name: 'gCO2eq/kWh', values }];
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
