import { XMLParser } from 'fast-xml-parser';
import type { EitReport, ReportGroup } from '../../../src/generated/report';
import { EitError } from '../../../src/errors';
import { HENDERSON, RICKE } from '../../../src/science/citations';
import { escapeLatex } from '../../../src/science/document-table';
import { NO_FACTS } from '../../../src/science/own-facts';
import type { RunSet } from '../../../src/science/run-set';
import { parseAddition, parseAppendixUrl, statementOf } from '../../../src/science/statement';
import {
  plainPiece,
  statementHtml,
  statementLatex,
  statementMarkdown,
} from '../../../src/science/statement-text';
import { type Block, citedIn, statedAmount, statementBlocks } from '../../../src/science/statement-words';

// A tonne of CO2 costs so much in the USA and in the world (Ricke et al. 2018).
const USA = { low: 0.56, median: 47.82, high: 118.3 };
const WORLD = { low: 176.91, median: 417.51, high: 805.54 };

function times(kg: number, { low, median, high }: typeof USA): typeof USA {
  return { low: (kg * low) / 1000, median: (kg * median) / 1000, high: (kg * high) / 1000 };
}

interface Job {
  readonly id: number;
  readonly kwh: number;
  readonly kg: number;
  readonly state?: string;
  readonly coverage?: number;
}

function groupOf({ id, kwh, kg, state, coverage = 1 }: Job): ReportGroup {
  return {
    ...{ job_id: id, cluster: 'alpha', user: 'alice', jobs: 1, runs: 1 },
    ...{
      energy_kwh: { total: kwh },
      co2e_kg: kg,
      elapsed_seconds: 3600,
      cpu_seconds: 7200,
      gpu_seconds: 1800,
    },
    ...{ coverage, nodes_expected: 1, nodes_reported: 1, measured_fraction: 1 },
    ...{ cpu_models: ['AMD EPYC 7763'], gpu_models: ['NVIDIA A100-SXM4-80GB'] },
    social_cost_usd: { country: times(kg, USA), world: times(kg, WORLD) },
    ...(state === undefined ? {} : { slurm_job: { state, start: '2026-03-02T10:00:00Z' } }),
  } as unknown as ReportGroup;
}

/** A report by job, as far as a statement reads it. */
function setOf(
  name: string,
  jobs: readonly Job[],
  window: [string, string] = ['2015-01-01', '2026-06-01'],
): RunSet {
  const groups = jobs.map(groupOf);
  const add = (of: (job: ReportGroup) => number): number => groups.reduce((sum, job) => sum + of(job), 0);
  const cluster = {
    ...{ cluster: 'alpha', pue: 1.58, zone: 'US-CAL-CISO', intensity_g_per_kwh: 329.486 },
    ...{ intensity_source: 'a test', intensity_basis: 'average-lifecycle', intensity_year: 2024 },
    social_cost: { country: 'USA', usd_per_tonne: USA, world_usd_per_tonne: WORLD },
  };
  const report = {
    ...{
      tool_version: '1.2.3',
      policy: 'usage',
      since: `${window[0]}T00:00:00Z`,
      until: `${window[1]}T00:00:00Z`,
    },
    factors: { by_cluster: [cluster], defaults_used: [] },
    groups,
    total: {
      energy_kwh: { total: add((job) => job.energy_kwh.total) },
      co2e_kg: add((job) => job.co2e_kg),
      elapsed_seconds: add((job) => job.elapsed_seconds),
      cpu_seconds: add((job) => job.cpu_seconds),
      gpu_seconds: add((job) => job.gpu_seconds),
      ...{ coverage: 1, measured_fraction: 1 },
    },
  } as unknown as EitReport;
  return { filter: { name, text: '', asked: {} }, report, own: NO_FACTS };
}

const PAPER = setOf('runs', [{ id: 1, kwh: 24.344, kg: 8.021, state: 'COMPLETED' }]);
const NOTHING = { additions: [], appendixUrl: null };

function blocksOf(sets: readonly RunSet[], more: Parameters<typeof statementOf>[1] = NOTHING): Block[] {
  return statementBlocks(statementOf(sets, more), (zone) => (zone === 'US-CAL-CISO' ? 'CAISO' : ''));
}

function textOf(blocks: readonly Block[]): string {
  return blocks
    .map((block) => (block.kind === 'paragraph' ? block.pieces.map(plainPiece).join('') : ''))
    .join('\n');
}

test("the paper's own statement: 8.021 kg, 24.344 kWh, $0.38 ($0.00, $0.95)", () => {
  const text = textOf(blocksOf([PAPER]));
  expect(text).toContain('used 24.344 kWh of electricity');
  expect(text).toContain('8.021 kg of CO2eq');
  expect(text).toContain('$0.38 ($0.00, $0.95) for USA, and $3.35 ($1.42, $6.46) for the world');
  expect(text).toContain('USD of 2010');
  expect(text).toContain('a PUE of 1.58 on the grid US-CAL-CISO (CAISO) with 329.5 g of CO2eq per kWh');
  expect(text).toContain('None of them failed or was cancelled.');
  expect(text).toContain('CPUs: AMD EPYC 7763; GPUs: NVIDIA A100-SXM4-80GB');
  expect(text).toContain('EIT for Slurm 1.2.3');
});

