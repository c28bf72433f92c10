/** A node as sinfo tells it. */
export interface SinfoNode {
  readonly node: string;
  /** In small letters, such as `idle`, `mixed`, `down*`, `idle~`. */
  readonly state: string;
}

/** What sinfo is asked with: a line a node and partition, `NAME|STATE` (https://slurm.schedmd.com/sinfo.html). */
export const SINFO_ARGS = ['--noheader', '--Node', '--format=%N|%T'] as const;

/** Each node once. */
export function parseSinfo(text: string): SinfoNode[] {
  const nodes = new Map<string, SinfoNode>();
  for (const line of text.split('\n')) {
    const [node = '', state = ''] = line.trim().split('|');
    if (/^[A-Za-z0-9][\w.-]*$/.test(node)) nodes.set(node, { node, state: state.toLowerCase() });
  }
  return [...nodes.values()];
}

/** Whether Slurm itself knows that a node is away: down, switched off or on its way there or back, in the future. */
export function isAway({ state }: Pick<SinfoNode, 'state'>): boolean {
  return /^(?:down|fail|future|power|unknown|reboot|no_respond)/.test(state) || /[~#%*!^@]/.test(state);
}
