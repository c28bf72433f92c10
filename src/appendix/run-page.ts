import { markup, type Html } from '../pages/html';
import { bytesText, counted, durationText, energyText, massText, percentText } from '../report/units';
import { basisTaken, filledParts, isYearly, yearsTaken } from '../report/intensity-words';
import { CLASSES, classKwh } from '../pages/content';
import { userText } from '../pages/user-text';
import { facts, frame, type Section, tile, wideTable } from './frame';
import { hardwareSection, softwareSection } from './run-machines';
import { overTimeSection } from './run-plots';
import { idText, runName, SCHEMA_FILES, type Site, type SiteRun, type SiteSet, setPath } from './site';
import { foot, hrefOf } from './site-parts';
import { columnText, qualityText } from './tables';

/** All that is known of a run. @param sets that it is in */
export function runPage(site: Site, run: SiteRun, sets: readonly SiteSet[]): string {
  const { job } = run;
  const quality = qualityText([job]);
  const { energy_kwh: kwh, co2e_kg: kg, elapsed_seconds: seconds } = job;
  const lead = markup`<ul class="tiles">${tile('Energy, PUE included', energyText(kwh.total), `${energyText(kwh.it)} before PUE`)}${tile(
    'CO2eq',
    massText(kg),
    kwh.total === 0 ? '' : `${Math.round((kg * 1000) / kwh.total)} g/kWh`,
  )}${tile('Time', durationText(seconds), run.executions.length > 1 ? `in ${run.executions.length} executions` : '')}${tile(
    'Mean power',
    seconds === 0 ? '–' : `${Number(((kwh.it * 3.6e6) / seconds).toPrecision(3))} W`,
    'before PUE, of all its nodes',
  )}${tile('Observed', quality.value, quality.more)}</ul>`;
  const sections = [
    aboutSection(run, sets),
    energySection(run),
    overTimeSection(run),
    carbonSection(run),
    hardwareSection(run),
    softwareSection(run),
    qualitySection(run),
    rawSection(run),
  ];
  const first = sets[0];
  return frame({
    title: `Run ${run.number}: ${runName(run)}`,
    within: site.title,
    crumbs: [
      { href: '../index.html', text: site.title },
      ...(first === undefined
        ? []
        : [...first.parents, first].map(({ id, name }) => ({ href: `../${setPath({ id })}`, text: name }))),
    ],
    lead,
    sections: sections.filter((section) => section !== null),
    foot: foot(site),
  });
}

function aboutSection({ job, executions, cpus, tags, metrics }: SiteRun, sets: readonly SiteSet[]): Section {
  const told = job.slurm_job;
  const name = (text: string | undefined): Html | null =>
    text === undefined || text === '' ? null : userText(text);
  const rows = executions.map(
    ({ startedMs, toMs, nodes, nodesExpected }, i) =>
      markup`<tr><th scope="row" class="n">${i + 1}</th><td>${utcText(startedMs)}</td><td>${utcText(toMs)}</td><td class="n">${durationText((toMs - startedMs) / 1000)}</td><td>${userText(listed(nodes))}${nodesExpected !== null && nodesExpected > nodes.length ? ` (of ${nodesExpected})` : null}</td></tr>`,
  );
  const body = markup`${facts([
    ['Job', idText(job)],
    ['Name', name(told?.name)],
    ['State', name(told?.state)],
    [
      'Tags',
      name(
        Object.entries(tags)
          .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
          .join(', '),
      ),
    ],
    ['User', name(job.user)],
    ['Account', name(job.account)],
    ['Cluster', name(job.cluster)],
    ['Partition', name(job.partition)],
    ['QOS', name(told?.qos ?? undefined)],
    ['CPUs allocated', cpus === null ? null : cpus],
    ['CPU time', durationText(job.cpu_seconds)],
    ['GPUs allocated times time', job.gpu_seconds > 0 ? durationText(job.gpu_seconds) : null],
    [
      'Memory asked for',
      told?.req_memory_bytes === null || told === undefined ? null : bytesText(told.req_memory_bytes),
    ],
    [
      'In sets',
      sets.map(
        (set, i) =>
          markup`${i > 0 ? ', ' : null}<a href="../${setPath(set)}">${userText([...set.parents, set].map((one) => one.name).join(' / '))}</a>`,
      ),
    ],
  ])}${metricsTable(metrics)}<h3>Executions</h3>${wideTable(
    'Executions of the job, UTC',
    [
      { title: 'No.', isNumber: true },
      { title: 'From' },
      { title: 'To' },
      { title: 'Time', isNumber: true },
      { title: 'Nodes' },
    ],
    rows,
  )}`;
  return { id: 'about', title: 'About', body };
}

function metricsTable(metrics: SiteRun['metrics']): Html | null {
  const all = Object.entries(metrics);
  if (all.length === 0) return null;
  return markup`<h3>What its user measured</h3>${wideTable(
    'Metrics: the last value, and the least and the most of all',
    [{ title: 'Metric' }, ...['Last', 'Least', 'Most', 'Values'].map((title) => ({ title, isNumber: true }))],
    all.map(([name, { unit, points }]) => {
      const values = points.map(({ value }) => value);
      const text = (value: number | undefined): string =>
        value === undefined ? '–' : `${Number(value.toPrecision(6))}${unit === '' ? '' : ` ${unit}`}`;
      return markup`<tr><th scope="row">${userText(name)}</th>${[
        values.at(-1),
        values.reduce((a, b) => Math.min(a, b), Infinity),
        values.reduce((a, b) => Math.max(a, b), -Infinity),
      ].map(
        (value) => markup`<td class="n">${userText(text(value))}</td>`,
      )}<td class="n">${values.length}</td></tr>`;
    }),
  )}`;
}

