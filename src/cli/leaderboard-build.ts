import { basename, dirname, join, resolve } from 'node:path';
import type { Options } from 'yargs';
import { visible } from '../config/visible';
import { EitError } from '../errors';
import { type Board, makeBoard } from '../leaderboard/board';
import { boardJson } from '../leaderboard/board-json';
import { type BoardView, renderBoard } from '../leaderboard/board-page';
import { rankingText, rankingTitle } from '../leaderboard/board-words';
import { renderEntry } from '../leaderboard/entry-page';
import { localTime } from '../report/local-time';
import { version } from '../version';
import { ledgerEntries, submissionFiles, submittedEntries } from './board-entries';
import { readBoardSpec } from './board-file';
import { BOARD_JSON, entryPage, writeSite } from './board-site';
import { RUN_OPTIONS, siteConfig } from './chosen-runs';
import type { CommandModule, Surroundings } from './command';
import { alignedRows, jsonText } from './plain-text';
import { localTimeZone } from './time-zone';

const { allusers, config } = RUN_OPTIONS;

export const options: Readonly<Record<string, Options>> = {
  output: {
    type: 'string',
    requiresArg: true,
    describe: 'build: the folder of the site; submit: the file, ending in .ndjson.gz',
  },
  ...(allusers === undefined ? {} : { allusers }),
  ...(config === undefined ? {} : { config }),
  json: { type: 'boolean', describe: 'print JSON' },
};

export const examples: CommandModule['examples'] = [
  [
    'board.yaml --output site',
    'the leaderboard of a spec: site/index.html, site/leaderboard.json and a page an entry',
  ],
];

export const epilogue =
  'A spec says task, metric, baseline, groups and where entries are: slurm-examples/leaderboard.yaml. Submissions that are not what they claim are left out, named on the page, and the ' +
  'exit status is 1.';

/** `eit leaderboard build`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { output } = surroundings;
  const specPath = argv['what'];
  if (typeof specPath !== 'string')
    throw new EitError(
      'EIT_USAGE',
      'eit leaderboard build needs a spec: eit leaderboard build board.yaml --output site',
    );
  const dir = argv['output'];
  if (typeof dir !== 'string' || dir === '')
    throw new EitError('EIT_USAGE', 'give --output DIR: the folder of the site');
  const spec = readBoardSpec(specPath);
  const files = [
    ...(spec.submissions === undefined ? [] : submissionFiles(resolve(dirname(specPath), spec.submissions))),
    ...[argv['files']].flat().filter((file) => typeof file === 'string'),
  ];
  const needsSite = spec.entries.length > 0;
  const told = needsSite
    ? await ledgerEntries(
        spec,
        specPath,
        siteConfig(argv, surroundings),
        surroundings,
        argv['allusers'] === true,
      )
    : [];
  const names = told.map(({ name }) => name);
  const { entries: submitted, refused } = await submittedEntries(files, spec, names);
  for (const { file, why } of refused) output.note(`refused: ${visible(file)}: ${why}`);
  const entries = [...told, ...submitted];
  if (entries.length === 0)
    throw new EitError(
      'EIT_LEADERBOARD',
      `${visible(specPath)} has no entry: name submissions: (a folder), entries: (runs of a ledger), or files after it`,
    );
  const board = makeBoard(spec, entries);
  const pages = new Map(
    entries
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((entry, i) => [entry, entryPage(entry.name, i + 1)]),
  );
  const nowMs = Date.now();
  const view: BoardView = {
    made: localTime(new Date(nowMs).toISOString(), localTimeZone()),
    toolVersion: version,
    hrefOf: (entry) => pages.get(entry) ?? '',
    refused: refused.map(({ file, why }) => ({ file: basename(file), why })),
  };
  const json = boardJson(board, view, nowMs);
  const site = new Map<string, string>([['index.html', renderBoard(board, view)]]);
  for (const [entry, page] of pages) site.set(page, renderEntry(entry, board, '../index.html', version));
  site.set(BOARD_JSON, jsonText(json));
  writeSite(dir, site);
  if (argv['json'] === true) await output.write([jsonText(json)]);
  else
    await output.write([
      ...boardLines(board).map((line) => `${line}\n`),
      `${visible(join(dir, 'index.html'))}\n`,
    ]);
  return refused.length > 0 ? 1 : 0;
}

/** The board on a terminal, by the spec's ranking. */
function boardLines({ spec, unit, parts, overall }: Board): string[] {
  const name = spec.rank;
  const columns = [
    { title: 'Rank', align: 'right' },
    { title: 'Entry' },
    { title: 'Runs', align: 'right' },
  ] as const;
  const lines = parts.flatMap(({ name: part, baseline, reference, rows }) => {
    const shape = { hasBaseline: baseline !== null, hasReference: reference !== null };
    const shown = [...new Set([name, 'metric', 'energy'] as const)];
    const titles = shown.map((one) => ({
      title: rankingTitle(spec, unit, one, shape),
      align: 'right' as const,
    }));
    return [
      ...(part === null ? [] : [visible(part)]),
      ...alignedRows(
        [...columns, ...titles, { title: 'Marks' }],
        rows.map((row) => [
          String(row.rankings[name].rank ?? '-'),
          row.entry.name,
          String(row.runs.length),
          ...shown.map((one) => {
            const { estimate } = row.rankings[one];
            return estimate === null ? '-' : rankingText(spec, unit, one, estimate);
          }),
          row.marks.join('; '),
        ]),
      ),
      '',
    ];
  });
  const all =
    overall === null
      ? []
      : [
          'All parts',
          ...alignedRows(
            [columns[0], columns[1], { title: 'Score', align: 'right' }],
            overall.map(({ entry, rankings }) => [
              String(rankings[name].rank),
              entry.name,
              rankings[name].score.toFixed(3),
            ]),
          ),
          '',
        ];
  return [...all, ...lines];
}
