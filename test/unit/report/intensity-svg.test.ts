import { XMLParser } from 'fast-xml-parser';
import type { CurvePiece } from '../../../src/carbon/curve';
import { intensitySvg } from '../../../src/report/intensity-svg';

const piece = (
  fromMs: number,
  toMs: number,
  gPerKwh: number,
  changes: Partial<CurvePiece> = {},
): CurvePiece => ({
  fromMs,
  toMs,
  gPerKwh,
  origin: 'series',
  isEstimate: false,
  source: 's',
  basis: 'average-lifecycle',
  ...changes,
});
const parsed = (svg: string) =>
  new XMLParser({ ignoreAttributes: false, isArray: (name) => ['path', 'text'].includes(name) }).parse(
    svg,
    true,
  ) as {
    svg: {
      title: string;
      path: { '@_d': string; '@_stroke': string; '@_stroke-width'?: string }[];
      text: { '#text': string | number }[];
    };
  };

test('each origin has a line of its own, as steps at their height', () => {
  const pieces = [
    piece(0, 40, 100),
    piece(40, 60, 200),
    piece(60, 80, 300, { isEstimate: true }),
    piece(80, 100, 400, { origin: 'yearly' }),
  ];
  const { svg } = parsed(intensitySvg(pieces, 'Germany', String));
  // The rest is the grid and the legend.
  const curves = svg.path.filter((path) => path['@_stroke-width'] === '1.5');
  // From x 64 to 944, from y 296 (0 g/kWh) up to 40 (400 g/kWh).
  expect(curves.map((path) => path['@_d'])).toEqual(['M64 232H416V168H592', 'M592 104H768', 'M768 40H944']);
  expect(new Set(curves.map((path) => path['@_stroke'])).size).toBe(3);
  const texts = svg.text.map((text) => String(typeof text === 'object' ? text['#text'] : text));
  expect(texts).toEqual(
    expect.arrayContaining(['0', '100', '400', 'series', 'estimate', 'gap: yearly average']),
  );
  expect(texts).not.toContain('gap: neighbour');
});

test('what stands in it is no markup', () => {
  const { svg } = parsed(intensitySvg([piece(0, 1, 0)], '<script>"&', () => '<b>'));
  expect(svg.title).toBe('<script>"&');
});
