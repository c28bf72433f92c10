import { markup, type Html } from '../pages/html';
import { userText } from '../pages/user-text';
import { bytesText, counted, energyText, massText } from '../report/units';
import { sum } from '../science/sample';
import { type Section, tile } from './frame';
import { scatterPlot, type ScatterGroup } from './scatter-plot';
import {
  type AttachedFile,
  FIGURES_FILE,
  runName,
  SCHEMA_FILES,
  type Site,
  type SiteRun,
  type SiteSet,
} from './site';
import type { PlannedPlot } from './spec';
import { qualityText } from './tables';

/** What a set or the whole comes to, at a glance. */
export function totalTiles(runs: readonly SiteRun[], setCount: number): Html {
  const jobs = runs.map(({ job }) => job);
  const [kwh, it, kg] = [
    sum(jobs.map(({ energy_kwh: energy }) => energy.total)),
    sum(jobs.map(({ energy_kwh: energy }) => energy.it)),
    sum(jobs.map(({ co2e_kg: co2e }) => co2e)),
  ];
  const quality = qualityText(jobs);
  return markup`<ul class="tiles">${tile('Runs', jobs.length.toLocaleString('en-GB'), setCount === 0 ? '' : `in ${counted(setCount, 'set')}`)}${tile('Energy, PUE included', energyText(kwh), `${energyText(it)} before PUE`)}${tile(
    'CO2eq',
    massText(kg),
    kwh === 0 ? '' : `${Math.round((kg * 1000) / kwh)} g/kWh in the mean`,
  )}${tile('Observed', quality.value, quality.more)}</ul>`;
}

/** Pictures of runs by two figures, a colour a set. */
export function plotsSection(
  plots: readonly PlannedPlot[],
  groups: readonly { readonly name: string; readonly runs: readonly SiteRun[] }[],
): Section | null {
  if (plots.length === 0) return null;
  return {
    id: 'plots',
    title: 'Pictures',
    body: markup`${plots.map(({ x, y }, i) => {
      const points = groups.map(({ name, runs }): ScatterGroup => ({
        name,
        points: runs.flatMap((run) => {
          const [atX, atY] = [x.valueOf(run.job), y.valueOf(run.job)];
          return atX === null || atY === null ? [] : [{ name: runName(run), x: atX, y: atY }];
        }),
      }));
      return scatterPlot(`plot-${i + 1}`, points, x, y);
    })}`,
  };
}

/** Sets of a picture: those that hold no others. */
export function leavesOf(
  sets: readonly SiteSet[],
): { readonly name: string; readonly runs: readonly SiteRun[] }[] {
  return sets.flatMap((set) =>
    set.sets.length === 0
      ? [{ name: [...set.parents.map(({ name }) => name), set.name].join(' / '), runs: set.runs }]
      : leavesOf(set.sets),
  );
}

export function filesSection(files: readonly AttachedFile[], up: string): Section | null {
  if (files.length === 0) return null;
  return {
    id: 'files',
    title: 'Files',
    body: markup`<ul class="files">${files.map(
      ({ path, name, bytes }) =>
        markup`<li><a href="${up}${hrefOf(path)}" download>${userText(name)}</a> (${bytesText(bytes)})</li>`,
    )}</ul>`,
  };
}

/** A path as a link has it. */
export function hrefOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Where the data of all runs are. */
export function dataSection(up: string): Section {
  return {
    id: 'data',
    title: 'Data',
    body: markup`<ul class="files"><li><a href="${up}${FIGURES_FILE}" download>All runs with their figures</a> (CSV)</li><li><a href="${up}${SCHEMA_FILES.data}" download>What the lines of the raw data mean</a> and <a href="${up}${SCHEMA_FILES.record}" download>those of records</a> (JSON Schema)</li></ul><p class="soft">The raw data of a run are on its page.</p>`,
  };
}

/** What stands below each page. */
export function foot(
  { generatedAt, toolVersion, notes, hidesNames }: Site,
  more: readonly string[] = [],
): Html {
  return markup`<h2>Notes</h2><ul>${[...more, ...notes].map((note) => markup`<li>${userText(note)}</li>`)}${
    hidesNames ? markup`<li>Users, accounts, hosts, clusters, partitions and QOS are numbered.</li>` : null
  }</ul><p>Made by EIT for Slurm ${toolVersion}, ${generatedAt.slice(0, 16).replace('T', ' ')} UTC. ± is the standard error of the mean, s / √n, over runs; with one run there is none.</p>`;
}
