import { markup, type Html } from '../pages/html';
import { visible } from '../report/printable';
import { energyText } from '../report/units';
import { axisOf, placeOn } from '../science/chart';
import type { BoardPart, BoardRow } from './board';
import { numberText, rankingText } from './board-words';
import type { BoardSpec } from './board-spec';

const SIZE = { width: 860, height: 400, left: 74, right: 24, top: 34, bottom: 52 };

/** More names than these are on the front alone; all are in the table. */
const MOST_NAMED = 14;
const NAME_LENGTH = 24;

/**
 * Entries as points, energy against metric, with the front of those that nothing beats. Colours are the style sheet's; shapes tell the same.
 * @param id tells it from other charts of the page
 */
export function paretoChart(
  id: string,
  part: BoardPart,
  spec: BoardSpec,
  labels: readonly [string, string],
): Html {
  const rows = part.rows.filter(({ energyKwh }) => energyKwh.value > 0);
  const xs = rows.flatMap(({ energyKwh: { value, standardError } }) => [value, value + (standardError ?? 0)]);
  const ys = rows.flatMap(({ metric: { value, standardError } }) => [
    value - (standardError ?? 0),
    value + (standardError ?? 0),
  ]);
  const [xAxis, yAxis] = [axisOf(xs, { withZero: true }), axisOf(ys, { withZero: false })];
  const [right, bottom] = [SIZE.width - SIZE.right, SIZE.height - SIZE.bottom];
  const x = placeOn(xAxis, SIZE.left, right);
  const y = placeOn(yAxis, bottom, SIZE.top);
  const front = rows
    .filter(({ isOnFront }) => isOnFront)
    .toSorted((a, b) => a.energyKwh.value - b.energyKwh.value);
  // What takes more energy and comes no further is below the steps.
  const steps = front
    .map(({ energyKwh, metric }, i) =>
      i === 0 ? `M${x(energyKwh.value)} ${y(metric.value)}` : `H${x(energyKwh.value)}V${y(metric.value)}`,
    )
    .join('');
  const description = `${labels[1]} against ${labels[0]} of ${rows.length} entries. On the front: ${front.map(({ entry }) => visible(entry.name, 80)).join(', ') || 'none'}.`;
  return markup`<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">Energy against ${labels[1]}</title><desc id="${id}-d">${description}</desc>${yAxis.ticks.map(
    (tick) =>
      markup`<path class="grid" d="M${SIZE.left} ${y(tick)}H${right}"/><text class="axis" x="${SIZE.left - 8}" y="${y(tick) + 4}" text-anchor="end">${numberText(tick)}</text>`,
  )}${xAxis.ticks.map(
    (tick) =>
      markup`<path class="grid" d="M${x(tick)} ${SIZE.top}V${bottom}"/><text class="axis" x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick === 0 ? '0' : energyText(tick)}</text>`,
  )}<text class="head" x="${SIZE.left}" y="18">${labels[1]}</text><text class="head" x="${right}" y="${SIZE.height - 8}" text-anchor="end">${labels[0]}</text>${
    steps === '' ? null : markup`<path class="front" d="${steps}H${right}"/>`
  }${rows.map((row) => point(row, { x, y, spec, isNamed: row.isOnFront || rows.length <= MOST_NAMED }))}</svg>`;
}

interface Drawing {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly spec: BoardSpec;
  readonly isNamed: boolean;
}

function point(row: BoardRow, { x, y, spec, isNamed }: Drawing): Html {
  const { entry, energyKwh, metric, marks, isOnFront } = row;
  const [px, py] = [x(energyKwh.value), y(metric.value)];
  const name = visible(entry.name, 80);
  const told = [
    `${name}: ${rankingText(spec, '', 'metric', metric)}, ${rankingText(spec, '', 'energy', energyKwh)}`,
    ...(isOnFront ? ['on the front'] : []),
    ...marks,
  ].join('; ');
  const bars = [
    energyKwh.standardError === null
      ? ''
      : `M${x(Math.max(0, energyKwh.value - energyKwh.standardError))} ${py}H${x(energyKwh.value + energyKwh.standardError)}`,
    metric.standardError === null
      ? ''
      : `M${px} ${y(metric.value - metric.standardError)}V${y(metric.value + metric.standardError)}`,
  ].join('');
  const isModelled = row.measuredFraction !== null && row.measuredFraction < 0.9995;
  const shape = !row.isCovered
    ? markup`<path class="cross" d="M${px - 5} ${py - 5}l10 10m0 -10l-10 10"/>`
    : markup`<circle class="${isModelled ? 'dot modelled' : 'dot'}" cx="${px}" cy="${py}" r="${isOnFront ? 6 : 4.5}"/>`;
  const isRight = px > SIZE.width * 0.75;
  return markup`<g>${bars === '' ? null : markup`<path class="error" d="${bars}"/>`}${shape}<title>${told}</title>${
    isNamed
      ? markup`<text class="label" x="${px + (isRight ? -9 : 9)}" y="${py - 7}" text-anchor="${isRight ? 'end' : 'start'}">${shortened(name)}</text>`
      : null
  }</g>`;
}

function shortened(name: string): string {
  const characters = [...name];
  return characters.length > NAME_LENGTH ? `${characters.slice(0, NAME_LENGTH - 1).join('')}…` : name;
}
