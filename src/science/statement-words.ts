import { SOCIAL_COST_SOURCE, costText } from '../carbon/social-cost';
import { WORLD_COUNTRY } from '../carbon/country';
import type { ClusterFactors } from '../generated/report';
import { BASIS_WORDS, basisTaken, filledText, isYearly, yearsNamed } from '../report/intensity-words';
import { counted, plainNumber } from '../report/units';
import { type Citation, HENDERSON, RICKE } from './citations';
import type { DocumentTable } from './document-table';
import { LEAST_COVERAGE } from './run-set';
import type { StatedCost, StatedFigures, StatedProject, Statement } from './statement';

/** A part of a sentence: text, whoever wrote it; a work that is cited there; an address. */
export type Piece = string | { readonly cite: Citation } | { readonly url: string };

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'table'; readonly table: DocumentTable };

/**
 * The statement as paragraphs: what was used and emitted, what it rests on, what was added.
 * @param zoneName the name of a zone for people; '' where it has none
 */
export function statementBlocks(statement: Statement, zoneName: (zone: string) => string): Block[] {
  const { projects, together, overlaps, additions } = statement;
  const [only] = projects;
  return [
    { kind: 'heading', text: 'Carbon impact statement' },
    ...(together === null && only !== undefined
      ? [paragraph(impactPieces(only, 'The computing for this work'))]
      : [
          { kind: 'table' as const, table: projectTable(statement) },
          ...(together === null ? [] : [paragraph(impactPieces(together, 'The computing for all of this'))]),
          ...overlaps.map((text) => paragraph([`${capital(text)}.`])),
        ]),
    ...projects.flatMap((project) => projectBlocks(project, projects.length > 1)),
    ...placeBlocks(projects, zoneName),
    paragraph(methodPieces(statement)),
    ...(additions.length === 0
      ? []
      : [
          paragraph([
            `Stated beside it by the authors, not measured and not in any figure above: ${additions
              .map(({ name, co2eKg }) => `${name}, ${plainNumber(Number(statedAmount(co2eKg)))} kg of CO2eq`)
              .join('; ')}.`,
          ]),
        ]),
  ];
}

/** Both, in the order in which they are cited. */
export function citedIn({ projects }: Statement): Citation[] {
  return projects.some(({ socialCost }) => socialCost !== null) ? [RICKE, HENDERSON] : [HENDERSON];
}

function paragraph(pieces: readonly Piece[]): Block {
  return { kind: 'paragraph', pieces };
}

function impactPieces(figures: StatedFigures, subject: string): Piece[] {
  const { energyKwh, co2eKg, socialCost, partial } = figures;
  const least = partial > 0 ? 'at least ' : '';
  return [
    `${subject} used ${least}${statedAmount(energyKwh)} kWh of electricity, PUE included, and caused the emission of ${least}${statedAmount(co2eKg)} kg of CO2eq.`,
    ...(socialCost === null ? [] : costPieces(socialCost, partial > 0)),
  ];
}

function costPieces({ countries, countryUsd, worldUsd }: StatedCost, isLeast: boolean): Piece[] {
  const own = countries.filter((country) => country !== WORLD_COUNTRY);
  const least = isLeast ? ', for that part' : '';
  const world = `${costText(worldUsd)} for the world`;
  const first =
    own.length === 0
      ? world
      : countryUsd === null
        ? `not known for ${countries.join(', ')}, and ${world}`
        : `${costText(countryUsd)} for ${countries.join(', ')}, and ${world}`;
  return [
    ` The social cost of that carbon is ${first}${least} (median and 66 % interval, USD of 2010; `,
    { cite: RICKE },
    ').',
  ];
}

function projectBlocks(project: StatedProject, isOneOfMany: boolean): Block[] {
  return [
    ...(isOneOfMany ? [{ kind: 'heading' as const, text: project.name }] : []),
    paragraph([[...workSentences(project), ...basisSentences(project)].join(' ')]),
  ];
}

/** Once, where it is the same of all. */
function placeBlocks(projects: readonly StatedProject[], zoneName: (zone: string) => string): Block[] {
  const told = new Map<string, string[]>();
  for (const project of projects) {
    const text = placeSentences(project, zoneName).join(' ');
    told.set(text, [...(told.get(text) ?? []), project.name]);
  }
  return [...told].map(([text, names]) =>
    paragraph([
      told.size > 1 ? `For ${names.join(', ')}: ${text.charAt(0).toLowerCase()}${text.slice(1)}` : text,
    ]),
  );
}

function workSentences(project: StatedProject): string[] {
  const { jobs, elapsedSeconds, cpuSeconds, gpuSeconds, cpuModels, gpuModels } = project;
  const times = [
    `${hours(elapsedSeconds)} h by the clock`,
    `${hours(cpuSeconds)} h of CPU time`,
    ...(gpuSeconds > 0 ? [`${hours(gpuSeconds)} h of GPUs`] : []),
  ];
  const hardware = [
    `CPUs: ${cpuModels.length === 0 ? 'not told' : cpuModels.join(', ')}`,
    ...(gpuSeconds > 0 ? [`GPUs: ${gpuModels.length === 0 ? 'not told' : gpuModels.join(', ')}`] : []),
  ];
  return [
    `${capital(counted(jobs, 'job'))} ran for ${times.join(', ')} (${hardware.join('; ')}).`,
    outcomeSentence(project),
  ];
}

