import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EitError, isErrno } from '../errors';
import type { ArchiveManifest, ArchivePart } from '../generated/manifest';
import validateManifest from '../generated/manifest-validator';
import type { FileModes } from './part';
import { writeWhole } from './whole-file';

export const MANIFEST_FILE = 'manifest.json';

/**
 * The manifest of a cluster's archive.
 * @param dir the cluster's folder in the ledger
 * @returns null where nothing was compacted yet
 * @throws EitError EIT_ARCHIVE where it is damaged or of a newer version, EIT_LEDGER_UNREADABLE where it may not be read
 */
export async function readManifest(dir: string): Promise<ArchiveManifest | null> {
  const path = join(dir, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ENOTDIR')) return null;
    throw new EitError('EIT_LEDGER_UNREADABLE', `cannot read ${path}: ${String(cause)}`, { cause });
  }
  return parseManifest(text, path);
}

/** @throws EitError EIT_ARCHIVE */
export function parseManifest(text: string, path: string): ArchiveManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, String(cause), cause);
  }
  if (validateManifest(value)) return value;
  const version = (value as { schema?: unknown } | null)?.schema;
  if (typeof version === 'number' && version > 1) {
    throw new EitError(
      'EIT_ARCHIVE',
      `${path} was written by a newer version of EIT (schema ${version}): update this one`,
    );
  }
  const [error] = validateManifest.errors ?? [];
  throw damaged(path, `${error?.instancePath ?? ''} ${error?.message ?? ''}`, error);
}

function damaged(path: string, what: string, cause: unknown): EitError {
  return new EitError(
    'EIT_ARCHIVE',
    `${path} is damaged: ${what}. Restore it from a backup; its parts and the inbox are as they were`,
    { cause },
  );
}

/**
 * Replaces the manifest as a whole, by one that can be read.
 * @throws EitError EIT_ARCHIVE, with the old one as it was; the system's error
 */
export async function writeManifest(dir: string, manifest: ArchiveManifest, modes: FileModes): Promise<void> {
  const path = join(dir, MANIFEST_FILE);
  const text = JSON.stringify(manifest);
  parseManifest(text, path);
  await writeWhole(path, text, modes.file, modes.beforeNamed);
}

/** The parts of a table that have rows in [fromMs, toMs). */
export function partsIn(
  manifest: ArchiveManifest,
  kind: string,
  fromMs: number,
  toMs: number,
): ArchivePart[] {
  return manifest.parts.filter((part) => part.kind === kind && part.to_ms >= fromMs && part.from_ms < toMs);
}
