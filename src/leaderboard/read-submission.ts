import { createHash, type Hash } from 'node:crypto';
import type { Policy } from '../attribution/policy';
import { visible } from '../config/visible';
import type {
  SubmissionManifest,
  SubmissionMetricLine,
  SubmissionSection,
  SubmissionTagLine,
} from '../generated/submission';
import validate from '../generated/submission-validator';
import { parseRecordLine } from '../ledger/record-line';
import type { Metric } from '../science/own-facts';
import { recordFingerprint } from './record-fingerprint';
import { RawSums, type RawFigures } from './recompute';
import { submissionLines, wrongFile } from './submission-lines';
import { LIMITS } from './submission-limits';

/** What a submission holds, and what follows from its records. */
export interface Submission {
  readonly path: string;
  readonly manifest: SubmissionManifest;
  /** Of its first line, which holds those of all others. */
  readonly sha256: string;
  /** By policy asked for and by run. */
  readonly figures: ReadonlyMap<Policy, ReadonlyMap<number, RawFigures | null>>;
  /** By run: its metric by the manifest's name. */
  readonly metrics: ReadonlyMap<number, Metric>;
  readonly tags: ReadonlyMap<number, Readonly<Record<string, string>>>;
  /** Of its records, as recordFingerprint has them. */
  readonly fingerprints: ReadonlySet<string>;
}

/**
 * Reads a submission, whoever wrote it, and adds its records up.
 * @param policies under which; that of its claims is always among them
 * @throws EitError EIT_SUBMISSION where it is none, is not whole, or says something that it does not hold
 */
export async function readSubmission(path: string, policies: readonly Policy[]): Promise<Submission> {
  const reading = new Reading(path, policies);
  for await (const line of submissionLines(path)) reading.take(line);
  return reading.finish();
}

/** The line that a reading is at, and what it has found so far. */
class Reading {
  readonly #path: string;
  readonly #policies: readonly Policy[];
  #line = 0;
  #manifest: SubmissionManifest | null = null;
  #sha256 = '';
  #points = 0;
  #sums: ReadonlyMap<Policy, RawSums> = new Map();
  #runs: ReadonlySet<number> = new Set();
  readonly #read = { records: new SectionRead(), facts: new SectionRead() };
  readonly #metrics = new Map<number, Metric>();
  readonly #tags = new Map<number, Record<string, string>>();
  readonly #fingerprints = new Set<string>();

  constructor(path: string, policies: readonly Policy[]) {
    this.#path = path;
    this.#policies = policies;
  }

  take(line: Buffer): void {
    this.#line++;
    const manifest = this.#manifest;
    if (manifest === null) return this.#begin(line);
    const isRecord = this.#read.records.lines < manifest.records.lines;
    this.#read[isRecord ? 'records' : 'facts'].add(line);
    if (isRecord) this.#record(line);
    else this.#fact(line);
  }

