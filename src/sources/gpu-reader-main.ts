import { getPriority } from 'node:os';
import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '../errors';
import { setOwnNice } from '../nice';
import { dieWithParent } from './die-with-parent';
import type { GpuSourceName } from './gpu';
import { READ_NOW, type GpuMessage, formatGpuMessage } from './gpu-messages';
import type { GpuReader, GpuReaderEvents } from './gpu-reader';
import { NvidiaSmi } from './nvidia-smi';
import { NvidiaSmiDocuments } from './nvidia-smi-documents';
import { parseNvidiaSmi } from './nvidia-smi-xml';
import { openNvml } from './nvml';
import { loadKoffi, openNvmlLibrary } from './nvml-library';
import { NvmlReader } from './nvml-reader';
import { PROGRAM_FOLDERS, findProgram, whyNotRun } from './program-path';
import { type Missing, isMissing } from './source';

const USAGE =
  'usage: eit-gpu --interval-ms N [--reader auto|nvml|nvidia-smi] [--nvidia-smi PATH] [--nvml LIBRARY]';

/** How often it says that it lives though nothing comes. */
const WAITING_MS = 5000;

interface Options {
  readonly intervalMs: number;
  readonly reader: 'auto' | 'nvml' | 'nvidia-smi';
  readonly nvidiaSmi: string | undefined;
  readonly nvml: string | undefined;
}

/** @throws what is wrong with the arguments */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'interval-ms': { type: 'string' },
      reader: { type: 'string', default: 'auto' },
      'nvidia-smi': { type: 'string' },
      nvml: { type: 'string' },
    },
  });
  const { reader } = values;
  const intervalMs = Number(values['interval-ms']);
  if (!Number.isInteger(intervalMs) || intervalMs < 1 || intervalMs > 3_600_000) {
    throw new Error('--interval-ms is a whole number from 1 to 3600000');
  }
  if (reader !== 'auto' && reader !== 'nvml' && reader !== 'nvidia-smi') {
    throw new Error('--reader is auto, nvml or nvidia-smi');
  }
  return { intervalMs, reader, nvidiaSmi: values['nvidia-smi'], nvml: values.nvml };
}

/**
 * The program eit-gpu: reads the GPUs of this host and prints what they show, one line each interval (gpu-messages.ts). What
 * it calls may hang or crash, and only this process with it; the agent starts it anew (gpu-child.ts). The end of its standard
 * input, or SIGTERM, ends it.
 */
function main(): void {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`eit-gpu: ${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  // The agent goes before the jobs, and what it starts would too.
  if (getPriority() < 0) setOwnNice(0);

  const output = new Output();
  const reader = openReader(options, output);
  if (reader === null) {
    // Nothing keeps the process from ending but what is yet to be written.
    process.exitCode = 1;
    return;
  }
  const end = (): void => {
    reader.stop();
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.stdout.on('error', end);
  process.stdin.on('end', end).on('error', end);
  const words = new Words();
  process.stdin.on('data', (chunk: Buffer) => {
    if (words.push(chunk.toString('latin1')).includes(READ_NOW)) reader.readNow?.();
  });
  setInterval(() => output.tellIfWaiting(options.intervalMs), WAITING_MS).unref();
  reader.start();
}

/** The lines of standard input; what is no short word is of no use. */
class Words {
  #rest = '';

  push(text: string): string[] {
    const words = (this.#rest + text).split('\n');
    this.#rest = (words.pop() ?? '').slice(-16);
    return words;
  }
}

/** null where nothing can be read here; the reasons have been told. */
function openReader(options: Options, output: Output): GpuReader | null {
  const ways: { name: GpuSourceName; open: () => GpuReader | Missing }[] = [];
  if (options.reader !== 'nvidia-smi') ways.push({ name: 'nvml', open: () => openByNvml(options, output) });
  if (options.reader !== 'nvml') {
    ways.push({ name: 'nvidia_smi', open: () => openByNvidiaSmi(options, output.events) });
  }
  for (const { name, open } of ways) {
    const reader = open();
    if (!isMissing(reader)) return reader;
    output.write({ kind: 'absent', reasons: { [name]: reader.missing } });
  }
  return null;
}

function openByNvml({ intervalMs, nvml: path }: Options, output: Output): GpuReader | Missing {
  const koffi = loadKoffi();
  if (isMissing(koffi)) return koffi;
  const library = openNvmlLibrary(koffi, path);
  if (isMissing(library)) return library;
  dieWithParent(koffi);
  const nvml = openNvml(library);
  if (isMissing(nvml)) return nvml;
  for (const text of nvml.warnings) output.events.onWarning(text);
  return new NvmlReader(nvml, intervalMs, output.events, () => ({
    monoNs: process.hrtime.bigint(),
    wallMs: Date.now(),
  }));
}

/** What it says by `onProblem` reaches the agent as "waiting": so this process is not taken for hung while nvidia-smi is. */
function openByNvidiaSmi(
  { intervalMs, nvidiaSmi: program = 'nvidia-smi' }: Options,
  events: GpuReaderEvents,
): GpuReader | Missing {
  const found = isAbsolute(program) ? whyNotRun(program) : findProgram(program);
  if (isMissing(found)) return found;
  if (found === null && !isAbsolute(program)) {
    const where = PROGRAM_FOLDERS.join(', ');
    return { missing: `there is no ${program} in ${where}; set nvidia_smi in eit.yaml to its path` };
  }
  const reader = new NvidiaSmi({
    program,
    intervalMs,
    now: () => process.hrtime.bigint(),
    parse: parseNvidiaSmi,
    documents: () => new NvidiaSmiDocuments(),
    ...events,
  });
  if (reader.note !== null) events.onWarning(reader.note);
  return reader;
}

/**
 * Standard output. Who reads it may be slow: then snapshots are left out, since an old one is of no use and they would pile up
 * without end.
 */
class Output {
  readonly events: GpuReaderEvents = {
    onSnapshot: (snapshot) => {
      this.#snapshotAtMs = performance.now();
      this.#problem = null;
      if (process.stdout.writableLength > 0) this.#leftOut += 1;
      else this.write({ kind: 'snapshot', snapshot });
    },
    onProblem: (reason) => {
      this.#problem = reason;
      if (reason !== null) this.#tellWaiting(reason);
    },
    onWarning: (text) => this.write({ kind: 'warning', text }),
  };
  #snapshotAtMs = performance.now();
  #problem: string | null = null;
  #leftOut = 0;

  write(message: GpuMessage): void {
    process.stdout.write(formatGpuMessage(message));
    if (this.#leftOut === 0 || message.kind !== 'snapshot') return;
    const text = `${this.#leftOut} snapshots were left out: what eit-gpu prints was not read in time`;
    this.#leftOut = 0;
    process.stdout.write(formatGpuMessage({ kind: 'warning', text }));
  }

  tellIfWaiting(intervalMs: number): void {
    if (performance.now() - this.#snapshotAtMs < Math.max(WAITING_MS, 2 * intervalMs)) return;
    this.#tellWaiting(this.#problem ?? 'there is no answer yet');
  }

  #tellWaiting(reason: string): void {
    if (process.stdout.writableLength === 0) this.write({ kind: 'waiting', reason });
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`eit-gpu: ${describeError(error)}\n`);
  process.exitCode = 1;
}
