/** More than any kernel can have (CONFIG_NR_CPUS is at most 8192): so that no list fills the memory. */
const MOST_CPUS = 65_536;

/**
 * The kernel's list of CPUs, as cpusets and topology files have it: `0-3,8`, or nothing for no CPU.
 * https://man7.org/linux/man-pages/man7/cpuset.7.html, "List format"
 * @returns in ascending order, each once; null where the text is no such list
 */
export function parseCpuList(text: string): number[] | null {
  const list = text.trim();
  if (list === '') return [];
  const cpus = new Set<number>();
  for (const range of list.split(',')) {
    const [, first, last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range) ?? [];
    if (first === undefined || Number(last) < Number(first) || Number(last) >= MOST_CPUS) return null;
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** The list in the kernel's form. @param cpus in any order */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of [...new Set(cpus)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && cpu === last[1] + 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}