function energySection({ job, report }: SiteRun): Section {
  const byClass = classKwh(job);
  const rows = CLASSES.filter(({ key }) => job.energy_kwh[key] !== null).map(({ key, name }) => {
    const share = job.energy_kwh.total === 0 ? 0 : byClass[key] / job.energy_kwh.total;
    return markup`<tr><th scope="row">${name}</th><td class="n">${energyText(job.energy_kwh[key] ?? 0)}</td><td class="n">${energyText(byClass[key])}</td><td class="n">${percentText(Math.min(1, share))}</td></tr>`;
  });
  return {
    id: 'energy',
    title: 'Energy',
    body: markup`${wideTable(
      'Energy by what drew it',
      [{ title: 'Part' }, ...['Before PUE', 'With PUE', 'Share'].map((title) => ({ title, isNumber: true }))],
      [
        ...rows,
        markup`<tr><th scope="row">All</th><td class="n">${energyText(job.energy_kwh.it)}</td><td class="n">${energyText(job.energy_kwh.total)}</td><td class="n"></td></tr>`,
      ],
    )}<p class="soft">Where nodes are shared, energy is divided by the policy ${report.policy}.</p>`,
  };
}

function carbonSection({ job, report, executions }: SiteRun): Section {
  const { factors } = report;
  const own = factors.by_cluster.find(({ cluster }) => cluster === job.cluster) ?? factors;
  return {
    id: 'carbon',
    title: 'Carbon',
    body: facts([
      ['Zone of the grid', userText(own.zone)],
      ['CO2eq', massText(job.co2e_kg)],
      [
        'Intensity in the mean',
        job.energy_kwh.total === 0
          ? null
          : `${Math.round((job.co2e_kg * 1000) / job.energy_kwh.total)} gCO2eq/kWh`,
      ],
      ['Source', userText(own.intensity_source)],
      ['Basis', basisTaken(own)],
      ['Of the year', isYearly(own) ? yearsTaken(own) || null : null],
      ['Of the energy of all runs', filledParts(own).join(', ') || null],
      ['PUE', String(Number(own.pue.toPrecision(4)))],
      ['Not said by the site, so taken', userText(ofYears(factors.defaults_used, executions).join('; '))],
    ]),
  };
}

/** Without what was taken of years in which the run was not. */
function ofYears(defaults: readonly string[], executions: SiteRun['executions']): string[] {
  const years = executions.flatMap(({ startedMs, toMs }) =>
    [startedMs, toMs].map((ms) => new Date(ms).getUTCFullYear()),
  );
  return defaults.filter((text) => {
    const year = /in place of (\d{4})\b/.exec(text)?.[1];
    return year === undefined || (Number(year) >= Math.min(...years) && Number(year) <= Math.max(...years));
  });
}

function qualitySection({ job, details, report }: SiteRun): Section {
  const { wraps, resets, agentRestarts, ends, exitCodes, lines } = details;
  const part = (value: number | null): string | null => (value === null ? null : percentText(value));
  const odd = [...ends].filter(([by]) => by !== 'epilog');
  return {
    id: 'quality',
    title: 'Quality and coverage',
    body: facts([
      ['Observed', part(job.coverage) ?? 'unknown'],
      ['Nodes that told of it', `${job.nodes_reported} of ${job.nodes_expected}`],
      ['Energy measured', part(job.measured_fraction)],
      ['Quality', columnText(job, 'Quality')],
      ['Divided by an estimate', part(job.estimated_fraction)],
      ['Counted', userText(report.factors.it_scope)],
      ['Domains measured', userText(report.factors.domains_measured.join(', '))],
      ['Records', lines.records === 0 ? null : counted(lines.records, 'record')],
      [
        'Hours of the archive',
        lines.hours === 0 ? null : `${counted(lines.hours, 'line')}, of which records were added up`,
      ],
      ['Exit status and signal', exitCodes.size === 0 ? null : userText([...exitCodes].join(', '))],
      ['Ended otherwise', odd.length === 0 ? null : odd.map(([by, count]) => `${count} by ${by}`).join(', ')],
      ['Wraps of counters, corrected', wraps === 0 ? null : wraps],
      ['Resets of counters', resets === 0 ? null : resets],
      ['Starts of the measuring program meanwhile', agentRestarts === 0 ? null : agentRestarts],
    ]),
  };
}

function rawSection({ data }: SiteRun): Section {
  return {
    id: 'raw',
    title: 'Raw data',
    body: markup`<p><a href="../${hrefOf(data.path)}" download>${counted(data.lines, 'line')}, ${bytesText(data.bytes)}</a> (NDJSON). What they mean: <a href="../${SCHEMA_FILES.data}" download>run-data.schema.json</a> and <a href="../${SCHEMA_FILES.record}" download>record.schema.json</a>.</p>`,
  };
}

/** Most nodes that are named. */
const MOST_NODES = 64;

function listed(names: readonly string[]): string {
  const more = names.length > MOST_NODES ? ` and ${names.length - MOST_NODES} more` : '';
  return `${names.slice(0, MOST_NODES).join(', ')}${more}`;
}

function utcText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
