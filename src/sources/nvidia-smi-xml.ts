import { EitError } from '../errors';
import { firstLine } from './dcmi-text';
import type { GpuReading } from './gpu';
import { parseGpu } from './nvidia-smi-gpu';
import { neededSections } from './nvidia-smi-sections';
import { parseWhole, printable } from './nvidia-smi-values';
import { type XmlNode, childOf, childrenOf, parseXml, textOf } from './xml-tree';

/** Longest answer that is looked at, in characters: some 130 GPUs with all their lists. */
export const MOST_ANSWER = 8 * 1024 * 1024;

/** No host has more. */
const MOST_GPUS = 64;
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

/**
 * Reads the XML that `nvidia-smi -q -x` prints, of any version of the driver: it looks for tags, since the version of the document's own
 * DTD does not tell where they are (v12 has power in three places). What is not told, or told in words in place of a number, is
 * Missing or null. There is no counter of energy in it.
 * https://docs.nvidia.com/deploy/nvidia-smi/index.html
 * @param xml one document. Text before it (as of a GPU that is lost) becomes a warning, text behind it is passed over
 * @throws EitError EIT_NVIDIA_SMI for what is no whole answer: another text, broken XML, entities, too long, more GPUs than it says
 *   there are (the name of a process could pretend to be one)
 */
export function parseNvidiaSmi(xml: string): NvidiaSmiLog {
  if (xml.length > MOST_ANSWER) throw refused(`it is longer than ${MOST_ANSWER / 1024 / 1024} MiB`);
  const start = xml.search(BEGINNING);
  if (start === -1) throw refused(`it says ${firstLine(xml)}`);

  const warnings = new Set<string>();
  const warn = (text: string): void => {
    if (warnings.size < MOST_WARNINGS) warnings.add(text);
  };
  const before = xml.slice(0, start).replace(/^\uFEFF/, '');
  if (before.trim() !== '') warn(`nvidia-smi says ${firstLine(before)}`);

  const log = parseLog(neededSections(xml, start));
  const elements = childrenOf(log, 'gpu');
  checkCount(elements.length, textOf(log, 'attached_gpus'), warn);
  const readings = elements.map((gpu, index) => parseGpu(gpu, index, warn)).filter((gpu) => gpu !== null);
  return { driver: driverOf(log, warn), gpus: apart(readings, warn), warnings: [...warnings] };
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
 * @throws EitError EIT_NVIDIA_SMI for more, and where neither GPUs are told nor that there are none
 */
function checkCount(shown: number, attached: string | null, warn: (text: string) => void): void {
  const there = parseWhole(attached, 1000);
  if (shown > MOST_GPUS) throw refused(`it shows ${shown} GPUs, more than any host has`);
  if (there === null && shown === 0) throw refused('it tells of no GPU, nor that there is none');
  if (there === null || shown === there) return;
  if (shown > there) throw refused(`it shows ${shown} GPUs and says that there are ${there}`);
  warn(`nvidia-smi shows ${shown} of ${there} GPUs`);
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
 */
function apart(readings: readonly GpuReading[], warn: (text: string) => void): GpuReading[] {
  const kept = new Map<string, GpuReading>();
  const uuids = new Map<string, number>();
  for (const gpu of readings) {
    const { pciBusId, uuid } = gpu;
    const first = kept.get(pciBusId);
    const missing = `nvidia-smi shows more than one GPU at ${pciBusId}`;
    if (first !== undefined) warn(missing);
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
