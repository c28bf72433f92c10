import { EitError } from '../errors';
import { firstLine } from './dcmi-text';
import type { GpuReading } from './gpu';
import { MOST_GPUS } from './gpu-limits';
import { type CutAnswer, cutProcesses } from './nvidia-smi-cut';
import { parseGpu } from './nvidia-smi-gpu';
import { type IsItsName, parseProcesses } from './nvidia-smi-processes';
import { neededSections } from './nvidia-smi-sections';
import { printable } from './nvidia-smi-values';
import { type XmlNode, childOf, childrenOf, parseXml, textOf } from './xml-tree';

/** Longest answer that is looked at, in characters: some 130 GPUs with all their lists. */
export const MOST_ANSWER = 8 * 1024 * 1024;

/** With those in names of processes. */
const MOST_TOLD = 16 * MOST_GPUS;
const MOST_WARNINGS = 16;

/** What a document may begin with: the first two can be left out. */
const BEGINNING = /<\?xml\s|<!DOCTYPE\s|<nvidia_smi_log[\s/>]/;

/** What one answer of nvidia-smi tells. */
export interface NvidiaSmiLog {
  /** Version of the driver; `unknown` where it does not tell. */
  readonly driver: string;
  readonly gpus: readonly GpuReading[];
  /** What to know of it beyond the readings: printable lines, each once. */
  readonly warnings: readonly string[];
}

/** What this host says itself, against names of processes that pretend; absent: nothing. */
export interface HostChecks {
  /** Whether it has a PCI device at this address (as in `GpuIdentity`). */
  readonly isThere?: (pciBusId: string) => boolean;
  readonly isItsName?: IsItsName;
}

/**
 * Reads the XML that `nvidia-smi -q -x` prints, of any version of the driver: it looks for tags, since the version of the document's own
 * DTD does not tell where they are (v12 has power in three places). What is not told, or told in words in place of a number, is
 * Missing or null. There is no counter of energy in it.
 * https://docs.nvidia.com/deploy/nvidia-smi/index.html
 * @param xml one document. Text before it (as of a GPU that is lost) becomes a warning, text behind it is passed over
 * @throws EitError EIT_NVIDIA_SMI for what is no whole answer: another text, broken XML, entities, too long. Nothing in the name of a
 *   process makes it one (nvidia-smi-cut.ts), but GPUs in one that `isThere` does not tell from those of the host
 */
export function parseNvidiaSmi(xml: string, host: HostChecks = {}): NvidiaSmiLog {
  if (xml.length > MOST_ANSWER) throw refused(`it is longer than ${MOST_ANSWER / 1024 / 1024} MiB`);
  const start = xml.search(BEGINNING);
  if (start === -1) throw refused(`it says ${firstLine(xml)}`);

  const warnings = new Set<string>();
  const warn = (text: string): void => {
    if (warnings.size < MOST_WARNINGS) warnings.add(text);
  };
  const before = xml.slice(0, start).replace(/^\uFEFF/, '');
  if (before.trim() !== '') warn(`nvidia-smi says ${firstLine(before)}`);

  const { log, cut } = parseCut(xml.slice(start));
  const { shown, attached } = cut;
  const isSure = shown === attached && cut.processes.length === attached;
  checkCount(shown, attached, warn);
  const isForged = attached !== null && shown > attached;
  const readings = childrenOf(log, 'gpu').map((gpu, position) => {
    const section = cut.processes[position] ?? null;
    // Whose processes they are is not sure where one of them has pretended to be a GPU.
    const isTold = section !== null && !isForged;
    const processes = isTold ? parseProcesses(section, host.isItsName) : { processes: null };
    // Where some are left out, positions are not those of the driver's list.
    return parseGpu(gpu, { position, index: isSure ? position : null, processes }, warn);
  });
  const gpus = apart(
    readings.filter((gpu) => gpu !== null),
    isForged,
    warn,
  );
  const there = gpus.filter(({ pciBusId }, position) => {
    if (isSure || position === 0 || (host.isThere?.(pciBusId) ?? true)) return true;
    warn(`the GPU at ${pciBusId} is left out: this host has none there`);
    return false;
  });
  if (isForged && there.length > attached) {
    throw refused(`it shows ${there.length} GPUs and says that there are ${attached}`);
  }
  return { driver: driverOf(log, warn), gpus: there, warnings: [...warnings] };
}

