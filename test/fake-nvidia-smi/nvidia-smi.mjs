#!/usr/bin/env node
// A stand-in for nvidia-smi that behaves as the real one does, without a GPU. What it is and does stands in a JSON file (its
// form: config.d.ts) named by its own path and `.json`, or by a first argument `--fake-config=FILE`: the environment is
// cleared by those who start it. Each start adds a line (arguments, pid) to that file's name and `.starts`, and each document
// one (the times at which it was begun and each GPU was read) to that and `.documents`.
import { appendFileSync, existsSync, readFileSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { EMPTY, TAIL, gpuOf, headOf, layoutOf } from './document.mjs';

const FLAG = '--fake-config=';
const SEE_HELP = "Please run 'nvidia-smi -h' for help.";
/** nvidia-smi(1), "RETURN VALUE". */
const INVALID_ARGUMENT = 2;
/** What the C library keeps back for a pipe. */
const BLOCK_BYTES = 4096;

const given = process.argv.slice(2);
const configFile = given[0]?.startsWith(FLAG) ? given.shift().slice(FLAG.length) : `${process.argv[1]}.json`;
const config = JSON.parse(readFileSync(configFile, 'utf8'));
const startsFile = `${configFile}.starts`;
appendFileSync(startsFile, `${JSON.stringify({ pid: process.pid, args: given })}\n`);
const start = readFileSync(startsFile, 'utf8').split('\n').length - 1;

/** Standard output as the C library has it: a terminal gets each line, all else whole blocks and, at exit, the rest. */
const output = {
  isTerminal: isatty(1),
  kept: Buffer.alloc(0),
  print(text) {
    if (this.isTerminal) {
      for (const line of text.split(/(?<=\n)/)) writeAll(Buffer.from(line));
      return;
    }
    this.kept = Buffer.concat([this.kept, Buffer.from(text)]);
    const whole = this.kept.length - (this.kept.length % BLOCK_BYTES);
    writeAll(this.kept.subarray(0, whole));
    this.kept = this.kept.subarray(whole);
  },
  flush() {
    writeAll(this.kept);
    this.kept = Buffer.alloc(0);
  },
};

function writeAll(bytes) {
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
}

function sleep(ms) {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function end(status) {
  output.flush();
  process.exit(status);
}

function refuse(message) {
  output.print(`${message} ${SEE_HELP}\n`);
  end(INVALID_ARGUMENT);
}

/** The options that are known here: those of a query. */
function parseArguments(args) {
  const found = {
    query: false,
    xml: false,
    sections: null,
    loopMs: null,
    list: false,
    version: false,
    help: false,
  };
  const options = config.options ?? {};
  const value = (name, text) => {
    if (text === undefined || !/^\d+$/.test(text)) refuse(`ERROR: Option ${name} needs a number.`);
    return Number(text);
  };
  while (args.length > 0) {
    const [arg] = args.splice(0, 1);
    const [name, inline] = arg.split('=', 2);
    const next = () => inline ?? args.shift();
    if (arg === '-q' || arg === '--query') found.query = true;
    else if (arg === '-x' || arg === '--xml-format') found.xml = true;
    else if (arg === '-L' || arg === '--list-gpus') found.list = true;
    else if (arg === '--version') found.version = true;
    else if (arg === '-h' || arg === '--help') found.help = true;
    else if (name === '-d' || name === '--display') found.sections = next()?.split(',') ?? [];
    else if ((name === '-lms' || name === '--loop-ms') && options.lms !== 'refused') {
      const ms = value(name, next());
      if (options.lms !== 'ignored') found.loopMs = ms;
    } else if ((name === '-l' || name === '--loop') && options.l !== 'refused') {
      found.loopMs = 1000 * value(name, next());
    } else refuse(`ERROR: Option ${arg} is not recognized.`);
  }
  return found;
}

function failuresAt(document) {
  return (config.failures ?? []).filter(
    (failure) => (failure.start ?? start) === start && (failure.document ?? document) === document,
  );
}

/** As one that waits in the kernel for a GPU: no signal but SIGKILL ends it; only the end of a test that died does. */
function hang() {
  for (let second = 0; second < 600 && existsSync(configFile); second += 1) sleep(1000);
  process.exit(1);
}

function printDocument(number, sections) {
  const failures = failuresAt(number);
  const of = (kind) => failures.find((failure) => failure.kind === kind);
  const instead = of('instead');
  if (instead) {
    output.print(instead.text);
    end(instead.status);
  }
  if (of('hang')) hang();

  const noise = of('noise');
  if (noise) output.print(`${noise.text}\n`);
  if (of('empty')) output.print(EMPTY);
  else {
    const begunNs = String(process.hrtime.bigint());
    output.print(headOf(config));
    const readNs = config.gpus.map((_gpu, position) => {
      sleep(config.gpuMs ?? 0);
      const monoNs = process.hrtime.bigint();
      const text = gpuOf(config, position, { monoNs, failures, sections });
      const partial = of('partial');
      if (partial) {
        output.print(text.slice(0, text.length / 2));
        end(partial.status);
      }
      output.print(text);
      return String(monoNs);
    });
    output.print(TAIL);
    appendFileSync(`${configFile}.documents`, `${JSON.stringify({ start, begunNs, readNs })}\n`);
  }
  const exit = of('exit');
  if (exit) end(exit.status);
}

if ((config.failures ?? []).some(({ kind }) => kind === 'hang')) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
}

const { query, xml, sections, loopMs, list, version, help } = parseArguments(given);
const dOption = config.options?.d ?? 'ignored';
if (help) {
  output.print('NVIDIA System Management Interface\n\nnvidia-smi [OPTION1 [ARG1]] [OPTION2 [ARG2]] ...\n');
} else if (version) {
  const { driver, cuda } = layoutOf(config);
  output.print(
    `NVIDIA-SMI version  : ${driver}\nDRIVER version      : ${driver}\nCUDA Version        : ${cuda}\n`,
  );
} else if (list) {
  config.gpus.forEach(({ name, uuid }, position) =>
    output.print(`GPU ${position}: ${name} (UUID: ${uuid})\n`),
  );
} else if (!query) {
  refuse('Invalid combination of input arguments.');
} else {
  if (sections !== null && xml && dOption === 'refused') refuse('Invalid combination of input arguments.');
  sleep(config.startMs ?? 0);
  const isText = !xml || (sections !== null && dOption === 'text');
  for (let number = 1; ; number += 1) {
    if (isText)
      output.print(
        '\n==============NVSMI LOG==============\n\n    GPU Power Readings\n        Power Draw : 70 W\n',
      );
    else printDocument(number, sections !== null && dOption === 'filters' ? sections : null);
    if (loopMs === null) break;
    sleep(loopMs);
    // A document that was being printed when the files of a test went is the last.
    if (!existsSync(configFile)) break;
  }
}
end(0);
