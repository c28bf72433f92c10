/** A mail about a job without its envelope: what the text and the HTML part say is the same. */
export interface ComposedMail {
  /** One line without control characters. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** What is known of a job when its mail is about to be sent. */
export interface JobFound {
  /** Of the nodes asked for, those whose records of this run have its end. */
  readonly endedNodes: readonly string[];
  /** The mail as it would be now; `missingNodes` are named in it. */
  compose(missingNodes: readonly string[]): ComposedMail;
}
