import { setTimeout as sleep } from 'node:timers/promises';
import { DateTime } from 'luxon';
import type { Options } from 'yargs';
import { loadConfig } from '../config/config';
import { EitError } from '../errors';
import type { NowSnapshot } from '../generated/now';
import { SORTS, type Sort, hostPower, jobRow } from '../live/host-now';
import { type Line, plainText } from '../live/screen-line';
import { History } from '../live/sparkline';
import { type TopState, pressKey } from '../live/top-state';
import { HOST_KEY, type TopModel, headLines, listLines, rowsOf, topScreen } from '../live/top-view';
import type { CommandModule, Surroundings } from './command';
import { FullScreen } from './full-screen';
import { CONFIG_OPTION, lastGiven } from './given';
import { liveFactor } from './live-factor';
import { NowReader } from './now-reader';
import { jsonText } from './plain-text';

const DEFAULT_SECONDS = 2;
const SHORTEST_SECONDS = 0.5;
const LONGEST_SECONDS = 3600;
/** Where the output is no terminal. */
const WIDE = 200;
/** So many readings a sparkline can go back. */
const HISTORY = 300;
/** A factor that was looked up so long ago is looked up anew. */
const FACTOR_MS = 600_000;

export const options: Readonly<Record<string, Options>> = {
  interval: {
    alias: 'd',
    type: 'string',
    requiresArg: true,
    describe: `seconds between two looks; default: ${DEFAULT_SECONDS}`,
  },
  once: { type: 'boolean', describe: 'print what is now and end' },
  stream: { type: 'boolean', describe: 'with --json: a line at each look, without end' },
  json: { type: 'boolean', describe: 'print JSON: NowSnapshot of schemas/now.schema.json' },
  sort: { choices: SORTS, describe: 'which job comes first; default: watts' },
  user: { alias: 'u', type: 'string', requiresArg: true, describe: 'jobs of this user alone' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['', 'the jobs on this host, live; h helps, q quits'],
  ['--once --sort energy', 'one look, as a table'],
  ['--json --stream --interval 5', 'for a program: a line each five seconds'],
];

export const epilogue =
  'The agent reads more often (agent.live_seconds) and tells what it reads while somebody looks. Watts are means between two readings, energy is since ' +
  'the job began. Root and admins see all jobs, users the totals and their own. Where the output is no terminal it is one look. docs/live.md';

/** `eit top`. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<number> {
  const { env, output, uid } = surroundings;
  const path = lastGiven(argv['config']);
  const loaded = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const { config } = loaded;
  const intervalMs = interval(lastGiven(argv['interval'])) * 1000;
  const reader = new NowReader(config.state_dir, uid);
  const user = lastGiven(argv['user']) ?? null;
  if (argv['stream'] === true) {
    if (argv['json'] !== true) throw new EitError('EIT_USAGE', '--stream goes with --json');
    return await stream(reader, intervalMs, user, surroundings);
  }
  const isDumb = env['TERM'] === 'dumb' || env['TERM'] === undefined;
  const isLive = output.stdout.isTTY && argv['once'] !== true && argv['json'] !== true;
  const first = isLive ? reader.read() : await reader.settled(config.agent.live_seconds * 1000);
  if (argv['json'] === true) {
    if (first !== null) await output.write([jsonText(ofUser(first, user))]);
    return 0;
  }

  const history = new History(HISTORY);
  let factor = { value: liveFactor(loaded, first?.cluster ?? '', Date.now()), atMs: Date.now() };
  const modelOf = (snapshot: NowSnapshot | null, notice: string): TopModel => {
    const nowMs = Date.now();
    if (nowMs - factor.atMs > FACTOR_MS)
      factor = { value: liveFactor(loaded, snapshot?.cluster ?? '', nowMs), atMs: nowMs };
    return {
      snapshot,
      factor: factor.value,
      nowMs,
      clock: DateTime.fromMillis(nowMs).toFormat('HH:mm:ss'),
      notice,
      history: (key) => history.of(key),
      isUnicode: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
      user,
    };
  };
  const state: TopState = { view: 'list', sort: sortOf(argv), filter: '', selected: null };
  const note = (snapshot: NowSnapshot): void => history.add(powers(snapshot));

  if (!isLive || isDumb) {
    for (;;) {
      const snapshot = isLive ? await reader.settled(config.agent.live_seconds * 1000) : first;
      if (snapshot === null) return 0;
      note(snapshot);
      const width = output.stdout.isTTY ? output.stdout.columns || 80 : WIDE;
      const isOpen = await output.write(listing(modelOf(snapshot, ''), state, width));
      if (!isLive || !isOpen) return 0;
      await sleep(intervalMs);
    }
  }
  return await show({ reader, intervalMs, modelOf, note, state, stdout: output.stdout, env });
}

interface Shown {
  readonly reader: NowReader;
  readonly intervalMs: number;
  readonly modelOf: (snapshot: NowSnapshot | null, notice: string) => TopModel;
  readonly note: (snapshot: NowSnapshot) => void;
  readonly state: TopState;
  readonly stdout: Surroundings['output']['stdout'];
  readonly env: NodeJS.ProcessEnv;
}

/** The full screen, until a key or a signal ends it. */
async function show({ reader, intervalMs, modelOf, note, stdout, env, ...begin }: Shown): Promise<number> {
  let state = begin.state;
  let snapshot: NowSnapshot | null = null;
  let notice = '';
  const ending = new AbortController();
  const draw = (): void => screen.draw(topScreen(modelOf(snapshot, notice), state, screen.size));
  const look = (): void => {
    try {
      const found = reader.read();
      if (found !== null && found.at !== snapshot?.at) note(found);
      snapshot = found;
      const ageS = found === null ? 0 : (Date.now() - Date.parse(found.at)) / 1000;
      notice =
        found === null
          ? 'Waiting for the agent ...'
          : ageS > 15 + intervalMs / 1000
            ? `The last reading is ${Math.round(ageS)} s old.`
            : '';
    } catch (error) {
      if (!(error instanceof EitError)) throw error;
      // It may come back: an agent that is started anew takes a second.
      notice = error.message;
    }
  };
  const screen = new FullScreen({
    stdin: process.stdin,
    stdout,
    hasColours: !env['NO_COLOR'],
    onKey: (key) => {
      const keys = rowsOf(modelOf(snapshot, notice), state).map((row) => row.key);
      const outcome = pressKey(state, key, keys);
      state = outcome.state;
      if (outcome.next === 'quit') ending.abort();
      if (outcome.next === 'read') look();
      draw();
    },
    onChange: draw,
    onEnd: () => ending.abort(),
  });
  screen.open();
  try {
    while (!ending.signal.aborted) {
      look();
      draw();
      // Until there is something to show, powers too, it is looked for more often.
      const isComplete = snapshot !== null && isSettled(snapshot);
      await sleep(isComplete ? intervalMs : Math.min(intervalMs, 200), undefined, {
        signal: ending.signal,
      }).catch(() => undefined);
    }
  } finally {
    screen.close();
  }
  return 0;
}

function isSettled({ totals }: NowSnapshot): boolean {
  return totals.cpus_busy !== null;
}

async function stream(
  reader: NowReader,
  intervalMs: number,
  user: string | null,
  { output }: Surroundings,
): Promise<number> {
  let lastAt = '';
  for (;;) {
    const snapshot = lastAt === '' ? await reader.settled(intervalMs) : reader.read();
    if (snapshot !== null && snapshot.at !== lastAt) {
      lastAt = snapshot.at;
      if (!(await output.write([`${JSON.stringify(ofUser(snapshot, user))}\n`]))) return 0;
    }
    await sleep(intervalMs);
  }
}

/** The screen's text as lines, with all jobs. */
function listing(model: TopModel, state: TopState, width: number): string[] {
  const rows = rowsOf(model, state);
  const lines: Line[] = [
    ...headLines(model, width),
    [],
    ...listLines(model, state, rows, { columns: width, rows: rows.length + 1 }),
  ];
  return lines.map((line) => `${plainText(line)}\n`);
}

function ofUser(snapshot: NowSnapshot, user: string | null): NowSnapshot {
  if (user === null) return snapshot;
  return { ...snapshot, runs: snapshot.runs.filter((one) => jobRow(one).user === user) };
}

function powers(snapshot: NowSnapshot): ReadonlyMap<string, number | null> {
  const rows = snapshot.runs.map(jobRow);
  return new Map([
    [HOST_KEY, hostPower(snapshot).totalW],
    ...rows.map(({ key, totalW }): [string, number | null] => [key, totalW]),
  ]);
}

function interval(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SECONDS;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= SHORTEST_SECONDS && value <= LONGEST_SECONDS) return value;
  throw new EitError(
    'EIT_USAGE',
    `--interval takes seconds from ${SHORTEST_SECONDS} to ${LONGEST_SECONDS}, not ${JSON.stringify(text)}`,
  );
}

function sortOf(argv: Readonly<Record<string, unknown>>): Sort {
  const given = lastGiven(argv['sort']);
  return SORTS.find((sort) => sort === given) ?? 'watts';
}
