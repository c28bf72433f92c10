// Fits a straight function of many variables to points of its own making, in one of three ways, and writes how much of what the held-out points
// vary it explains (R²) as it goes on: node regress.mjs METHOD SEED OUTPUT.json
import { writeFileSync } from 'node:fs';

const [method, seed, output] = process.argv.slice(2);
const [POINTS, HELD_OUT, VARIABLES] = [3000, 500, 60];

/** Mulberry32: the same numbers from the same seed, everywhere. */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = generator(Number(seed));
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const truth = Array.from({ length: VARIABLES }, normal);
const dot = (a, b) => a.reduce((sum, one, i) => sum + one * b[i], 0);
const made = (count) =>
  Array.from({ length: count }, () => {
    const x = Array.from({ length: VARIABLES }, normal);
    return { x, y: dot(x, truth) + 2 * normal() };
  });
const [train, test] = [made(POINTS), made(HELD_OUT)];

/** 1 - sum of squared errors / sum of squared deviations from the mean: 0 is what the mean alone gets. */
function explained(weights) {
  const mean = test.reduce((sum, { y }) => sum + y, 0) / test.length;
  const squares = (of) => test.reduce((sum, point) => sum + of(point) ** 2, 0);
  return 1 - squares(({ x, y }) => y - dot(x, weights)) / squares(({ y }) => y - mean);
}

const points = [];
const told = (step, weights) => points.push([step, explained(weights)]);

const METHODS = {
  /** Solves X'X w = X'y by elimination: one step. */
  'normal-equations'() {
    const rows = truth.map((_, i) => [
      ...truth.map((__, j) => train.reduce((sum, { x }) => sum + x[i] * x[j], 0)),
      train.reduce((sum, { x, y }) => sum + x[i] * y, 0),
    ]);
    rows.forEach((row, i) => {
      for (let k = 0; k < VARIABLES; k++) {
        if (k === i) continue;
        const factor = rows[k][i] / row[i];
        for (let j = i; j <= VARIABLES; j++) rows[k][j] -= factor * row[j];
      }
    });
    told(
      1,
      rows.map((row, i) => row[VARIABLES] / row[i]),
    );
  },
  'gradient-descent'() {
    let weights = truth.map(() => 0);
    for (let step = 1; step <= 200; step++) {
      const slope = truth.map(() => 0);
      for (const { x, y } of train) {
        const error = dot(x, weights) - y;
        for (let i = 0; i < VARIABLES; i++) slope[i] += (error * x[i]) / POINTS;
      }
      weights = weights.map((weight, i) => weight - 0.05 * slope[i]);
      if (step % 10 === 0) told(step, weights);
    }
  },
  /** Keeps a random change where it makes the error smaller. */
  'random-search'() {
    const error = (weights) => train.reduce((sum, { x, y }) => sum + (y - dot(x, weights)) ** 2, 0);
    let weights = truth.map(() => 0);
    let least = error(weights);
    for (let step = 1; step <= 400; step++) {
      const changed = weights.map((weight) => weight + 0.1 * normal());
      const found = error(changed);
      if (found < least) [weights, least] = [changed, found];
      if (step % 20 === 0) told(step, weights);
    }
  },
};

METHODS[method]();
writeFileSync(output, JSON.stringify({ r2: { points, best: 'max' } }));
