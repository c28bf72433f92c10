'use strict';
// Power as a function of time whose integral is known in closed form. CommonJS, so that the fake program (a module) and
// the tests (transformed to CommonJS) can both import it.

/**
 * @typedef {import('./power-curve').PowerCurve} PowerCurve
 * @typedef {import('./power-curve').PowerPiece} PowerPiece
 */

/** Power (W) `tS` seconds after the piece's begin. */
function powerIn(piece, tS) {
  switch (piece.kind) {
    case 'constant':
      return piece.powerW;
    case 'ramp':
      return piece.fromW + ((piece.toW - piece.fromW) * tS) / piece.forS;
    case 'spikes':
      return tS % piece.everyS < piece.spikeS ? piece.spikeW : piece.baseW;
    default:
      throw new Error(`unknown piece of a power curve: ${piece.kind}`);
  }
}

/** Energy (J) of the piece's first `tS` seconds. */
function energyIn(piece, tS) {
  switch (piece.kind) {
    case 'constant':
      return piece.powerW * tS;
    case 'ramp':
      return piece.fromW * tS + ((piece.toW - piece.fromW) * tS * tS) / (2 * piece.forS);
    case 'spikes': {
      const whole = Math.floor(tS / piece.everyS);
      const spikesS = whole * piece.spikeS + Math.min(tS - whole * piece.everyS, piece.spikeS);
      return piece.baseW * tS + (piece.spikeW - piece.baseW) * spikesS;
    }
    default:
      throw new Error(`unknown piece of a power curve: ${piece.kind}`);
  }
}

function secondsSince(startNs, monoNs) {
  return Number(BigInt(monoNs) - BigInt(startNs)) / 1e9;
}

/**
 * The power (W) at a time (CLOCK_MONOTONIC, ns): before the curve's start that of its start, after its end that of its end.
 * @param {PowerCurve} curve
 * @param {bigint} monoNs
 */
function powerAt(curve, monoNs) {
  let tS = Math.max(0, secondsSince(curve.startNs, monoNs));
  for (const piece of curve.pieces) {
    if (tS < piece.forS) return powerIn(piece, tS);
    tS -= piece.forS;
  }
  const last = curve.pieces[curve.pieces.length - 1];
  return powerIn(last, last.forS);
}

/**
 * The energy (J) drawn between two times (CLOCK_MONOTONIC, ns).
 * @param {PowerCurve} curve
 * @param {bigint} fromNs
 * @param {bigint} toNs
 */
function energyBetween(curve, fromNs, toNs) {
  return energySinceStart(curve, toNs) - energySinceStart(curve, fromNs);
}

/** Negative before the start. */
function energySinceStart(curve, monoNs) {
  let tS = secondsSince(curve.startNs, monoNs);
  if (tS < 0) return powerIn(curve.pieces[0], 0) * tS;
  let energyJ = 0;
  for (const piece of curve.pieces) {
    if (tS < piece.forS) return energyJ + energyIn(piece, tS);
    energyJ += energyIn(piece, piece.forS);
    tS -= piece.forS;
  }
  const last = curve.pieces[curve.pieces.length - 1];
  return energyJ + powerIn(last, last.forS) * tS;
}

/**
 * The mean power (W) over the second before a time, as the driver tells it (nvmlDeviceGetPowerUsage).
 * @param {PowerCurve} curve
 * @param {bigint} monoNs
 */
function averagePowerAt(curve, monoNs) {
  return energyBetween(curve, monoNs - 1_000_000_000n, monoNs);
}

module.exports = { powerAt, averagePowerAt, energyBetween };
