/**
 * Names of hosts as Slurm lists them: `c[0001-0003,0007]`, `c0004`.
 * @param hosts whose names have the same beginning and as many digits, in their order
 */
export function nodelist(hosts: readonly { readonly name: string }[]): string {
  const first = hosts[0]?.name ?? '';
  if (hosts.length === 1) return first;
  const prefix = first.replace(/\d+$/, '');
  const width = first.length - prefix.length;
  const ranges: [from: number, to: number][] = [];
  for (const { name } of hosts) {
    const number = Number(name.slice(prefix.length));
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const padded = (number: number): string => String(number).padStart(width, '0');
  return `${prefix}[${ranges.map(([from, to]) => (from === to ? padded(from) : `${padded(from)}-${padded(to)}`)).join(',')}]`;
}
