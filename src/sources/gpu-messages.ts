import { StringDecoder } from 'node:string_decoder';
import type { GpuSnapshot, GpuSourceName } from './gpu';
import { checkGpuSnapshot } from './gpu-snapshot-form';
import { type Missing, isMissing } from './source';
import type { StartedProgram } from './started-program';

/**
 * What the program that reads GPUs (eit-gpu) prints: one JSON object a line, with one of these keys.
 *
 *     {"snapshot":{"monoNs":"81234567890","source":"nvml","driver":"550.54.15","gpus":[...]}}
 *     {"absent":{"nvml":"NVIDIA's driver is not loaded: ..."}}
 *     {"waiting":"nvidia-smi has not answered for 12 s"}
 *     {"warning":"..."}
 *     {"program":{"pid":4711,"startTicks":181234}}
 */
export type GpuMessage =
  | { readonly kind: 'snapshot'; readonly snapshot: GpuSnapshot }
  /** Ways of reading that serve nothing here, with the reasons. */
  | { readonly kind: 'absent'; readonly reasons: Readonly<Partial<Record<GpuSourceName, string>>> }
  /** It lives, but what it asks gives nothing now. */
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'warning'; readonly text: string }
  /** It has started nvidia-smi, the one before has ended. The agent sees to it that none outlives eit-gpu. */
  | { readonly kind: 'program'; readonly program: StartedProgram };

/** The word on eit-gpu's standard input that makes it read at once. */
export const READ_NOW = 'now';

/** Longer than any snapshot of a host: who writes more is not eit-gpu (UTF-16 units, as JavaScript counts). */
export const MOST_LINE_CHARS = 1024 * 1024;

const MOST_TEXT = 1000;
/** The kernel's own limit (PID_MAX_LIMIT). */
const MOST_PID = 2 ** 22;

/**
 * A message as its line, with the line feed. A snapshot that would be too long goes without its processes: "not told" is
 * better than nothing.
 */
export function formatGpuMessage(message: GpuMessage): string {
  switch (message.kind) {
    case 'snapshot':
      return formatSnapshot(message.snapshot);
    case 'absent':
      return line({ absent: message.reasons });
    case 'waiting':
      return line({ waiting: message.reason });
    case 'warning':
      return line({ warning: message.text });
    case 'program':
      return line({ program: message.program });
  }
}

function formatSnapshot(snapshot: GpuSnapshot): string {
  const format = (gpus: GpuSnapshot['gpus']): string =>
    line({ snapshot: { ...snapshot, monoNs: snapshot.monoNs.toString(), gpus } });
  const whole = format(snapshot.gpus);
  return whole.length <= MOST_LINE_CHARS
    ? whole
    : format(snapshot.gpus.map((gpu) => ({ ...gpu, processes: null })));
}

function line(content: object): string {
  return `${JSON.stringify(content)}\n`;
}

/**
 * A line of eit-gpu, without the line feed.
 * @returns why it is none
 */
export function parseGpuMessage(text: string): GpuMessage | Missing {
  if (text.length > MOST_LINE_CHARS) return { missing: `a line of more than ${MOST_LINE_CHARS} characters` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { missing: `a line that is no JSON: ${printable(text, 80)}` };
  }
  if (typeof json !== 'object' || json === null) return { missing: `a line that is no object` };
  if ('snapshot' in json) {
    const snapshot = checkGpuSnapshot(json.snapshot);
    return isMissing(snapshot)
      ? { missing: `a snapshot of another form: ${printable(snapshot.missing, MOST_TEXT)}` }
      : { kind: 'snapshot', snapshot };
  }
  if ('absent' in json) return parseAbsent(json.absent);
  if ('waiting' in json && typeof json.waiting === 'string') {
    return { kind: 'waiting', reason: printable(json.waiting, MOST_TEXT) };
  }
  if ('warning' in json && typeof json.warning === 'string') {
    return { kind: 'warning', text: printable(json.warning, MOST_TEXT) };
  }
  const program = 'program' in json ? parseProgram(json.program) : null;
  return program === null
    ? { missing: `a line of another form: ${printable(text, 80)}` }
    : { kind: 'program', program };
}

/** Never this process itself nor init: what is told here may be killed. */
function parseProgram(json: unknown): StartedProgram | null {
  if (typeof json !== 'object' || json === null) return null;
  const { pid, startTicks } = json as Record<string, unknown>;
  const isProcess = isWhole(pid) && pid > 1 && pid <= MOST_PID && pid !== process.pid;
  return isProcess && isWhole(startTicks) ? { pid, startTicks } : null;
}

function isWhole(json: unknown): json is number {
  return Number.isSafeInteger(json) && (json as number) >= 0;
}

function parseAbsent(json: unknown): GpuMessage | Missing {
  if (typeof json !== 'object' || json === null) return { missing: '"absent" is no object' };
  const reason = (name: GpuSourceName): Partial<Record<GpuSourceName, string>> => {
    const text: unknown = name in json ? (json as Record<string, unknown>)[name] : null;
    return typeof text === 'string' ? { [name]: printable(text, MOST_TEXT) } : {};
  };
  return { kind: 'absent', reasons: { ...reason('nvml'), ...reason('nvidia_smi') } };
}

function printable(text: string, most: number): string {
  const start = text.slice(0, most).replace(/[^ -~]/g, '?');
  return text.length > most ? `${start}...` : start;
}

/** Cuts what comes in pieces into lines. One that is too long is left out to its end, and told of once. */
export class GpuLines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #isSkipping = false;

  /** The lines that end in this piece, or the reason why one is not there. */
  push(chunk: Buffer): (string | Missing)[] {
    const pieces = this.#decoder.write(chunk).split('\n');
    const last = pieces.pop() ?? '';
    const lines: (string | Missing)[] = [];
    for (const piece of pieces) {
      if (!this.#isSkipping) lines.push(this.#rest + piece);
      this.#isSkipping = false;
      this.#rest = '';
    }
    if (!this.#isSkipping) this.#rest += last;
    if (this.#rest.length > MOST_LINE_CHARS) {
      lines.push({ missing: `a line of more than ${MOST_LINE_CHARS} characters` });
      this.#rest = '';
      this.#isSkipping = true;
    }
    return lines;
  }
}