  finish(): Submission {
    const manifest = this.#manifest;
    if (manifest === null) throw this.#wrong('is empty');
    for (const name of ['records', 'facts'] as const) {
      const different = this.#read[name].differenceTo(manifest[name]);
      if (different !== null)
        throw this.#wrong(`its ${name} are not those that its first line tells of: ${different}`);
    }
    const missing = manifest.runs.find(({ run }) => !this.#metrics.has(run));
    if (missing !== undefined)
      throw this.#wrong(`run ${missing.run} has no ${visible(manifest.metric.name, 64)}`);
    return {
      ...{ path: this.#path, manifest, sha256: this.#sha256 },
      figures: new Map([...this.#sums].map(([policy, sums]) => [policy, sums.finish(manifest.runs)])),
      ...{ metrics: this.#metrics, tags: this.#tags, fingerprints: this.#fingerprints },
    };
  }

  #begin(line: Buffer): void {
    const value = this.#json(line);
    if (!validate(value) || value.kind !== 'submission')
      throw this.#wrong(
        isNewer(value)
          ? 'is of a newer version of EIT: update'
          : `is no submission: its first line ${reason()}`,
      );
    const runs = value.runs.map(({ run }) => run);
    if (new Set(runs).size < runs.length) throw this.#wrong('tells of a run twice');
    this.#manifest = value;
    this.#sha256 = createHash('sha256').update(line).digest('hex');
    this.#runs = new Set(runs);
    const policies = new Set([value.policy, ...this.#policies]);
    this.#sums = new Map([...policies].map((policy) => [policy, new RawSums(policy)]));
  }

  #record(line: Buffer): void {
    if (line.length > LIMITS.recordBytes) throw this.#wrong(`line ${this.#line} is too long for a record`);
    const parsed = parseRecordLine(line.toString('utf8', 0, line.length - 1));
    if ('reason' in parsed) throw this.#wrong(`line ${this.#line} is no record: ${parsed.reason}`);
    const { record } = parsed;
    if (hasLargeNumber(record))
      throw this.#wrong(`line ${this.#line} has a number that no host can count to`);
    if (record.kind === 'run' && !this.#runs.has(record.job))
      throw this.#wrong(
        `line ${this.#line} is a record of run ${record.job}, which its first line does not tell of`,
      );
    const fingerprint = record.kind === 'run' ? recordFingerprint(record) : null;
    if (fingerprint !== null) this.#fingerprints.add(fingerprint);
    for (const sums of this.#sums.values()) {
      const wrong = sums.add(record);
      if (wrong !== null) throw this.#wrong(`line ${this.#line} is ${wrong}`);
    }
  }

  #fact(line: Buffer): void {
    const value = this.#json(line);
    if (!validate(value) || value.kind === 'submission')
      throw this.#wrong(`line ${this.#line} is no metric or tag: it ${reason()}`);
    if (!this.#runs.has(value.run))
      throw this.#wrong(`line ${this.#line} is of run ${value.run}, which its first line does not tell of`);
    if (value.kind === 'tag') this.#tag(value);
    else this.#metric(value);
  }

  #tag({ run, key, value }: SubmissionTagLine): void {
    const tags = this.#tags.get(run) ?? (Object.create(null) as Record<string, string>);
    if (key in tags)
      throw this.#wrong(`line ${this.#line} gives run ${run} the tag ${visible(key, 64)} again`);
    tags[key] = value;
    this.#tags.set(run, tags);
  }

  #metric({ run, name, unit, points }: SubmissionMetricLine): void {
    const { metric } = this.#manifest!;
    if (name !== metric.name || unit !== metric.unit)
      throw this.#wrong(
        `line ${this.#line} is of the metric ${visible(name, 64)} (${visible(unit, 32)}), not of ${visible(metric.name, 64)} (${visible(metric.unit, 32)})`,
      );
    if (this.#metrics.has(run))
      throw this.#wrong(`line ${this.#line} gives run ${run} its ${visible(name, 64)} again`);
    this.#points += points.length;
    if (this.#points > LIMITS.points)
      throw this.#wrong(`has more than ${LIMITS.points} values of its metric`);
    this.#metrics.set(run, { unit, points: points.map(([step, value]) => ({ step, value })) });
  }

  #json(line: Buffer): unknown {
    try {
      return JSON.parse(line.toString('utf8'));
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#wrong(`line ${this.#line} is no JSON`, error);
      throw error;
    }
  }

  #wrong(what: string, cause?: unknown) {
    return wrongFile(this.#path, what, cause);
  }
}

/** How much of a section came, and its hash. */
class SectionRead {
  lines = 0;
  #bytes = 0;
  readonly #hash: Hash = createHash('sha256');

  add(line: Buffer): void {
    this.lines++;
    this.#bytes += line.length;
    this.#hash.update(line);
  }

  differenceTo({ lines, bytes, sha256 }: SubmissionSection): string | null {
    const own = this.#hash.digest('hex');
    if (lines !== this.lines) return `${this.lines} lines, not ${lines}`;
    if (bytes !== this.#bytes) return `${this.#bytes} bytes, not ${bytes}`;
    return own === sha256 ? null : `SHA-256 ${own}, not ${sha256}`;
  }
}

/** Integers that doubles cannot tell from the next. */
function hasLargeNumber(value: unknown): boolean {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasLargeNumber);
}

/** Of the validator's last word. */
function reason(): string {
  const [error] = validate.errors ?? [];
  return error === undefined
    ? 'is of another kind'
    : `is not as schemas/submission.schema.json has it (${visible(error.instancePath, 80) || 'it'} ${visible(error.message ?? '', 200)})`;
}

function isNewer(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'schema' in value &&
    typeof value.schema === 'number' &&
    value.schema > 1
  );
}
