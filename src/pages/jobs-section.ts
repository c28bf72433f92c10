import { DateTime } from 'luxon';
import { durationText, energyText, massText } from '../report/units';
import type { PageContent } from './content';
import { percent } from './figures-table';
import { markup, type Html, inlineJson } from './html';
import { JOB_HEADS } from './job-heads';
import { jobColumns, type PageJob } from './page-jobs';
import type { PageSection } from './page';

/** So many are there without the page's script. */
const TOP_JOBS = 100;

/** All jobs, to be sorted and filtered by the page's script; without it those with the most energy. */
export function jobsSection({ sums, listsJobs, view }: PageContent): PageSection | null {
  if (!listsJobs) return null;
  const { jobs, jobsLeftOut } = sums;
  const top = jobs.slice(0, TOP_JOBS);
  const isSome = jobs.length > top.length;
  const left =
    jobsLeftOut === 0
      ? null
      : markup`<p class="note">The ${jobs.length.toLocaleString('en-GB')} jobs with the most energy are listed;
          ${jobsLeftOut.toLocaleString('en-GB')} smaller ones are in all sums above, and not here.</p>`;
  return {
    id: 'jobs',
    title: 'Jobs',
    body: markup`${left}<p class="no-script soft">${isSome ? `The ${TOP_JOBS} of ${jobs.length.toLocaleString('en-GB')} jobs with the most energy. ` : ''}With
        JavaScript the table holds all jobs and can be sorted and filtered.</p>${filters()}<p class="count" id="job-count" role="status" aria-live="polite"></p><div class="wide" tabindex="0" role="group" aria-label="Table of jobs"><table id="job-table"><caption>Energy with PUE, in the time of this page. Times are those of ${view.timeZone}.</caption><thead><tr>${JOB_HEADS.map(({ title, isNumber }) => markup`<th scope="col" ${isNumber ? markup` class="n"` : null}>${title}</th>`)}</tr></thead><tbody>${top.map((job) => row(job, view.timeZone))}</tbody></table></div><div class="pager only-script"><button class="button" type="button" id="page-before">Previous page</button><span id="page-place"></span><button class="button" type="button" id="page-next">Next page</button></div><script type="application/json" id="job-data">${inlineJson({ zone: view.timeZone, jobs: jobColumns(jobs) })}</script>`,
  };
}

function filters(): Html {
  return markup`<form class="filters only-script" id="job-filters" role="search" aria-label="Jobs"><label>Search<input
        type="search"
        id="filter-text"
        autocomplete="off"
        spellcheck="false"
        placeholder="id, user, account, name"
    /></label><label>Partition<select id="filter-partition"><option value="">all</option></select></label><label>State<select id="filter-state"><option value="">all</option></select></label><label>From<input type="date" id="filter-from" /></label><label>To<input type="date" id="filter-to" /></label><button class="button" type="reset">Show all</button><button class="button" type="button" id="job-csv">Download as CSV</button></form>`;
}

function row(job: PageJob, timeZone: string): Html {
  const start = DateTime.fromSeconds(job.startS, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm');
  return markup`<tr><th scope="row">${job.id}</th><td class="name"><bdi>${job.name ?? '–'}</bdi></td><td><bdi>${job.user}</bdi></td><td><bdi>${job.account}</bdi></td><td><bdi>${job.partition}</bdi></td><td>${job.state ?? '–'}</td><td class="n">${start}</td><td class="n">${durationText(job.elapsedS)}</td><td class="n">${energyText(job.kwh)}</td><td class="n">${massText(job.co2eKg)}</td><td class="n">${percent(job.cpuEfficiency)}</td><td class="n">${percent(job.memoryEfficiency)}</td><td class="n">${percent(job.gpuUtilization)}</td><td class="n">${percent(job.coverage)}</td></tr>`;
}
