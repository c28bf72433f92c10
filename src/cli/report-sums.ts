import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError } from '../errors';
import { SumsReader, type SumsOwner, type SumsSink } from '../report/stored-aggregate';

/** What runs are added up to is its user's alone. */
const OWN_FILE = 0o600;
/** So much is written at once. */
const CHUNK = 1 << 20;

export function sumsName(task: number): string {
  return `${task}.sums`;
}

/** What a task says of why it failed. */
export function failureName(task: number): string {
  return `${task}.failed`;
}

/** Writes lines, whole or not at all. @throws the system's error */
export async function writeSums(folder: string, task: number, lines: Iterable<string>): Promise<void> {
  const path = join(folder, sumsName(task));
  // A task that Slurm began again may still have another beside it.
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', OWN_FILE);
  try {
    let chunk = '';
    for (const line of lines) {
      chunk += line;
      if (chunk.length < CHUNK) continue;
      await file.writeFile(chunk);
      chunk = '';
    }
    await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Adds what a task added up. @throws EitError EIT_SBATCH where its file is broken or not of it */
export async function readSums(folder: string, owner: SumsOwner, sink: SumsSink): Promise<void> {
  const path = join(folder, sumsName(owner.task));
  const reader = new SumsReader(owner, sink);
  try {
    let rest = '';
    for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK })) {
      const lines = (rest + (chunk as string)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) reader.add(line);
    }
    if (rest !== '') throw new Error('its last line is cut');
    reader.end();
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EitError(
      'EIT_SBATCH',
      `what task ${owner.task} added up cannot be read: ${words}. Nothing is left of it: run it again`,
      { cause },
    );
  }
}
