import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeConfig } from './config';

/** A fake nvidia-smi, and what it has written down. */
export interface FakeNvidiaSmi {
  readonly path: string;
  /** One for each start, in order. */
  starts(): { readonly pid: number; readonly args: readonly string[] }[];
  /** One for each whole document: which start it was of, when it was begun and each GPU read (CLOCK_MONOTONIC, ns). */
  documents(): { readonly start: number; readonly begunNs: bigint; readonly readNs: readonly bigint[] }[];
  /** For starts to come. */
  configure(config: FakeConfig): void;
}

/**
 * Puts a program `nvidia-smi` into a folder. It runs the fake by the Node.js that runs this, which need not be where
 * programs of the system are.
 */
export function installFakeNvidiaSmi(folder: string, config: FakeConfig): FakeNvidiaSmi {
  const path = join(folder, 'nvidia-smi');
  const configFile = join(folder, 'nvidia-smi.json');
  const configure = (to: FakeConfig): void => writeFileSync(configFile, JSON.stringify(to));
  configure(config);
  const words = [process.execPath, join(__dirname, 'nvidia-smi.mjs'), `--fake-config=${configFile}`];
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  writeFileSync(path, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  chmodSync(path, 0o755);
  return {
    path,
    starts: () => linesOf(`${configFile}.starts`) as { pid: number; args: string[] }[],
    documents: () =>
      (linesOf(`${configFile}.documents`) as { start: number; begunNs: string; readNs: string[] }[]).map(
        ({ start, begunNs, readNs }) => ({ start, begunNs: BigInt(begunNs), readNs: readNs.map(BigInt) }),
      ),
    configure,
  };
}

function linesOf(file: string): unknown[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
