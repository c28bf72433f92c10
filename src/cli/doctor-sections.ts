import { EitError } from '../errors';
import type { Surroundings } from './command';
import { type Check, TOPICS, type Topic, type TopicCheck, problem } from './doctor-check';
import type { Role } from './doctor-role';

/** What is to be looked at. */
export interface ExaminationPlan {
  /** Path of eit.yaml; absent: the usual one. */
  readonly config: string | undefined;
  /** null: found by what runs here. */
  readonly roles: readonly Role[] | null;
  readonly topics: readonly Topic[];
  readonly surroundings: Surroundings;
  /** Told which topics are not done yet. */
  readonly onWait: (topics: readonly Topic[]) => void;
}

export interface Examination {
  readonly roles: readonly Role[];
  /** By topic. */
  readonly checks: readonly TopicCheck[];
}

/** Sections that are asked for and belong to this machine; all begin at once. */
export class Sections {
  readonly #plan: ExaminationPlan;
  readonly #roles: readonly Role[];
  readonly #found: { topic: Topic; checks: Promise<Check[]> }[] = [];
  readonly #open: Topic[] = [];

  constructor(plan: ExaminationPlan, roles: readonly Role[]) {
    this.#plan = plan;
    this.#roles = roles;
  }

  isRole(role: Role): boolean {
    return this.#roles.includes(role);
  }

  add(topic: Topic, roles: readonly Role[], check: () => Check[] | Promise<Check[]>): void {
    if (!this.#plan.topics.includes(topic) || !roles.some((role) => this.isRole(role))) return;
    this.#open.push(topic);
    const checks = guarded(topic, check).finally(() => {
      this.#open.splice(this.#open.indexOf(topic), 1);
      if (this.#open.length > 0) this.#plan.onWait([...new Set(this.#open)]);
    });
    this.#found.push({ topic, checks });
  }

  async done(): Promise<Examination> {
    const checks: TopicCheck[] = [];
    for (const topic of TOPICS)
      for (const one of this.#found)
        if (one.topic === topic) checks.push(...(await one.checks).map((check) => ({ topic, ...check })));
    return { roles: this.#roles, checks };
  }
}

/** One check that fails does not keep the others from being seen. */
async function guarded(name: string, check: () => Check[] | Promise<Check[]>): Promise<Check[]> {
  try {
    return await check();
  } catch (error) {
    const code = error instanceof EitError ? `${error.code}: ` : '';
    return [
      problem(
        name,
        `this could not be looked at: ${code}${error instanceof Error ? error.message : String(error)}`,
      ),
    ];
  }
}