test.each<[number, string]>([
  [8.021, '8.021'],
  [24.344, '24.344'],
  [24.3444, '24.344'],
  [1, '1.000'],
  [0.9996, '1.000'],
  [0.37871, '0.379'],
  [0.0000123456, '0.0000123'],
  [801, '801.00'],
  [12345.678, '12346'],
  [1234567.8, '1234568'],
  [0, '0'],
])('%d is stated as %s', (value, text) => {
  expect(statedAmount(value)).toBe(text);
});

test('the sum of projects counts no job twice, and says which was in both', () => {
  const [a, b] = [
    setOf('A', [
      { id: 1, kwh: 1, kg: 0.5 },
      { id: 2, kwh: 2, kg: 1 },
    ]),
    setOf('B', [
      { id: 2, kwh: 2, kg: 1 },
      { id: 3, kwh: 4, kg: 2 },
    ]),
  ];
  const statement = statementOf([a, b], NOTHING);
  expect(statement.together).toMatchObject({ jobs: 3, energyKwh: 7, co2eKg: 3.5 });
  expect(statement.together?.socialCost?.countryUsd?.median).toBeCloseTo(0.0035 * 47.82, 12);
  expect(statement.overlaps).toEqual(['job 2 in both A and B: counted once in the sum']);
  expect(statementOf([a], NOTHING).together).toBeNull();
});

test('parts of one job in two times that do not meet are two parts', () => {
  const first = setOf('Q1', [{ id: 1, kwh: 1, kg: 0.5 }], ['2026-01-01', '2026-04-01']);
  const second = setOf('Q2', [{ id: 1, kwh: 3, kg: 1.5 }], ['2026-04-01', '2026-07-01']);
  expect(statementOf([first, second], NOTHING).together).toMatchObject({ energyKwh: 4, co2eKg: 2 });
  const meeting = setOf('Q2', [{ id: 1, kwh: 3, kg: 1.5 }], ['2026-03-01', '2026-07-01']);
  expect(() => statementOf([first, meeting], NOTHING)).toThrow(/job 1 is in both Q1 and Q2.*parts overlap/);
});

test('a job in two parts is one job, that ended once', () => {
  const quarter = (name: string, kwh: number, window: [string, string], coverage: number) =>
    setOf(
      name,
      [
        { id: 1, kwh, kg: 0.5, state: 'FAILED', coverage },
        { id: 2, kwh, kg: 0.5, state: 'RUNNING' },
        { id: 3, kwh, kg: 0.5 },
      ],
      window,
    );
  const sets = [
    quarter('Q1', 1, ['2026-01-01', '2026-04-01'], 1),
    quarter('Q2', 3, ['2026-04-01', '2026-07-01'], 0.5),
  ];
  const { together } = statementOf(sets, NOTHING);
  expect(together).toMatchObject({ jobs: 3, energyKwh: 12, partial: 1, going: 1, untold: 1 });
  expect([...together!.unfinished]).toEqual([['FAILED', 1]]);
  expect(together?.elapsedSeconds).toBe(6 * 3600);
});

test('two lines of one job in a set, of two partitions, are one job', () => {
  const lines = [
    { id: 1, kwh: 1, kg: 0.5, state: 'TIMEOUT' },
    { id: 1, kwh: 2, kg: 1, state: 'TIMEOUT' },
  ];
  const [a, b] = [setOf('A', lines), setOf('B', lines)];
  const statement = statementOf([a, b], NOTHING);
  expect(statement.projects[0]).toMatchObject({ jobs: 1, energyKwh: 3 });
  expect(statement.together).toMatchObject({ jobs: 1, energyKwh: 3 });
  expect([...statement.together!.unfinished]).toEqual([['TIMEOUT', 1]]);
  expect(statement.overlaps).toEqual(['job 1 in both A and B: counted once in the sum']);
});

test.each<[number, string]>([
  [1, 'all of the energy read from counters'],
  [0.9997, '99.9 % of the energy read from counters and the rest modelled'],
  [0.0004, 'less than 0.1 % of the energy read from counters and the rest modelled'],
  [0, 'all of the energy modelled'],
])('with %d of the energy measured it says: %s', (part, words) => {
  const { report, ...set } = PAPER;
  const total = { ...report.total, measured_fraction: part };
  expect(textOf(blocksOf([{ ...set, report: { ...report, total } }]))).toContain(words);
});

test('what was observed in part is "at least"; what failed is counted and said', () => {
  const text = textOf(
    blocksOf([
      setOf('A', [
        { id: 1, kwh: 1, kg: 0.5, coverage: 0.5, state: 'COMPLETED' },
        { id: 2, kwh: 2, kg: 1, state: 'OUT_OF_MEMORY' },
        { id: 3, kwh: 2, kg: 1, state: 'CANCELLED' },
        { id: 4, kwh: 2, kg: 1, state: 'RUNNING' },
        { id: 5, kwh: 2, kg: 1 },
      ]),
    ]),
  );
  expect(text).toContain('used at least 9.000 kWh');
  expect(text).toContain('at least 4.500 kg');
  expect(text).toContain('1 job of 5 was observed for less than 95 %');
  expect(text).toContain(
    'Jobs that came to no good end are counted too: 1 out of memory, 1 cancelled; 1 job had not ended, and will have used more; of 1 it is not told how they ended.',
  );
});