/** Where the whole is no XML, a GPU in the name of a process may be why: then without those that are none. */
function parseCut(xml: string): { log: XmlNode | undefined; cut: CutAnswer } {
  const cut = cutProcesses(xml, false);
  try {
    return { log: parseLog(neededSections(cut.xml, 0)), cut };
  } catch (error) {
    const strict = cutProcesses(xml, true);
    if (strict.processes.length === cut.processes.length) throw error;
    return { log: parseLog(neededSections(strict.xml, 0)), cut: strict };
  }
}

function parseLog(xml: string): XmlNode | undefined {
  try {
    return childOf(parseXml(xml), 'nvidia_smi_log');
  } catch (cause) {
    throw new EitError('EIT_NVIDIA_SMI', 'the answer of nvidia-smi cannot be parsed', { cause });
  }
}

/**
 * Fewer than there are can be: some are lost, or were not asked for.
 * @throws EitError EIT_NVIDIA_SMI for too many, and where neither GPUs are told nor that there are none
 */
function checkCount(shown: number, attached: number | null, warn: (text: string) => void): void {
  if (attached === null && shown === 0) throw refused('it tells of no GPU, nor that there is none');
  if (attached === null ? shown > MOST_GPUS : attached > MOST_GPUS || shown > MOST_TOLD) {
    throw refused(`it shows ${Math.max(shown, attached ?? 0)} GPUs, more than any host has`);
  }
  if (attached === null || shown === attached) return;
  if (shown < attached) warn(`nvidia-smi shows ${shown} of ${attached} GPUs`);
  else
    warn(`nvidia-smi shows ${shown} GPUs and says that there are ${attached}: a process is named like one`);
}

/** Version 610 tells it as `kmd_version`, and has a note behind the number in `driver_version`. */
function driverOf(log: XmlNode | undefined, warn: (text: string) => void): string {
  for (const tag of ['kmd_version', 'driver_version']) {
    const [version] = /^\d{1,5}(?:\.\d{1,5}){1,3}(?![\d.])/.exec(textOf(log, tag) ?? '') ?? [];
    if (version !== undefined) return version;
  }
  warn(
    `nvidia-smi tells no version of its driver (driver_version: "${printable(textOf(log, 'driver_version') ?? '')}")`,
  );
  return 'unknown';
}

/**
 * GPUs that cannot be confused: of several with one PCI bus id the first is kept, without its power, since nobody knows whose it is;
 * several with one UUID are known by their bus ids.
 * @param isFirstSure the others may be in names of processes: the first is not, and keeps its power
 */
function apart(
  readings: readonly GpuReading[],
  isFirstSure: boolean,
  warn: (text: string) => void,
): GpuReading[] {
  const kept = new Map<string, GpuReading>();
  const uuids = new Map<string, number>();
  for (const gpu of readings) {
    const { pciBusId, uuid } = gpu;
    const first = kept.get(pciBusId);
    const missing = `nvidia-smi shows more than one GPU at ${pciBusId}`;
    if (first !== undefined) warn(missing);
    if (isFirstSure && first !== undefined && first === readings[0]) continue;
    kept.set(pciBusId, first === undefined ? gpu : { ...first, power: { missing } });
    if (first === undefined && uuid !== null) uuids.set(uuid, (uuids.get(uuid) ?? 0) + 1);
  }
  return [...kept.values()].map((gpu) => {
    if (gpu.uuid === null || uuids.get(gpu.uuid) === 1) return gpu;
    warn(`nvidia-smi shows more than one GPU with the UUID ${gpu.uuid}`);
    return { ...gpu, uuid: null };
  });
}

function refused(why: string): EitError {
  return new EitError('EIT_NVIDIA_SMI', `the answer of nvidia-smi is not used: ${why}`);
}
