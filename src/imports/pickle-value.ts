/** What a pickle holds; tuples and sets are arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | OpaqueValue;

/** What Python would make by calling something. It is named here and never made: a pickle is a program, and this is its listing. */
export class OpaqueValue {
  /** Module and name, such as `datetime.datetime`. */
  readonly of: string;
  /** What it would be called with. */
  readonly given: readonly PickleValue[];
  /** What it would be filled with, the last of all; undefined: with nothing. */
  readonly state: PickleValue | undefined;

  constructor(of: string, given: readonly PickleValue[] = [], state?: PickleValue) {
    this.of = of;
    this.given = given;
    this.state = state;
  }
}
