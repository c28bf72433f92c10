import { appendFileSync, renameSync, statSync } from 'node:fs';

export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string) => void;

const LARGEST_LOG_BYTES = 1 << 20;

/**
 * A log of one line a message on standard error (systemd's journal) and in a file of bounded size, since an agent that
 * a hook starts has no standard error. Control characters do not get into it.
 * @param mode of a file that is made
 */
export function openLog(path: string, now: () => number, mode = 0o640): Log {
  return (level, message) => {
    const line = `${new Date(now()).toISOString()} ${level} ${message.replaceAll(/\p{Cc}/gu, ' ')}\n`;
    process.stderr.write(line);
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_LOG_BYTES)
        renameSync(path, `${path}.1`);
      appendFileSync(path, line, { mode });
    } catch (error) {
      process.stderr.write(`no log in ${path}: ${String(error)}\n`);
    }
  };
}
