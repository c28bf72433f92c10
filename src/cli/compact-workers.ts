import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Workers } from '../archive/compact';
import { EitError } from '../errors';
import type { Output } from './output';

/** They take a second to start. */
const WORTH_WORKERS_BYTES = 64e6;

/** In dist/ this file is part of it. */
const PROGRAM = join(__dirname, 'eit.js');

/**
 * This program's path, for those who start it again.
 * @throws EitError EIT_USAGE where it was not built
 */
export function ownProgram(): string {
  if (existsSync(PROGRAM)) return PROGRAM;
  throw new EitError('EIT_USAGE', `--slurm is for the built program (npm run build): there is no ${PROGRAM}`);
}

/** Processes of this program that take parts of an inbox in; null where it was not built. */
export function compactWorkers(given: {
  readonly ledger: string;
  readonly cluster: string;
  readonly count: number;
  /** null: it is where every host has it. */
  readonly configPath: string | null;
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
}): Workers | null {
  const { ledger, cluster, count, configPath, env, output } = given;
  if (!existsSync(PROGRAM)) return null;
  const config = configPath === null ? [] : ['--config', configPath];
  const args = [PROGRAM, 'ledger', 'compact', ledger, '--clusters', cluster, ...config];
  return {
    count,
    leastBytes: WORTH_WORKERS_BYTES,
    run: (plan, task) =>
      new Promise((ended) => {
        const child = spawn(process.execPath, [...args, '--plan', plan, '--task', String(task)], {
          env,
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        child.on('error', (error) => {
          output.note(`a worker cannot be started: ${error.message}; this process does its part`);
          ended();
        });
        // How it ended is seen by what it left; what it had to say is on stderr.
        child.on('close', () => ended());
      }),
  };
}