test('what was added is a line of its own and in no figure', () => {
  const additions = [parseAddition('travel=801 kg'), parseAddition('a laptop = 0.3 t CO2eq')];
  const statement = statementOf([PAPER], { additions, appendixUrl: null });
  expect(statement.projects[0]).toMatchObject({ co2eKg: 8.021, energyKwh: 24.344 });
  expect(textOf(blocksOf([PAPER], { additions, appendixUrl: null }))).toContain(
    'not measured and not in any figure above: travel, 801 kg of CO2eq; a laptop, 300 kg of CO2eq.',
  );
});

test.each(['travel', '=5 kg', 'travel=5', 'travel=-5 kg', 'travel=5 kWh', 'travel=1e400 kg', 'travel=kg'])(
  '--add %s is refused',
  (text) => {
    expect(() => parseAddition(text)).toThrow(EitError);
  },
);

test.each(['javascript:alert(1)', 'file:///etc/passwd', 'example.org', 'https://a:b@example.org/', ''])(
  '--appendix-url %s is refused',
  (text) => {
    expect(() => parseAppendixUrl(text)).toThrow(EitError);
  },
);

const HOSTILE =
  '</title><script>x</script> \\input{/etc/passwd} $a$ #1 ~^ `b` [c](javascript:d) {\\end{document}} "q" \u001b[31m <img>';

describe('names that want to be more than text', () => {
  const sets = [setOf(HOSTILE, [{ id: 1, kwh: 1, kg: 1 }]), setOf('B', [{ id: 2, kwh: 1, kg: 1 }])];
  const more = {
    additions: [{ name: HOSTILE, co2eKg: 1 }],
    appendixUrl: parseAppendixUrl('https://example.org/a"><script>%20_#$&{}\\'),
  };
  const blocks = blocksOf(sets, more);
  const cited = citedIn(statementOf(sets, more));

  test('are text in HTML', () => {
    const html = statementHtml(blocks, cited);
    expect(html).not.toMatch(/<script|<img/);
    expect(html).not.toContain('\u001b');
    const body = html.replace(/^<!doctype html>\n/, '').replace('<meta charset="utf-8">', '');
    expect(new XMLParser().parse(body, true)).toHaveProperty('html.body');
    expect(html.match(/href="[^"]*"/g)?.every((href) => href.startsWith('href="https://'))).toBe(true);
  });

  test('are text in Markdown', () => {
    const markdown = statementMarkdown(blocks, cited);
    expect(markdown).not.toMatch(/<script|<img/);
    expect(markdown).not.toContain('\u001b');
    expect(markdown).not.toMatch(/(^|[^\\])\[c/);
  });

  test('are text in LaTeX: no command but ours', () => {
    const latex = statementLatex(blocks);
    const commands = new Set(latex.match(/\\[a-zA-Z]+/g));
    expect([...commands].sort()).toEqual(
      [
        ...[
          '\\allowbreak',
          '\\begin',
          '\\char',
          '\\cite',
          '\\end',
          '\\hline',
          '\\noindent',
          '\\par',
          '\\paragraph',
        ],
        ...['\\textasciicircum', '\\textasciitilde', '\\textbackslash', '\\textgreater', '\\textless'],
        ...['\\textsubscript', '\\texttt'],
      ].sort(),
    );
    expect(latex.match(/\\(begin|end)\{[^}]*\}/g)).toEqual(['\\begin{tabular}', '\\end{tabular}']);
  });
});

test('a letter that pdfTeX does not know does not stop it', () => {
  expect(escapeLatex('ą é 漢 ≥ "')).toBe(
    '{\\ifdefined\\Uchar ą\\else a\\fi} é {\\ifdefined\\Uchar 漢\\else ?\\fi} \\ensuremath{\\geq} \\char34{}',
  );
});

test('the entries of BibTeX have what the journals say', () => {
  const fields = (bibtex: string): Record<string, string> =>
    Object.fromEntries(
      [...bibtex.matchAll(/^ {2}(\w+) *= \{(.*)\},?$/gm)].map(([, key, value]) => [key, value]),
    );
  expect(HENDERSON.bibtex).toMatch(/^@article\{henderson2020systematic,\n[^]*\n\}\n$/);
  expect(fields(HENDERSON.bibtex)).toMatchObject({
    journal: 'Journal of Machine Learning Research',
    ...{ volume: '21', number: '248', pages: '1--43', year: '2020' },
  });
  expect(fields(HENDERSON.bibtex)['author']?.split(' and ')).toHaveLength(6);
  expect(fields(RICKE.bibtex)).toMatchObject({
    ...{ journal: 'Nature Climate Change', volume: '8', number: '10', pages: '895--900', year: '2018' },
    doi: '10.1038/s41558-018-0282-y',
  });
});
