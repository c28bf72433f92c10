/** A time in which a domain drew what is said, as the log tells. */
export interface PowerPiece {
  /** Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly powerW: number;
  /** Read from a counter or sensor; else worked out. */
  readonly isMeasured: boolean;
  /** Whether the tool looked in this time; where it did not, the time is missing besides. */
  readonly isObserved: boolean;
}

/** One part of the machine. */
export interface ImportedDomain {
  /** As records name domains: `package`, `gpu`, `dram`, `node`. */
  readonly name: string;
  /** Whether a part of the machine's draw was taken as the run's, by the tool's estimate. */
  readonly isEstimated: boolean;
  /** In order of time, without overlap. */
  readonly pieces: readonly PowerPiece[];
}

/** Clusters that imports write; no site's is called so. */
export const IMPORT_CLUSTERS = ['imported-eit', 'imported-codecarbon'] as const;

/** A run that another tool has measured. Joules are without PUE. */
export interface ImportedRun {
  /** The tool and its version, as far as known. */
  readonly source: string;
  readonly cluster: (typeof IMPORT_CLUSTERS)[number];
  /** SHA-256 in hex of what tells this run from all others: the same log has the same. */
  readonly identity: string;
  /** Where it is from, for messages. */
  readonly place: string;
  /** Unix ms, whole. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly domains: readonly ImportedDomain[];
  /** CPU time used until then, seconds, in order of time; empty: not told. */
  readonly cpuSeconds: readonly { readonly atMs: number; readonly seconds: number }[];
  /** CPUs that the run could use; null: not told. */
  readonly cpus: number | null;
  readonly cpuModel: string | null;
  /** 0: none. */
  readonly gpus: number;
  readonly gpuModel: string | null;
  /** Power usage effectiveness that the tool reckoned with; null: not told. */
  readonly toolPue: number | null;
  /** What else the log says: project, version, the tool's own CO2eq, ... */
  readonly tags: Readonly<Record<string, string>>;
  /** What a reader should know: samples that could not be read, a clock that went back. */
  readonly notes: readonly string[];
}

/** Joules of a domain over a whole run. */
export function energyJ({ pieces }: ImportedDomain, isMeasured?: boolean): number {
  return pieces.reduce(
    (sum, piece) =>
      isMeasured === undefined || piece.isMeasured === isMeasured
        ? sum + (piece.powerW * (piece.toMs - piece.fromMs)) / 1000
        : sum,
    0,
  );
}

/** Milliseconds in which the tool looked at a domain. */
export function observedMs({ pieces }: ImportedDomain): number {
  return pieces.reduce((sum, { isObserved, fromMs, toMs }) => sum + (isObserved ? toMs - fromMs : 0), 0);
}

/** The lowest part of the run's time in which a domain was looked at, from 0 to 1. */
export function coverageOf({ domains, fromMs, toMs }: ImportedRun): number {
  if (toMs <= fromMs) return 0;
  return Math.min(...domains.map((domain) => observedMs(domain) / (toMs - fromMs)));
}
