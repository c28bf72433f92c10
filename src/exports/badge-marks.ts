import { visible } from '../config/visible';
import { pText } from '../science/comparison-words';
import type { EitReport } from '../generated/report';
import { intensityText } from '../report/intensity-words';
import { isCovered, type RunSet } from '../science/run-set';
import { mean, type Sample } from '../science/sample';
import { type Variable, valuesOf, variableNamed } from '../science/variable';
import { welchTest } from '../science/welch';
import { publishedSet } from './published-set';

/** A field that claims something, and what the claim rests on. */
export interface Mark {
  readonly text: string;
  readonly basis: string;
}

/** A mark, or why it is not given. */
export type MarkOutcome = { readonly mark: Mark } | { readonly refused: string };

/**
 * The mark of a clean zone: the mean intensity of the energy lies below a stated bound.
 * @param belowGPerKwh the bound, gCO2eq/kWh
 */
export function cleanMark({ factors }: EitReport, belowGPerKwh: number): MarkOutcome {
  const { zone, intensity_g_per_kwh: g, intensity_source: source } = factors;
  const isAssumed = factors.defaults_used.some((text) => text.startsWith('zone '));
  if (isAssumed)
    return { refused: 'the zone is a default: nobody has said where these runs were (site.zone)' };
  if (!(g < belowGPerKwh))
    return { refused: `${Number(g.toPrecision(4))} g/kWh (${zone}) is not below ${belowGPerKwh} g/kWh` };
  return {
    mark: {
      text: `clean zone: < ${belowGPerKwh} g/kWh`,
      basis: `Clean zone: ${Number(g.toPrecision(4))} gCO2eq/kWh in the mean of the energy (${zone}, ${visible(source, 200)}; ${intensityText(factors)}), below the bound of ${belowGPerKwh}.`,
    },
  };
}

/** Which direction of a figure is the better one; null: not said, then it must not differ either way. */
export type Better = 'higher' | 'lower' | null;

/** Chance of a claim that is none, in each of its two tests. */
const LEVEL = 0.05;

/**
 * The mark of the same performance at less energy. Both parts are tested (Welch, 5 %): that energy is less, and that the performance does not differ by more than the margin
 * (two one-sided tests: the 90 % interval of the difference lies within it; of a figure with a better direction, that it is not worse by more).
 * @param within the margin, a part of the baseline's mean, such as 0.02
 */
export function sameForLessMark(
  set: RunSet,
  baseline: RunSet,
  { metric, within, better }: { readonly metric: Variable; readonly within: number; readonly better: Better },
): MarkOutcome {
  const lacking = [set, baseline].find(({ report }) => !report.groups.every(isCovered));
  if (lacking !== undefined)
    return {
      refused: `jobs of ${visible(lacking.filter.name, 80)} were observed in part: less energy may be less looking`,
    };
  const small = [set, baseline].find(({ report }) => report.groups.length < 2);
  if (small !== undefined)
    return {
      refused: `${visible(small.filter.name, 80)} has one run: how much runs differ takes two or more on each side`,
    };
  const energy = variableNamed('ITEnergy');
  const [own, other] = [valuesOf(set, energy), valuesOf(baseline, energy)];
  const [figure, reference] = [valuesOf(set, metric), valuesOf(baseline, metric)];
  const less = isLess(own, other);
  if (typeof less === 'string') return { refused: `energy: ${less}` };
  const margin = within * Math.abs(mean(reference));
  const same = isSame(figure, reference, margin, better);
  const percent = `${Number((within * 100).toPrecision(4))} %`;
  const name = visible(metric.name, 40);
  if (typeof same === 'string')
    return { refused: `${name}: ${same} (${percent} are ${metric.text(margin)})` };
  const saved = Math.round((1 - mean(own) / mean(other)) * 100);
  return {
    mark: {
      text: `same ${visible(metric.name, 24)} (${better === null ? '±' : better === 'higher' ? '−' : '+'}${percent}), ${saved} % less energy`,
      basis:
        `Same ${name} at less energy than ${publishedSet(baseline.filter)}: ` +
        `${metric.text(mean(figure))} of ${figure.length} runs and ${metric.text(mean(reference))} of ${reference.length}, ` +
        `${better === null ? 'the difference within' : 'worse by no more than'} ${percent} (${same.how}); IT energy a job ${energy.text(mean(own))} and ${energy.text(mean(other))} (${less.how}).`,
    },
  };
}

/** How a claim was shown; a text: why it was not. */
type Shown = { readonly how: string } | string;

function isLess(own: Sample, other: Sample): Shown {
  if (mean(own) >= mean(other)) return 'it is not less in the mean';
  const welch = welchTest(other, own);
  if (welch === null) return { how: 'no run differs from another of its set' };
  return welch.p <= LEVEL
    ? { how: `Welch, p ${pText(welch.p)}` }
    : `less in the mean, and that can be chance (Welch, p ${pText(welch.p)})`;
}

function isSame(figure: Sample, reference: Sample, margin: number, better: Better): Shown {
  const welch = welchTest(reference, figure, 1 - 2 * LEVEL);
  const difference = mean(figure) - mean(reference);
  const [low, high] = welch === null ? [difference, difference] : [welch.low, welch.high];
  const isHighEnough = better === 'lower' || low >= -margin;
  const isLowEnough = better === 'higher' || high <= margin;
  if (isHighEnough && isLowEnough)
    return {
      how: welch === null ? 'no run differs from another of its set' : 'Welch, two one-sided tests at 5 %',
    };
  const isWithin =
    (better === 'lower' || difference >= -margin) && (better === 'higher' || difference <= margin);
  return isWithin
    ? 'the means are within the margin, and that can be chance: more runs may show it'
    : 'the means are further apart than the margin';
}