function outcomeSentence({ jobs, unfinished, going, untold }: StatedProject): string {
  const told = [...unfinished].map(([state, n]) => `${n} ${state.toLowerCase().replaceAll('_', ' ')}`);
  const parts =
    told.length === 0 ? [] : [`jobs that came to no good end are counted too: ${told.join(', ')}`];
  if (going > 0) parts.push(`${counted(going, 'job')} had not ended, and will have used more`);
  if (untold > 0)
    parts.push(
      untold === jobs
        ? 'how jobs ended is not told; all that was recorded is counted'
        : `of ${untold} it is not told how they ended`,
    );
  return parts.length === 0 ? 'None of them failed or was cancelled.' : `${capital(parts.join('; '))}.`;
}

/** Clusters with the same factors together, in the order of their names. */
function placeSentences(
  { clusters, defaultsUsed }: StatedProject,
  zoneName: (zone: string) => string,
): string[] {
  const named = new Map<string, string[]>();
  for (const cluster of clusters) {
    const text = placeText(cluster, zoneName);
    named.set(text, [...(named.get(text) ?? []), cluster.cluster]);
  }
  const places = [...named].map(([text, names]) => (named.size > 1 ? `${names.join(', ')}: ${text}` : text));
  return [
    `It ran with ${places.join('; ')}.`,
    ...(defaultsUsed.length === 0
      ? []
      : [`Not told by the site, so assumed: ${defaultsUsed.map(withoutAdvice).join('; ')}.`]),
  ];
}

function placeText(cluster: ClusterFactors, zoneName: (zone: string) => string): string {
  const { pue, zone, intensity_g_per_kwh: g, intensity_source: source } = cluster;
  const name = zoneName(zone);
  const years = isYearly(cluster) ? yearsNamed(cluster) : '';
  const basis = basisTaken(cluster, (one) => BASIS_WORDS[one]);
  return (
    `a PUE of ${plainNumber(Number(pue.toPrecision(4)))} on the grid ${zone}${name === '' || name === zone ? '' : ` (${name})`} with ${g.toFixed(1)} g of CO2eq per kWh` +
    `${isYearly(cluster) ? '' : ' in the mean of the times of use'} (${basis}, average; ${source}${years === '' ? '' : `, ${years}`}${filledText(cluster, '; ')})`
  );
}

/** `pue 1.58 (default: ...; set site.pue)` is for those who run the site. */
function withoutAdvice(text: string): string {
  return text.replace(/ \(default: .*\)$/, '');
}

function basisSentences({ partial, jobs, coverage, measuredFraction, policy }: StatedProject): string[] {
  const observed = coverage === null ? 'an unknown part' : `${percent(coverage)} %`;
  const read =
    measuredFraction === null
      ? ''
      : measuredFraction === 1
        ? ', all of the energy read from counters'
        : measuredFraction === 0
          ? ', all of the energy modelled'
          : `, ${percent(measuredFraction)} % of the energy read from counters and the rest modelled`;
  return [
    `Of the time of the nodes ${observed} was observed${read}; shared energy is divided by the policy ${policy}.`,
    ...(partial === 0
      ? []
      : [
          `${capital(counted(partial, 'job'))} of ${jobs} ${partial === 1 ? 'was' : 'were'} observed for less than ${LEAST_COVERAGE * 100} %: the figures are a lower bound.`,
        ]),
  ];
}

function methodPieces({ toolVersion, appendixUrl }: Statement): Piece[] {
  return [
    `Energy was recorded job by job with EIT for Slurm ${toolVersion}, in the way that `,
    { cite: HENDERSON },
    ` proposed; social cost of carbon, where it is told: ${SOCIAL_COST_SOURCE}.`,
    ...(appendixUrl === null ? [] : [' The records and how they were made: ', { url: appendixUrl }, '.']),
  ];
}

function projectTable({ projects, together }: Statement): DocumentTable {
  const row = (figures: StatedFigures, name: string): string[] => {
    const least = figures.partial > 0 ? '≥ ' : '';
    const cost = figures.socialCost?.countryUsd;
    return [
      name,
      String(figures.jobs),
      `${least}${statedAmount(figures.energyKwh)}`,
      `${least}${statedAmount(figures.co2eKg)}`,
      cost === undefined || cost === null ? '-' : costText(cost),
      hours(figures.elapsedSeconds),
      figures.gpuSeconds > 0 ? hours(figures.gpuSeconds) : '-',
    ];
  };
  return {
    columns: [
      { title: 'Project', align: 'left' },
      { title: 'Jobs', align: 'right' },
      { title: 'Energy (kWh)', align: 'right' },
      { title: 'CO2eq (kg)', align: 'right' },
      { title: 'Social cost (USD of 2010)', align: 'right' },
      { title: 'Hours', align: 'right' },
      { title: 'GPU hours', align: 'right' },
    ],
    rows: [
      ...projects.map((project) => row(project, project.name)),
      ...(together === null ? [] : [row(together, 'Together')]),
    ],
  };
}

/**
 * A number as the paper prints its own (8.021, 24.344): five significant digits, at most three decimals, at least
 * three significant ones below 1.
 */
export function statedAmount(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (Number(size.toPrecision(3)) < 1) return plainNumber(Number(value.toPrecision(3)));
  const whole = Math.floor(Math.log10(size)) + 1;
  return value.toFixed(Math.min(3, Math.max(0, 5 - whole)));
}

function hours(seconds: number): string {
  return plainNumber(Number(statedAmount(seconds / 3600)));
}

/** Never 100 where something is missing, nor 0 where something is there. */
function percent(part: number): string {
  const cut = Math.floor(Math.min(1, part) * 1000 + 1e-9) / 10;
  return part > 0 && cut === 0 ? 'less than 0.1' : plainNumber(cut);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
