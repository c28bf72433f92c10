import { closeSync, existsSync, openSync, readSync } from 'node:fs';
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
import { openDocumentStream } from './nvidia-smi-documents';
import { isPlainName } from './nvidia-smi-processes';
import { type HostChecks, parseNvidiaSmi } from './nvidia-smi-xml';
import { openNvml } from './nvml';
import { loadKoffi, openNvmlLibrary } from './nvml-library';
import { NvmlReader } from './nvml-reader';
import { PROGRAM_FOLDERS, findProgram, whyNotRun } from './program-path';
import { type Missing, isMissing } from './source';
import { identifyProgram } from './started-program';

const USAGE =
  'usage: eit-gpu --interval-ms N [--reader auto|nvml|nvidia-smi] [--nvidia-smi PATH] [--nvml LIBRARY]';

/** How often it says that it lives though nothing comes. */
const WAITING_MS = 5000;

/** No name that nvidia-smi tells is longer (bytes). */
const MOST_COMMAND_LINE = 16 * 1024;

/** Of what nobody reads, as much is kept (bytes). */
const MOST_UNREAD = 64 * 1024;

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
    // It kills nvidia-smi and does not wait for it, which might be long: the agent does (gpu-reader-process.ts).
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
    ways.push({ name: 'nvidia_smi', open: () => openByNvidiaSmi(options, output) });
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
  const nvml = openNvml(library, output.events.onWarning);
  if (isMissing(nvml)) return nvml;
  return new NvmlReader(nvml, intervalMs, output.events, () => ({
    monoNs: process.hrtime.bigint(),
    wallMs: Date.now(),
  }));
}

/** What it says by `onProblem` reaches the agent as "waiting": so this process is not taken for hung while nvidia-smi is. */
function openByNvidiaSmi(
  { intervalMs, nvidiaSmi: program = 'nvidia-smi' }: Options,
  output: Output,
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
    parse: (xml) => parseNvidiaSmi(xml, HOST),
    documents: openDocumentStream,
    onStart: (pid) => output.tellProgram(pid),
    ...output.events,
  });
  if (reader.note !== null) output.events.onWarning(reader.note);
  return reader;
}

/** What nvidia-smi tells can be in the name of a process: what is so is asked of the kernel. */
const HOST: HostChecks = {
  isThere: (pciBusId) => existsSync(`/sys/bus/pci/devices/${pciBusId}`),
  isItsName: (pid, name) => isPlainName(readCommandLine(pid), name),
};

function readCommandLine(pid: number): string | null {
  const bytes = Buffer.alloc(MOST_COMMAND_LINE);
  try {
    const fd = openSync(`/proc/${pid}/cmdline`, 'r');
    try {
      return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0)).replace(/\0+$/, '');
    } finally {
      closeSync(fd);
    }
  } catch {
    // It has ended meanwhile, or is another user's and hidden.
    return null;
  }
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

  /** Where nvidia-smi is called each time and nobody reads this, it would pile up. */
  tellProgram(pid: number): void {
    const program = identifyProgram('/proc', pid);
    if (program !== null && process.stdout.writableLength < MOST_UNREAD)
      this.write({ kind: 'program', program });
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
