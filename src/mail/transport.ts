/** Who a mail is from and to, outside of its text (RFC 5321). */
export interface Envelope {
  readonly from: string;
  readonly to: string;
}

/** A mail that is ready to be handed over. */
export interface Parcel {
  /** Names it in the spool; the same each time that it is tried. */
  readonly id: string;
  readonly envelope: Envelope;
  /** The whole message (RFC 5322), lines end with CR LF. */
  readonly message: Buffer;
}

/** What became of a mail. `reason` and `response` are one line each, not ours. */
export type Delivery =
  | { readonly kind: 'sent'; readonly response: string }
  /** Not taken, and may be later; where `isServer`, no other mail would be now. */
  | { readonly kind: 'later'; readonly reason: string; readonly isServer: boolean }
  /** Nobody can tell whether it was. */
  | { readonly kind: 'unsure'; readonly reason: string }
  /** Not taken, and never will be. */
  | { readonly kind: 'refused'; readonly reason: string };

/** A way out for mails. */
export interface Transport {
  /** How messages name it. */
  readonly name: string;
  /**
   * Hands a mail over.
   * @param commit is called, and waited for, before the step after which the mail may have arrived; what it throws ends the sending
   */
  send(parcel: Parcel, commit: () => Promise<void>): Promise<Delivery>;
  close(): void;
}
