/** A mail about a job without its envelope: what the text and the HTML part say is the same. */
export interface ComposedMail {
  /** One line without control characters. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** What is known of a job when its mail is about to be sent. Plain data: another process finds it. */
export interface JobFound {
  /** Of the nodes asked for, those whose records of this run have its end. */
  readonly endedNodes: readonly string[];
  /** The mail as it would be now, the nodes that are missing named in it; null: not asked for yet, or it cannot be made. */
  readonly mail: ComposedMail | null;
  /** Why it cannot be made. */
  readonly problem: string | null;
}
