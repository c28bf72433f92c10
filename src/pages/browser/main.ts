import { durationText, energyText, massText, percentText } from '../../report/units';
import { JOB_HEADS, type JobKey } from '../job-heads';
import type { JobColumns } from '../page-jobs';
import { csvOf, Jobs, type JobQuery } from './jobs';

/** Rows of the table at a time: no browser lays fifty thousand out at once. */
const PAGE = 100;

/** Until a word is typed to its end. */
const TYPING_MS = 120;

const DAY_LINK = /^#jobs-of-(\d{4}-\d\d-\d\d)$/;
const MONTH_LINK = /^#(month-\d{4}-\d\d)$/;

openMonths();
followBars();
const data = document.getElementById('job-data')?.textContent;
if (data) {
  document.documentElement.classList.add('scripted');
  const { zone, jobs } = JSON.parse(data) as { zone: string; jobs: JobColumns };
  startTable(new Jobs(jobs, zone));
}

/** A link to a month opens it; what is printed is open. */
function openMonths(): void {
  const open = (): void => {
    const id = MONTH_LINK.exec(location.hash)?.[1];
    const month = id === undefined ? null : document.getElementById(id);
    if (month instanceof HTMLDetailsElement) month.open = true;
  };
  addEventListener('hashchange', open);
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  open();
}

/** A bar of a chart leads where its day or month does. */
function followBars(): void {
  document.addEventListener('click', ({ target }) => {
    const href = target instanceof Element ? target.closest('[data-href]')?.getAttribute('data-href') : null;
    if (href) location.hash = href;
  });
}

function startTable(jobs: Jobs): void {
  const table = element('job-table', HTMLTableElement);
  const body = table.tBodies[0] ?? table.createTBody();
  const text = element('filter-text', HTMLInputElement);
  const partition = element('filter-partition', HTMLSelectElement);
  const state = element('filter-state', HTMLSelectElement);
  const from = element('filter-from', HTMLInputElement);
  const to = element('filter-to', HTMLInputElement);
  const form = element('job-filters', HTMLFormElement);
  const count = element('job-count', HTMLElement);
  const before = element('page-before', HTMLButtonElement);
  const next = element('page-next', HTMLButtonElement);
  const place = element('page-place', HTMLElement);

  let sortBy: JobKey = 'kwh';
  let descending = true;
  let page = 0;
  let shown: number[] = [];

  fill(partition, jobs.namesOf('partition'));
  fill(state, jobs.namesOf('state'));
  const heads = makeSortable(table, (key) => {
    descending = key === sortBy ? !descending : JOB_HEADS.some((head) => head.key === key && head.isNumber);
    sortBy = key;
    select();
  });

  const query = (): JobQuery => ({
    words: text.value.toLowerCase().split(/\s+/).filter(Boolean),
    partition: partition.value,
    state: state.value,
    from: from.value,
    to: to.value,
    sortBy,
    descending,
  });

  function select(): void {
    shown = jobs.select(query());
    page = 0;
    for (const { key, head } of heads) {
      if (key === sortBy) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    const of = shown.length === jobs.columns.count ? '' : ` of ${grouped(jobs.columns.count)}`;
    const sums = `${energyText(jobs.sum('kwh', shown))}, ${massText(jobs.sum('co2e', shown))} CO2eq`;
    count.textContent = `${grouped(shown.length)}${of} ${jobs.columns.count === 1 ? 'job' : 'jobs'}: ${sums}`;
    draw();
  }

  function draw(): void {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    body.replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map((job) => rowOf(jobs, job)));
    place.textContent = `Page ${grouped(page + 1)} of ${grouped(pages)}`;
    before.disabled = page === 0;
    next.disabled = page >= pages - 1;
  }

  function turn(by: number): void {
    page += by;
    draw();
    table.scrollIntoView({ block: 'start' });
  }

  /** A day of the tables and charts leads to its jobs. */
  function follow(): void {
    const day = DAY_LINK.exec(location.hash)?.[1];
    if (day === undefined) return;
    form.reset();
    from.value = day;
    to.value = day;
    select();
    document.getElementById('jobs')?.scrollIntoView();
    count.tabIndex = -1;
    count.focus({ preventScroll: true });
  }

  let waiting: ReturnType<typeof setTimeout> | undefined;
  text.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(select, TYPING_MS);
  });
  for (const input of [partition, state, from, to]) input.addEventListener('change', select);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    select();
  });
  // The fields are empty only after the event.
  form.addEventListener('reset', () => setTimeout(select, 0));
  before.addEventListener('click', () => turn(-1));
  next.addEventListener('click', () => turn(1));
  element('job-csv', HTMLButtonElement).addEventListener('click', () => save(csvOf(jobs, shown)));
  addEventListener('hashchange', follow);
  select();
  follow();
}

/** Puts a button into each head. */
function makeSortable(
  table: HTMLTableElement,
  sort: (key: JobKey) => void,
): { readonly key: JobKey; readonly head: HTMLElement }[] {
  return [...table.querySelectorAll('thead th')].flatMap((head, i) => {
    const key = JOB_HEADS[i]?.key;
    if (key === undefined || !(head instanceof HTMLElement)) return [];
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    button.addEventListener('click', () => sort(key));
    head.replaceChildren(button);
    return [{ key, head }];
  });
}

/** Texts are set as text: nothing of a name is ever taken for HTML. */
function rowOf(jobs: Jobs, job: number): HTMLTableRowElement {
  const { columns } = jobs;
  const row = document.createElement('tr');
  const percent = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : percentText(Math.min(1, value));
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = columns.id[job] ?? '';
  row.append(head);
  const names = [columns.name, columns.user, columns.account, columns.partition];
  names.forEach((column, i) => {
    const cell = row.insertCell();
    if (i === 0) cell.className = 'name';
    const isolated = document.createElement('bdi');
    isolated.textContent = jobs.text(column[job] ?? -1) || '–';
    cell.append(isolated);
  });
  row.insertCell().textContent = jobs.text(columns.state[job] ?? -1) || '–';
  const figures = [
    jobs.startText(job),
    durationText(columns.elapsed[job] ?? 0),
    energyText(columns.kwh[job] ?? 0),
    massText(columns.co2e[job] ?? 0),
    percent(columns.cpu[job]),
    percent(columns.memory[job]),
    percent(columns.gpu[job]),
    percent(columns.coverage[job]),
  ];
  for (const figure of figures) {
    const cell = row.insertCell();
    cell.className = 'n';
    cell.textContent = figure;
  }
  return row;
}

function fill(select: HTMLSelectElement, names: readonly string[]): void {
  for (const name of names) select.append(new Option(name, name));
}

function save(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = 'eit-jobs.csv';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function grouped(value: number): string {
  return value.toLocaleString('en-GB');
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}
