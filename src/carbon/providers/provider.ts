import { EitError } from '../../errors';
import type { IntensityLine } from '../../generated/intensity';
import type { HttpClient } from '../http-client';
import type { IntensityBasis } from '../intensity';

/** A value as a provider gives it. */
export interface ProviderValue {
  readonly startMs: number;
  readonly endMs: number;
  readonly gPerKwh: number;
  readonly estimated: boolean;
}

/** What a provider is asked for. */
export interface ProviderQuestion {
  /** Our key of the zone. */
  readonly zone: string;
  /** The provider's own name of it. */
  readonly providerZone: string;
  readonly basis: IntensityBasis;
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
}

export interface ProviderContext {
  readonly http: HttpClient;
  /** Where the provider is; its own address or a mirror's. */
  readonly baseUrl: string;
  /** What the token's file holds; none where it needs none. */
  readonly token: readonly string[];
}

/** What came. */
export interface ProviderAnswer {
  readonly values: readonly ProviderValue[];
  /** What was no value, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** What somebody should know of it. */
  readonly notes?: readonly string[];
  /** Where the token has a right to less than was asked for. */
  readonly reach?: TokenReach;
}

/** How far back a token goes. */
export interface TokenReach {
  /** Nothing that begins before is given for it. */
  readonly sinceMs: number;
  /** What would bring more, such as `a token with past-range`. */
  readonly wants: string;
}

/** A refusal of a time that this token has no right to, though it may have one to later times. */
export class OutOfReach extends EitError {
  readonly reach: TokenReach;

  constructor(cause: EitError, reach: TokenReach) {
    super(cause.code, cause.message, { cause });
    this.reach = reach;
  }
}

/** Somebody who has series of carbon intensity: one file each in this folder; the list is in index.ts. */
export interface Provider {
  readonly name: string;
  /** As the source of its values. */
  readonly source: string;
  readonly url: string;
  /** How many lines its token's file has; 0: it needs none. */
  readonly tokenLines: 0 | 1 | 2;
  /** Which averages it has, the first if nothing is said. */
  readonly bases: readonly IntensityBasis[];
  readonly flow: IntensityLine['flow'];
  /** How long its values are; where zones differ, the shortest. */
  readonly stepMinutes: number;
  /** The most that one question may span. */
  readonly chunkMs: number;
  /** How long after its time a value may still change. */
  readonly settlesMs: number;
  /** The provider's name of a zone; null: none is known, so that it has to be said (`provider_zone`). */
  zoneName(zone: string): string | null;
  /** @throws EitError EIT_PROVIDER; OutOfReach where a later time may be given */
  fetch(question: ProviderQuestion, context: ProviderContext): Promise<ProviderAnswer>;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
