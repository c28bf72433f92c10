import { statSync } from 'node:fs';
import {
  type JobCgroup,
  type SlurmScope,
  listJobCgroups,
  listUserDirs,
  scopeOverheadDirs,
} from './cgroup-path';

/**
 * The directories of a scope. Listing them costs as much as reading what is in them, so it is done only where one may have come
 * or gone: where a directory's number of links (the kernel counts subdirectories in it, fs/kernfs) or its time of change is
 * another. One that goes while another comes leaves both as they were: its files say that it is gone, then call `invalidate`.
 */
export class ScopeListing {
  readonly #scope: SlurmScope;
  #users: readonly string[] = [];
  #fingerprint: string | null = null;
  #jobs: readonly JobCgroup[] = [];
  #others: readonly string[] = [];

  constructor(scope: SlurmScope) {
    this.#scope = scope;
  }

  get jobs(): readonly JobCgroup[] {
    return this.#jobs;
  }

  /** Directories that are no job's. */
  get others(): readonly string[] {
    return this.#others;
  }

  /** @returns whether it was listed anew */
  refresh(): boolean {
    if (this.#fingerprint !== null && this.#fingerprint === this.#look()) return false;
    this.#users = listUserDirs(this.#scope);
    // Before the jobs are listed: what changes in between changes it again.
    this.#fingerprint = this.#look();
    this.#jobs = listJobCgroups(this.#scope);
    this.#others = scopeOverheadDirs(this.#scope);
    return true;
  }

  invalidate(): void {
    this.#fingerprint = null;
  }

  #look(): string {
    let text = '';
    for (const dir of [this.#scope.dir, ...this.#users]) {
      const stat = statSync(dir, { throwIfNoEntry: false });
      text += stat === undefined ? 'gone ' : `${stat.nlink} ${stat.mtimeMs} ${stat.ino} `;
    }
    return text;
  }
}
