/** What Slurm's accounting tells of a job's place in an array or a heterogeneous job; null: in none. */
export interface JobPlace {
  readonly arrayJobId: number | null;
  readonly arrayTaskId: number | null;
  readonly hetJobId: number | null;
  readonly hetOffset: number | null;
}

/** A job's id as sacct writes it: `13_2` for a task of an array, `12+1` for a part of a heterogeneous job. */
export function jobIdText(id: number, place: JobPlace | null): string {
  const { arrayJobId = null, arrayTaskId = null, hetJobId = null, hetOffset = null } = place ?? {};
  if (arrayJobId !== null && arrayTaskId !== null) return `${arrayJobId}_${arrayTaskId}`;
  return hetJobId !== null && hetOffset !== null ? `${hetJobId}+${hetOffset}` : String(id);
}
