/**
 * What is asked of sacct (https://slurm.schedmd.com/sacct.html, "Job Accounting Fields"). Versions know different ones: those
 * not `needed` are asked for only where `sacct --helpformat` lists them.
 */
const FIELDS = [
  // Of fixed form, first and last: between two rows there is nothing that a user writes.
  { name: 'JobIDRaw', needed: true },
  { name: 'JobID', needed: true },
  { name: 'Cluster', needed: true },
  { name: 'Submit', needed: true },
  { name: 'Eligible', needed: false },
  { name: 'Start', needed: true },
  { name: 'End', needed: true },
  { name: 'State', needed: true },
  { name: 'ExitCode', needed: false },
  { name: 'QOS', needed: false },
  { name: 'Reservation', needed: false },
  { name: 'ElapsedRaw', needed: false },
  { name: 'Suspended', needed: false },
  { name: 'NNodes', needed: false },
  { name: 'AllocCPUS', needed: false },
  { name: 'ReqCPUS', needed: false },
  { name: 'ReqMem', needed: false },
  { name: 'ReqTRES', needed: false },
  { name: 'TimelimitRaw', needed: false },
  { name: 'UID', needed: false },
  { name: 'User', needed: false },
  { name: 'Account', needed: false },
  { name: 'Partition', needed: false },
  { name: 'ConsumedEnergyRaw', needed: false },
  { name: 'Restarts', needed: false },
  { name: 'SLUID', needed: false },
  { name: 'JobName', needed: true },
] as const satisfies readonly { name: string; needed: boolean }[];

export type SacctField = (typeof FIELDS)[number]['name'];

/**
 * The fields to ask this sacct for, JobIDRaw first; the caller asks for it once more at the end of a row.
 * @param helpFormat what `sacct --helpformat` printed: names with blanks between them
 */
export function sacctFields(helpFormat: string): SacctField[] {
  const known = new Set(helpFormat.toLowerCase().split(/\s+/));
  return FIELDS.filter(({ name, needed }) => needed || known.has(name.toLowerCase())).map(({ name }) => name);
}
