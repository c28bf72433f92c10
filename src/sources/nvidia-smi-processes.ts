import type { GpuProcess } from './gpu';
import { parseMemoryBytes, parseWhole } from './nvidia-smi-values';

/** Far more than use a GPU. */
const MOST_PROCESSES = 1024;
const MOST_PID = 2 ** 22;
/** Of ids of instances. */
const MOST_INSTANCE_ID = 9999;

/** A process: each of these tags with a value that holds neither markup nor control characters. */
const PROCESS =
  /<process_info>((?:\s*<(gpu_instance_id|compute_instance_id|pid|type|process_name|used_memory)>[ -;=?-~\u0080-\uffff]*<\/\2>){1,6})\s*<\/process_info>\s*/y;
const FIELD = /<(\w+)>([^<]*)</g;

/** Whether a process can have been told under this name; null: its name was not told. */
export type IsItsName = (pid: number, name: string | null) => boolean;

/** The processes of a GPU; or why those that are told are not used. */
export type ToldProcesses = { readonly processes: readonly GpuProcess[] | null } | { readonly odd: string };

/**
 * The section `<processes>` of a GPU. A name that holds tags makes it odd, or it holds a whole process, tag for tag: then nothing in
 * the text tells that from a true one. But before its name stands the true number of the process that has it, so `isItsName` is asked
 * for each: one whose own name holds markup makes the section odd too. What is left to a user is to have another name in
 * the moment after nvidia-smi has asked for it; that puts processes into the GPU that its own process uses, and no other.
 * @param section from `<processes>` to its end
 */
export function parseProcesses(section: string, isItsName: IsItsName = () => true): ToldProcesses {
  const content = section.slice('<processes>'.length, -'</processes>'.length).trim();
  if (content === '' || content === 'None') return { processes: [] };
  // `N/A`, or why it may not be told.
  if (/^[\w\s/[\],.()-]{1,100}$/.test(content)) return { processes: null };

  const found = new Map<string, GpuProcess>();
  PROCESS.lastIndex = 0;
  let count = 0;
  while (PROCESS.lastIndex < content.length) {
    const [, text] = PROCESS.exec(content) ?? [];
    if (text === undefined)
      return { odd: 'there is more in it than processes, as where a name holds markup' };
    count += 1;
    if (count > MOST_PROCESSES) return { odd: `there are more than ${MOST_PROCESSES}` };
    const fields = [...text.matchAll(FIELD)].map(([, tag = '', value = '']) => [tag, value.trim()] as const);
    const told = new Map(fields);
    if (told.size < fields.length) return { odd: 'one of them is told twice over' };
    const process = toProcess(told);
    if (process === null) continue;
    if (!isItsName(process.pid, told.get('process_name') ?? null)) {
      return { odd: `the name of process ${process.pid} holds markup` };
    }
    const key = `${process.pid} ${process.instance?.gpu} ${process.instance?.compute}`;
    if (!found.has(key)) found.set(key, process);
  }
  return { processes: [...found.values()] };
}

function toProcess(told: ReadonlyMap<string, string>): GpuProcess | null {
  const whole = (tag: string, most: number): number | null => parseWhole(told.get(tag) ?? null, most);
  const pid = whole('pid', MOST_PID);
  if (pid === null || pid === 0) return null;
  const gpu = whole('gpu_instance_id', MOST_INSTANCE_ID);
  const compute = whole('compute_instance_id', MOST_INSTANCE_ID);
  return {
    pid,
    smPart: null,
    memoryBytes: parseMemoryBytes(told.get('used_memory') ?? null),
    instance: gpu === null || compute === null ? null : { gpu, compute },
  };
}

/**
 * Whether the command line of a process can be shown as the name that was told: nvidia-smi tells its first word, or more of it.
 * @param commandLine /proc/<pid>/cmdline, each character a byte; null where there is none any more
 */
export function isPlainName(commandLine: string | null, name: string | null): boolean {
  if (commandLine === null) return true;
  const [first = ''] = commandLine.split('\0', 1);
  const shown = name === first ? first : commandLine.replaceAll('\0', ' ');
  return /^[ -;=?-~\u0080-\uffff]*$/.test(shown);
}
