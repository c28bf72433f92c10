import { EitError } from '../errors';
import { XmlScanner } from './xml-scanner';

const ROOT = 'nvidia_smi_log';

/** Far more than 64 GPUs with a hundred processes each; what is kept is parsed, which costs much more than passing over it. */
const MOST_KEPT = 2 * 1024 * 1024;

/** Between the tags of a list of clocks: other markup than tags, and tags that cannot be in one. */
const STRANGE_IN_CLOCKS = /<(?:[!?]|\/?(?:gpu|supported_clocks|nvidia_smi_log)\b)/;

/** What is read of an element: those in it that have an entry, or all of it. */
type Needed = ReadonlyMap<string, Needed> | 'all';

const DRAWS: Readonly<Record<string, Needed>> = {
  average_power_draw: 'all',
  instant_power_draw: 'all',
  power_draw: 'all',
};
const MEMORY = needed({ total: 'all', used: 'all' });
const MIG_DEVICE = needed({
  index: 'all',
  gpu_instance_id: 'all',
  compute_instance_id: 'all',
  uuid: 'all',
  device_attributes: needed({ shared: needed({ multiprocessor_count: 'all' }) }),
  fb_memory_usage: MEMORY,
});
const GPU = needed({
  product_name: 'all',
  product_architecture: 'all',
  mig_mode: needed({ current_mig: 'all' }),
  mig_devices: needed({ mig_device: MIG_DEVICE }),
  uuid: 'all',
  minor_number: 'all',
  pci: needed({ pci_bus_id: 'all', pci_domain: 'all', pci_bus: 'all', pci_device: 'all' }),
  performance_state: 'all',
  clocks_event_reasons: 'all',
  clocks_throttle_reasons: 'all',
  fb_memory_usage: MEMORY,
  utilization: needed({ gpu_util: 'all' }),
  gpu_power_readings: needed(DRAWS),
  power_readings: needed(DRAWS),
  // Where a layout not seen yet could have them.
  ...DRAWS,
});
const DOCUMENT = needed({
  [ROOT]: needed({ driver_version: 'all', kmd_version: 'all', attached_gpus: 'all', gpu: GPU }),
});

function needed(elements: Readonly<Record<string, Needed>>): ReadonlyMap<string, Needed> {
  return new Map(Object.entries(elements));
}

/**
 * What of `nvidia-smi -q -x` is read, as a document of its own: a twentieth of the whole, most of which is a list of the clocks
 * that each GPU supports, and for eight GPUs costs 25 ms to parse. Names of processes are left out too: they are the users' own,
 * nvidia-smi prints them as they are, and nothing in them may be taken for a tag
 * (https://github.com/common-workflow-language/cwltool/pull/1910).
 * @param start where in `xml` the document begins
 * @throws EitError EIT_NVIDIA_SMI where it is no single well-formed `<nvidia_smi_log>`, declares entities or is too deep
 */
export function neededSections(xml: string, start: number): string {
  const scanner = new XmlScanner(xml, start);
  const kept: string[] = [];
  /** What is needed of each element that is open; null: nothing. */
  const path: (Needed | null)[] = [DOCUMENT];
  /** Where what is kept and not copied yet begins. */
  let from: number | null = null;
  let hasRoot = false;

  for (let token = scanner.next(); token !== null; token = scanner.next()) {
    const { name, start: at } = scanner;
    const parent = path.at(-1) ?? null;
    let isKept = parent !== null;
    if (token === 'close') {
      path.pop();
    } else if (token === 'aside') {
      isKept &&= path.length > 1;
    } else {
      if (path.length === 1) {
        if (hasRoot || name !== ROOT) throw notOne(name, hasRoot);
        hasRoot = true;
      }
      const needs = parent === null || parent === 'all' ? parent : (parent.get(name) ?? null);
      isKept = needs !== null;
      if (token === 'open' && !isPassed(xml, scanner, needs)) path.push(needs);
    }

    if (isKept) from ??= at;
    const isOutside = path.length === 1;
    if (from !== null && (!isKept || isOutside)) {
      kept.push(xml.slice(from, isKept ? scanner.end : at));
      from = null;
    }
    if (!isKept && !isOutside && (path.at(-1) ?? null) !== null) from = scanner.end;
  }
  return checked(kept.join(''));
}

/**
 * Passes over a list of clocks without looking at each tag in it. There a `<` is markup, as everywhere in XML but in comments, CDATA
 * sections and processing instructions: where none of these begins before the closing tag, that is one. Anything unusual is left to
 * the scanner.
 */
function isPassed(xml: string, scanner: XmlScanner, needs: Needed | null): boolean {
  if (scanner.name !== 'supported_clocks' || needs !== null) return false;
  const closing = `</${scanner.name}>`;
  const end = xml.indexOf(closing, scanner.end);
  if (end === -1 || STRANGE_IN_CLOCKS.test(xml.slice(scanner.end, end))) return false;
  scanner.skipPast(closing);
  scanner.open.pop();
  return true;
}

function checked(sections: string): string {
  if (sections.length <= MOST_KEPT) return sections;
  throw new EitError(
    'EIT_NVIDIA_SMI',
    `the answer of nvidia-smi is not used: what matters of it is longer than ${MOST_KEPT / 1024 / 1024} MiB`,
  );
}

function notOne(name: string, hasRoot: boolean): EitError {
  const what = hasRoot ? 'more than one document' : `<${name.slice(0, 40)}>`;
  return new EitError('EIT_NVIDIA_SMI', `nvidia-smi answered with ${what}, not with one <${ROOT}>`);
}
