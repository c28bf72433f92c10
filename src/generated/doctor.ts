// Generated from schemas/doctor.schema.json by `npm run generate`. Do not edit.

/**
 * What `eit doctor --json` prints.
 */
export interface DoctorReport {
  schema: 1;
  /**
   * Version of the program.
   */
  tool: string;
  host: string;
  /**
   * UTC.
   */
  at: string;
  /**
   * Others may not look at everything.
   */
  isRoot: boolean;
  /**
   * What the machine was taken for.
   */
  roles: ('node' | 'head' | 'login')[];
  /**
   * No problem was found: exit status 0.
   */
  ok: boolean;
  checks: DoctorCheck[];
}
export interface DoctorCheck {
  topic:
    | 'setup'
    | 'slurm'
    | 'energy'
    | 'agent'
    | 'ledger'
    | 'clock'
    | 'archive'
    | 'hosts'
    | 'accounting'
    | 'quotas'
    | 'carbon'
    | 'units';
  /**
   * What was looked at; one name can have several lines.
   */
  name: string;
  /**
   * unknown: it was skipped; the text says why.
   */
  verdict: 'ok' | 'warning' | 'problem' | 'unknown';
  /**
   * For people; may change from version to version.
   */
  text: string;
  /**
   * What to do.
   */
  mend?: string;
}
