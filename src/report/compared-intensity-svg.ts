import type { ComparedIntensity } from './compared-intensity';

const ROW = 16;
const BAR = 11;
const LABELS = 300;
const PLOT = 520;
const MARGIN = 24;
const HEAD = 64;
const FOOT = 56;
const SOURCE_LINE = 14;

/** Okabe and Ito's colours, which differ for the colour-blind too; a way to make electricity is grey. */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442', '#000000'];
const METHOD_COLOUR = '#9a9a9a';

/**
 * A comparison of carbon intensities as an SVG picture: a bar a line, in the order given, on one axis.
 * @param sources what to say below: whose figures these are
 */
export function comparedIntensitySvg(
  lines: readonly ComparedIntensity[],
  { title, sources }: { readonly title: string; readonly sources: readonly string[] },
): string {
  const step = tickStep(Math.max(1, ...lines.map(({ gPerKwh }) => gPerKwh)));
  const most = step * Math.max(1, Math.ceil(Math.max(1, ...lines.map(({ gPerKwh }) => gPerKwh)) / step));
  const providers = [...new Set(lines.map(({ provider }) => provider))].filter((name) => name !== '').sort();
  const colourOf = (provider: string): string =>
    provider === ''
      ? METHOD_COLOUR
      : (COLOURS[providers.indexOf(provider) % COLOURS.length] ?? METHOD_COLOUR);
  const x = (grams: number): number => MARGIN + LABELS + (grams / most) * PLOT;
  const bottom = HEAD + lines.length * ROW;
  const width = MARGIN + LABELS + PLOT + 3 * MARGIN;
  const height = bottom + FOOT + sources.length * SOURCE_LINE;

  const ticks = Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step);
  const grid = ticks.map(
    (grams) =>
      `<line x1="${round(x(grams))}" y1="${HEAD}" x2="${round(x(grams))}" y2="${bottom}" stroke="#ddd"/>` +
      `<text x="${round(x(grams))}" y="${bottom + 16}" text-anchor="middle">${grams}</text>`,
  );
  const bars = lines.map((line, i) => {
    const y = HEAD + i * ROW;
    const middle = y + ROW / 2 + 4;
    const label = line.provider === '' ? line.name : `${line.place} (${line.name})`;
    return (
      `<text x="${MARGIN + LABELS - 6}" y="${middle}" text-anchor="end"${line.provider === '' ? ' font-style="italic"' : ''}>${escaped(label)}</text>` +
      `<rect x="${MARGIN + LABELS}" y="${y + (ROW - BAR) / 2}" width="${round(x(line.gPerKwh) - MARGIN - LABELS)}" height="${BAR}" fill="${colourOf(line.provider)}"/>` +
      `<text x="${round(x(line.gPerKwh) + 4)}" y="${middle}" fill="#444">${line.gPerKwh.toFixed(0)}</text>`
    );
  });
  const names = [...providers, ...(lines.some(({ provider }) => provider === '') ? [''] : [])];
  const legend = names.map((name, i) => {
    const at = MARGIN + i * 86;
    return (
      `<rect x="${at}" y="40" width="10" height="10" fill="${colourOf(name)}"/>` +
      `<text x="${at + 14}" y="49">${escaped(name === '' ? 'fuel or plant' : name)}</text>`
    );
  });
  const foot = sources.map(
    (source, i) =>
      `<text x="${MARGIN}" y="${bottom + FOOT + i * SOURCE_LINE}" fill="#666">${escaped(source)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="26" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...legend,
    ...grid,
    ...bars,
    `<text x="${round(x(most / 2))}" y="${bottom + 34}" text-anchor="middle">gCO2eq/kWh</text>`,
    ...foot,
    '</svg>',
    '',
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten, so that there are some five to ten ticks. */
function tickStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 10) ?? 10 * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}
