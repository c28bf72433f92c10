import { visible } from '../config/visible';
import { filledText, intensityText } from '../report/intensity-words';
import { measuredAndRestText } from '../report/measured-part';
import { isCovered, type RunSet } from '../science/run-set';
import { publishedSet } from './published-set';
import type { SciScore } from './sci-score';

/** When the runs of a set were, Unix ms. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A manifest of the Green Software Foundation's Impact Framework 1.x: what `if-run` reads. */
export interface SciManifest {
  readonly name: string;
  readonly description: string;
  readonly initialize: { readonly plugins: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  readonly tree: Readonly<Record<string, unknown>>;
}

/** That framework takes no observation that is shorter. */
const SHORTEST_S = 1;

/** Most defaults that a text names. */
const MOST_DEFAULTS = 4;

/**
 * Scores as a manifest of the Impact Framework (https://if.greensoftware.foundation): a component a set, with what was observed and with what follows from it, so that
 * whoever has the framework works the score out again. Energy is in kWh, carbon in gCO2eq, as that framework has it.
 */
export function sciManifest(
  scores: readonly { readonly set: RunSet; readonly score: SciScore; readonly span: TimeSpan }[],
): SciManifest {
  const unit = scores[0]?.score.unit.name ?? '';
  return {
    name: `SCI of ${scores.map(({ set }) => visible(set.filter.name, 80)).join(', ')}`,
    description: scores.map(({ set, score }) => scoreText(set, score)).join('\n'),
    initialize: {
      plugins: {
        operational: {
          path: 'builtin',
          method: 'Multiply',
          config: {
            'input-parameters': ['energy', 'grid/carbon-intensity'],
            'output-parameter': 'carbon-operational',
          },
        },
        both: {
          path: 'builtin',
          method: 'Sum',
          config: {
            'input-parameters': ['carbon-operational', 'carbon-embodied'],
            'output-parameter': 'carbon',
          },
        },
        sci: { path: 'builtin', method: 'Sci', config: { 'functional-unit': unit } },
      },
    },
    tree: {
      children: Object.fromEntries(
        scores.map(({ set, score, span }) => {
          const input = observation(score, span);
          const carbon = {
            'carbon-operational': score.operationalG,
            carbon: score.operationalG + score.embodied.g,
          };
          return [
            visible(set.filter.name, 80),
            {
              pipeline: { compute: ['operational', 'both', 'sci'] },
              inputs: [input],
              outputs: [{ ...input, ...carbon, sci: score.score }],
            },
          ];
        }),
      ),
    },
  };
}

function observation(score: SciScore, { fromMs, toMs }: TimeSpan): Record<string, string | number> {
  return {
    timestamp: new Date(fromMs).toISOString(),
    duration: Math.max(SHORTEST_S, (toMs - fromMs) / 1000),
    energy: score.energyKwh,
    'grid/carbon-intensity': score.gPerKwh,
    'carbon-embodied': score.embodied.g,
    [score.unit.name]: score.unit.amount,
  };
}

/** What the standard wants told with a score: boundary, how it came about, what is assumed. */
export function scoreText({ filter, report }: RunSet, score: SciScore): string {
  const { total, factors } = report;
  const measured = total.measured_fraction;
  const partial = report.groups.filter((job) => !isCovered(job)).length;
  return [
    `${publishedSet(filter)}: ${amount(score.score)} gCO2eq per ${score.unit.one} = (E ${amount(score.energyKwh)} kWh x I ${amount(score.gPerKwh)} g/kWh + M ${amount(score.embodied.g)} g) / R ${amount(score.unit.amount)}.`,
    `Boundary: ${factors.it_scope}; the data centre by PUE ${amount(factors.pue)}; no storage, network or login nodes.`,
    `E: ${measuredAndRestText(measured, 'none was recorded')}, divided by the policy ${report.policy}` +
      (partial > 0
        ? `; ${partial} of ${report.groups.length} jobs were observed in part, so the score is too low.`
        : '.'),
    `I: ${visible(factors.intensity_source, 300)} (${factors.zone}, ${intensityText(factors)}, location-based${filledText(factors, '; ')}).`,
    `M: ${score.embodied.basis}.`,
    ...defaultsText(factors.defaults_used),
  ].join(' ');
}

/** Some of them are lists of years. */
export function defaultsText(defaults: readonly string[]): string[] {
  if (defaults.length === 0) return [];
  const named = defaults.slice(0, MOST_DEFAULTS).map((one) => visible(one, 200));
  const more = defaults.length - named.length;
  return [`Defaults: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`];
}

function amount(value: number): string {
  return String(Number(value.toPrecision(6)));
}
