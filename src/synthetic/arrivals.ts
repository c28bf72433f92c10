import { JobMix, type Site } from './job-mix';
import { DAY_MS, STRETCH_MS, type SyntheticPlan } from './plan';
import { Random } from './random';
import { rhythm } from './rhythm';
import type { Job } from './run';
import { Population } from './users';

const FIRST_JOB_ID = 1001;

/** Who submits what and when. */
export class Arrivals {
  readonly #jobsPerDay: number;
  readonly #stretchMs: number;
  readonly #mix: JobMix;
  readonly #random: Random;
  #nextJobId = FIRST_JOB_ID;

  constructor({ users, jobsPerDay, seed, stretchMs = STRETCH_MS }: SyntheticPlan, site: Site) {
    const population = new Population(users, new Random(seed, 'users'));
    this.#jobsPerDay = jobsPerDay;
    this.#stretchMs = stretchMs;
    this.#mix = new JobMix(site, population, jobsPerDay, new Random(seed, 'trial'));
    this.#random = new Random(seed, 'submissions');
  }

  /** Moments (Unix ms) in the stretch at which somebody submits, in their order. */
  times(fromMs: number): number[] {
    const mean =
      (this.#jobsPerDay / this.#mix.jobsPerSubmission) * (this.#stretchMs / DAY_MS) * rhythm(fromMs);
    const times: number[] = [];
    for (let i = this.#random.poisson(mean); i > 0; i--) {
      times.push(fromMs + this.#random.whole(0, this.#stretchMs - 1));
    }
    return times.sort((a, b) => a - b);
  }

  /** What is submitted at one of them: a job, the tasks of an array or the components of a het job. */
  jobs(atMs: number): Job[] {
    const { user, owner, name, shapes, kind } = this.#mix.next(this.#random);
    const firstId = this.#nextJobId;
    this.#nextJobId += shapes.length;
    const components: Job[] = [];
    const jobs = shapes.map((shape, i): Job => {
      // The tasks of an array take ids of their own but the last one, which keeps the array's.
      const id = kind !== 'array' ? firstId + i : i === shapes.length - 1 ? firstId : firstId + i + 1;
      return {
        id,
        kind,
        firstId,
        place: i,
        user,
        owner,
        name,
        shape,
        submitMs: atMs,
        components,
        counted: { month: '' },
        restart: 0,
        queuedMs: atMs,
      };
    });
    if (kind === 'het') components.push(...jobs);
    return jobs;
  }
}
