import { spawn } from 'node:child_process';
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { visible } from '../config/visible';
import { isErrno } from '../errors';

/** How long a program may take, and how long after its start there is surely an end of it in its file. */
const LONGEST_S = 60;
export const SURELY_ENDED_MS = 90_000;

/** What a program ended with, as it stands in its file. */
export interface RecordedEnd {
  readonly status: number;
  /** The beginning of what it said, on one line. */
  readonly output: string;
}

/**
 * The program, run by a shell that outlives us and writes its exit status down. Its input is a file: the end of a spooler is not the
 * end of a text. It holds no lock of ours.
 */
const RECORDER = `
  input=$1.input output=$1.output status=$1.status
  shift
  exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
  timeout -k 5 ${LONGEST_S} "$@" <"$input" >"$output" 2>&1
  echo $? >"$status.tmp" && mv -f -- "$status.tmp" "$status"
`;

export interface RecordedCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input: Buffer;
}

/**
 * Runs a program to its end, on record in a folder: who comes after us can tell how it ended.
 * @param commit see {@link Transport}: before the program starts
 * @returns null where its shell was killed
 */
export async function runRecorded(
  dir: string,
  id: string,
  { program, args, env, input }: RecordedCommand,
  commit: () => Promise<void>,
): Promise<RecordedEnd | null> {
  forgetRun(dir, id);
  const fd = openSync(join(dir, `${id}.input`), 'wx', 0o600);
  try {
    writeSync(fd, input);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  await commit();
  const child = spawn('/bin/sh', ['-c', RECORDER, 'eit-mail', join(dir, id), program, ...args], {
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...env },
    stdio: 'ignore',
    detached: true,
  });
  const failure = await new Promise<Error | null>((resolve) => {
    child.on('error', resolve);
    child.on('exit', () => resolve(null));
  });
  // What was never started has sent nothing: as a shell says it.
  if (failure !== null) return { status: 126, output: visible(failure.message, 300) };
  return recordedEnd(dir, id);
}

/** Whether timeout(1) ended it, or a signal: it may have handed the mail over before. */
export function isCutShort({ status }: RecordedEnd): boolean {
  return status === 124 || status > 128;
}

/** @returns null where it has not ended, or was killed with its shell */
export function recordedEnd(dir: string, id: string): RecordedEnd | null {
  try {
    const status = readFileSync(join(dir, `${id}.status`), 'utf8').trim();
    const output = readFileSync(join(dir, `${id}.output`))
      .subarray(0, 2000)
      .toString('utf8')
      .trim();
    return { status: Number(status), output: visible(output.replaceAll(/\s+/g, ' '), 300) };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Takes away what a run left. */
export function forgetRun(dir: string, id: string): void {
  for (const name of ['input', 'output', 'status.tmp', 'status'])
    rmSync(join(dir, `${id}.${name}`), { force: true });
}
