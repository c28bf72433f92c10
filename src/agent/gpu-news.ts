import { type EnergyMeter, isMissing } from '../sources/source';
import type { DomainReading } from './reading';

/** What changes with the host's GPUs, for the log: each once. */
export class GpuNews {
  /** Reason by name of domain; null: it is read. */
  readonly #known = new Map<string, string | null>();
  #trouble: string | null = null;

  /**
   * @param isWanted whether a run has GPUs: else it is no news that they are not read
   * @returns messages of what is new
   */
  untold(
    energy: readonly DomainReading[],
    meters: readonly EnergyMeter[],
    isWanted: boolean,
  ): { readonly level: 'info' | 'warn'; readonly text: string }[] {
    if (!isWanted) return [];
    const news: { level: 'info' | 'warn'; text: string }[] = [];
    const trouble = meters.map((meter) => meter.trouble ?? null).find((reason) => reason !== null) ?? null;
    if (trouble !== this.#trouble) {
      this.#trouble = trouble;
      if (trouble !== null) news.push({ level: 'warn', text: `GPUs: ${trouble}` });
    }
    for (const { domain, value } of energy) {
      if (domain.gpu === undefined) continue;
      const { name } = domain;
      const reason = isMissing(value) ? value.missing : null;
      const before = this.#known.get(name);
      if (reason === before) continue;
      // Until its first reading, and where the whole reader is in trouble, nothing is wrong with this one.
      if (reason !== null && (before === undefined || reason === trouble)) continue;
      this.#known.set(name, reason);
      const how = domain.isIntegrated === true ? 'its power added up' : 'its energy counter';
      const { model, index } = domain.gpu;
      news.push(
        reason === null
          ? {
              level: 'info',
              text: `${name}: read by ${domain.source}, ${how} (${model}, index ${index ?? '?'})`,
            }
          : { level: 'warn', text: `${name} is not read: ${reason}` },
      );
    }
    return news;
  }
}
