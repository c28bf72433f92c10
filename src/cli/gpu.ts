import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from 'yargs';
import {
  type GpuReleaseNote,
  formatGpuRelease,
  gpuReleasePaths,
  parseGpuRelease,
} from '../agent/gpu-release';
import { loadConfig } from '../config/config';
import { EitError, isErrno } from '../errors';
import { isMissing } from '../sources/source';
import { readAgentProcess } from './agent-process';
import type { CommandModule, Surroundings } from './command';
import { CONFIG_OPTION } from './given';
import { jsonText } from './plain-text';

const DEFAULT_SECONDS = 300;
const MOST_SECONDS = 86_400;
/** The agent looks at once where it sees changes of files, else at its next tick; and it needs seconds to end what reads. */
const ANSWER_MS = 10_000;

export const options: Readonly<Record<string, Options>> = {
  seconds: {
    type: 'string',
    requiresArg: true,
    describe: `release: for how long; default: ${DEFAULT_SECONDS}`,
  },
  json: { type: 'boolean', describe: 'print JSON' },
  config: CONFIG_OPTION,
};

export const examples: CommandModule['examples'] = [
  ['release', 'closes /dev/nvidia* for five minutes: for a reset, a change of MIG, a new driver'],
  ['release --seconds 30', "in a site's own epilog, before nvidia-smi --gpu-reset"],
  ['take', 'reads them again at once'],
];

export const epilogue =
  'GPUs are let go by themselves while no job with GPUs runs here (gpu.watch: jobs). What a GPU draws while it is let go is missing, ' +
  'unless its counter has gone on when it is read again and the same job still has it. The command comes back when the devices are closed, with exit status 0 also where no ' +
  'agent runs.';

/** `eit gpu release` and `eit gpu take`: tells this host's agent by a file, and waits until it has done it. */
export async function run(
  argv: Readonly<Record<string, unknown>>,
  { env, output }: Surroundings,
): Promise<number> {
  const path = [argv['config']].flat().findLast((value) => typeof value === 'string');
  const { config } = loadConfig({ ...(path === undefined ? {} : { path }), env });
  const { state_dir: stateDir } = config;
  const isRelease = argv['action'] === 'release';
  const nowMs = Date.now();
  const untilMs = isRelease ? Math.ceil(nowMs + seconds(argv['seconds']) * 1000) : null;
  const agent = readAgentProcess(stateDir, nowMs);
  tell(stateDir, untilMs);
  if (!isMissing(agent)) {
    await waitUntilDone(stateDir, untilMs, config.agent.interval_seconds * 1000 + ANSWER_MS);
  }
  const until = untilMs === null ? null : new Date(untilMs).toISOString();
  const text = isRelease
    ? `The GPUs are let go until ${until}.`
    : 'The GPUs are read again while a job with GPUs runs.';
  const noAgent = isMissing(agent) ? ' No agent runs here.' : '';
  await output.write([argv['json'] === true ? jsonText({ released_until: until }) : `${text}${noAgent}\n`]);
  return 0;
}

function seconds(given: unknown): number {
  const text = [given].flat().findLast((value) => typeof value === 'string');
  if (text === undefined) return DEFAULT_SECONDS;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= MOST_SECONDS) return value;
  throw new EitError(
    'EIT_USAGE',
    `--seconds takes a number above 0, up to ${MOST_SECONDS}, not ${JSON.stringify(text)}`,
  );
}

/** Writes or takes away the wish, and wakes the agent by a file in the folder that it watches. */
function tell(stateDir: string, untilMs: number | null): void {
  const { wish } = gpuReleasePaths(stateDir);
  try {
    if (untilMs === null) {
      rmSync(wish, { force: true });
    } else if ((readNote(wish)?.untilMs ?? 0) < untilMs) {
      // Somebody else's that is longer stays.
      const own = `${wish}.${process.pid}`;
      writeFileSync(own, formatGpuRelease({ untilMs, isHeld: false }), { mode: 0o644 });
      renameSync(own, wish);
    }
    const knock = join(stateDir, 'events', '.tmp.gpu-release');
    writeFileSync(knock, '');
    rmSync(knock, { force: true });
  } catch (cause) {
    // Without the agent's folder there is no agent to tell.
    if (isErrno(cause, 'ENOENT')) return;
    throw new EitError(
      'EIT_GPU_RELEASE',
      `the agent cannot be told: ${String(cause)}; run this as root or as the agent's user`,
      {
        cause,
      },
    );
  }
}

/** Until the GPUs are let go for at least as long, or read again. */
async function waitUntilDone(stateDir: string, untilMs: number | null, longestMs: number): Promise<void> {
  const { done } = gpuReleasePaths(stateDir);
  const deadlineMs = Date.now() + longestMs;
  for (;;) {
    const note = readNote(done);
    if (untilMs === null ? note === null : note !== null && note.untilMs >= untilMs) {
      if (note?.isHeld !== true) return;
      throw new EitError(
        'EIT_GPU_RELEASE',
        'a process that reads the GPUs does not end (it may wait in the driver): the devices are still open',
      );
    }
    if (Date.now() > deadlineMs) {
      const waited = `the agent has not answered for ${longestMs / 1000} s`;
      throw new EitError('EIT_GPU_RELEASE', `${waited}; see agent.log in ${stateDir}`);
    }
    await sleep(20);
  }
}

function readNote(path: string): GpuReleaseNote | null {
  try {
    return parseGpuRelease(readFileSync(path, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
