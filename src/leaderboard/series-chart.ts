import { markup, type Html } from '../pages/html';
import { axisOf, COLOURS, placeOn } from '../science/chart';
import type { EntryRun } from './entry-run';
import { numberText } from './board-words';

const SIZE = { width: 860, height: 260, left: 74, right: 24, top: 30, bottom: 44 };

/** More points of a run are drawn as the mean of neighbours. */
const MOST_POINTS = 400;
/** More runs make a thicket. */
const MOST_RUNS = 20;

/** What runs measured as they went on; null where none has a series. */
export function seriesChart(runs: readonly EntryRun[], title: string): Html | null {
  const series = runs
    .filter(({ metric }) => (metric?.points.length ?? 0) > 1)
    .slice(0, MOST_RUNS)
    .map(({ name, metric }) => ({ name, points: thinned(metric!.points) }));
  if (series.length === 0) return null;
  const xAxis = axisOf(
    series.flatMap(({ points }) => points.map(([step]) => step)),
    { withZero: false },
  );
  const yAxis = axisOf(
    series.flatMap(({ points }) => points.map(([, value]) => value)),
    { withZero: false },
  );
  const [right, bottom] = [SIZE.width - SIZE.right, SIZE.height - SIZE.bottom];
  const x = placeOn(xAxis, SIZE.left, right);
  const y = placeOn(yAxis, bottom, SIZE.top);
  return markup`<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-labelledby="series-t"><title id="series-t">${title} by step, a line a run</title>${yAxis.ticks.map(
    (tick) =>
      markup`<path class="grid" d="M${SIZE.left} ${y(tick)}H${right}"/><text class="axis" x="${SIZE.left - 8}" y="${y(tick) + 4}" text-anchor="end">${numberText(tick)}</text>`,
  )}${xAxis.ticks.map(
    (tick) =>
      markup`<text class="axis" x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${numberText(tick)}</text>`,
  )}<text class="head" x="${SIZE.left}" y="18">${title}</text><text class="head" x="${right}" y="${SIZE.height - 6}" text-anchor="end">step</text>${series.map(
    ({ name, points }, i) =>
      markup`<path fill="none" stroke="${COLOURS[i % (COLOURS.length - 1)]}" stroke-width="1.6" d="${points.map(([step, value], k) => `${k === 0 ? 'M' : 'L'}${x(step)} ${y(value)}`).join('')}"><title>${name}</title></path>`,
  )}</svg>`;
}

/** Steps as they were told, else the place in the series. */
function thinned(
  points: readonly { readonly step: number | null; readonly value: number }[],
): [number, number][] {
  const all = points.map(({ step, value }, i): [number, number] => [step ?? i + 1, value]);
  const size = Math.ceil(all.length / MOST_POINTS);
  if (size === 1) return all;
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => {
    const some = all.slice(i * size, (i + 1) * size);
    const meanAt = (at: 0 | 1): number => some.reduce((total, point) => total + point[at], 0) / some.length;
    return [meanAt(0), meanAt(1)];
  });
}
