/** A part of a power curve; it follows the one before it. Spikes come at its begin and each `everyS` after. */
export type PowerPiece =
  | { readonly kind: 'constant'; readonly forS: number; readonly powerW: number }
  | { readonly kind: 'ramp'; readonly forS: number; readonly fromW: number; readonly toW: number }
  | {
      readonly kind: 'spikes';
      readonly forS: number;
      readonly baseW: number;
      readonly spikeW: number;
      readonly spikeS: number;
      readonly everyS: number;
    };

export interface PowerCurve {
  /** CLOCK_MONOTONIC (ns), in decimal digits: the curve goes through JSON. */
  readonly startNs: string;
  readonly pieces: readonly PowerPiece[];
}

/** The power (W) at a time (CLOCK_MONOTONIC, ns): before the start that of the start, after the end that of the end. */
export function powerAt(curve: PowerCurve, monoNs: bigint): number;

/** The mean power (W) over the second before. */
export function averagePowerAt(curve: PowerCurve, monoNs: bigint): number;

/** The energy (J) between two times, in closed form. */
export function energyBetween(curve: PowerCurve, fromNs: bigint, toNs: bigint): number;
