import { spawn } from 'node:child_process';
import { EitError, isErrno } from '../errors';

export interface ProgramEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the programs are, whatever the caller's environment says. */
const PATH = '/usr/bin:/bin:/usr/sbin:/sbin';

/**
 * Runs one of the programs that know access lists; no shell is between.
 * @param input for its standard input
 * @throws EitError EIT_PRIVACY where it is not installed
 */
export function runProgram(
  program: string,
  args: readonly string[],
  dir: string,
  input: string,
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: dir,
      env: { PATH, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // One that ends early tells why itself.
    child.stdin.on('error', () => undefined);
    child.on('error', (cause) => {
      const why = isErrno(cause, 'ENOENT')
        ? `${program} is not installed: install the package acl (of NFSv4 mounts nfs4-acl-tools)`
        : `${program} could not be run: ${String(cause)}`;
      reject(new EitError('EIT_PRIVACY', why, { cause }));
    });
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.end(input);
  });
}
