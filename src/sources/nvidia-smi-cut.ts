import { EitError } from '../errors';
import { parseWhole } from './nvidia-smi-values';
import { XmlScanner } from './xml-scanner';

const GPU = /<gpu(?:\s[^<>]{0,200})?>/g;
const PROCESSES = /<processes\s*\/?>/;
const PROCESSES_END = '</processes>';
const ROOT_END = '</nvidia_smi_log>';
const END = /<\/gpu>\s*<\/nvidia_smi_log>/;
const ATTACHED = /<attached_gpus>\s*(\d{1,4})\s*<\/attached_gpus>/;

/** An answer of nvidia-smi in which nothing is a user's text, and what was. */
export interface CutAnswer {
  readonly xml: string;
  /** The section with the processes of each `<gpu>` in `xml`; null: it has none. */
  readonly processes: readonly (string | null)[];
  /** How many `<gpu>` there are in all, and how many there should be; null: that is not told. */
  readonly shown: number;
  readonly attached: number | null;
}

/**
 * Takes the processes out of an answer. Their names are the users' own, nvidia-smi prints them as they are
 * (https://github.com/common-workflow-language/cwltool/pull/1910), and so they can hold any tags.
 *
 * What holds whatever a name is: a name can add tags and take none away. What stands before the first `<processes>` of the document is
 * nvidia-smi's, and so is each part from a `<gpu>` to the first `<processes>` after it, where there are as many `<gpu>` as
 * nvidia-smi says before the first: then none of them is in a name. All else of a GPU is left out. So a name can neither change
 * a GPU's figures nor make the document unreadable.
 *
 * What a name can do that holds a `<gpu>`: there are more than there should be, and that is seen. The first is true. Of another that is
 * there twice nobody knows which is true: its power is Missing (nvidia-smi-xml.ts). Where nvidia-smi leaves out a GPU that is lost, a name can
 * hold one for it. Which processes there are is another matter: see nvidia-smi-processes.ts.
 * @param xml from where the document begins
 * @param isStrict leaves out what is no whole element, as of a name that only begins one, but the first; without it only
 *   where there are more or less than there should be
 * @throws EitError EIT_NVIDIA_SMI where it has no end
 */
export function cutProcesses(xml: string, isStrict: boolean): CutAnswer {
  const starts = [...xml.matchAll(GPU)].map(({ index }) => index);
  const head = xml.slice(0, starts[0] ?? xml.length);
  const attached = parseWhole(ATTACHED.exec(head)?.[1] ?? null, 1000);
  // More than one where there is one: those after the first are in names.
  const most = attached === 1 ? 1 : starts.length;
  const isChecked = isStrict || starts.length !== attached;
  const parts: string[] = [];
  const processes: (string | null)[] = [];
  let end = '';
  for (const [index, start] of starts.slice(0, most).entries()) {
    const isLast = index + 1 === most;
    const part = xml.slice(start, isLast ? xml.length : starts[index + 1]);
    const begin = part.search(PROCESSES);
    if (isLast && begin !== -1) checkEnd(part);
    const rootEnd = isLast && begin === -1 ? part.lastIndexOf(ROOT_END) : -1;
    const gpu =
      begin === -1 ? part.slice(0, rootEnd === -1 ? part.length : rootEnd) : `${part.slice(0, begin)}</gpu>`;
    if (isLast) end = begin === -1 ? part.slice(gpu.length) : ROOT_END;
    if (isChecked && index > 0 && !isGpu(gpu)) continue;
    parts.push(gpu);
    processes.push(begin === -1 ? null : sectionOf(part.slice(begin)));
  }
  return { xml: [head, ...parts, end].join(''), processes, shown: starts.length, attached };
}

/** Up to the last end: those before it may be in names. */
function sectionOf(text: string): string {
  const end = text.lastIndexOf(PROCESSES_END);
  return end === -1 ? '<processes></processes>' : text.slice(0, end + PROCESSES_END.length);
}

/** @throws EitError EIT_NVIDIA_SMI where neither the last GPU nor the document ends */
function checkEnd(part: string): void {
  if (END.test(part.slice(Math.max(0, part.lastIndexOf(PROCESSES_END))))) return;
  throw new EitError('EIT_NVIDIA_SMI', `the answer of nvidia-smi is not used: it ends before ${ROOT_END}`);
}

/** Whether it is one well-formed element. */
function isGpu(text: string): boolean {
  const scanner = new XmlScanner(text.trim(), 0);
  try {
    let count = 0;
    for (let token = scanner.next(); token !== null; token = scanner.next()) {
      if (scanner.open.length === 0) count += 1;
    }
    return count === 1;
  } catch (error) {
    if (error instanceof EitError) return false;
    throw error;
  }
}
