// Generated from schemas/facts.schema.json by `npm run generate`. Do not edit.

export type Text = string;

/**
 * A line of facts.ndjson: what a user says of one of his runs. Lines are only added; of each tag and metric the last line holds, null takes it back. Nothing in it is measured by us.
 */
export interface FactLine {
  /**
   * Version of this schema.
   */
  schema: 1;
  cluster: string;
  /**
   * SLURM_JOB_ID, of a task of an array its own; in a folder of eit run the number of the run.
   */
  job: number;
  /**
   * Start of the job as Slurm tells it, where it was known: tells it from another that gets its id later.
   */
  started?: string;
  /**
   * Of a run of ours on several nodes: one that has begun with it; each begins with a run once.
   */
  node?: Text;
  /**
   * When it was said.
   */
  at: string;
  tags?: {
    [k: string]: Text | null;
  };
  metrics?: {
    [k: string]: FactMetric | null;
  };
}
export interface FactMetric {
  /**
   * Absent: none.
   */
  unit?: Text;
  /**
   * Which of its values is the best; absent: not said.
   */
  best?: 'max' | 'min';
  /**
   * [step, value] in the order in which they were measured; null: no step was told.
   *
   * @minItems 1
   * @maxItems 100000
   */
  points: [[number | null, number], ...[number | null, number][]];
}
