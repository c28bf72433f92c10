import type { PowerCurve } from './power-curve';

/** What the fake nvidia-smi is and does; nvidia-smi.mjs reads it as JSON, anew at each start. */
export interface FakeConfig {
  /** Where power is told: `power_readings` (530), `gpu_power_readings` (535), average and instant (570, new). */
  readonly layout: '530' | '535' | '570' | 'new';
  /** What each option does; absent: it is served. */
  readonly options?: {
    readonly lms?: 'served' | 'refused' | 'ignored';
    readonly l?: 'served' | 'refused';
    /** With -x: drops what was not asked for; is refused; changes nothing (as the real one seems to); turns XML off. */
    readonly d?: 'ignored' | 'filters' | 'refused' | 'text';
  };
  /** Time that the driver takes before anything is printed, and that the reading of a GPU takes (ms). */
  readonly startMs?: number;
  readonly gpuMs?: number;
  /**
   * Documents in full: path of what a real nvidia-smi printed, with power as `570` and `new` have it. Each GPU is its first one,
   * with the values of this file in their places; processes are its own where a GPU has none here.
   */
  readonly template?: string;
  readonly gpus: readonly FakeGpu[];
  readonly failures?: readonly FakeFailure[];
}

export interface FakeGpu {
  readonly uuid: string;
  /** `00000000:3B:00.0` */
  readonly pci: string;
  readonly minor: number;
  readonly name: string;
  readonly architecture: string;
  readonly power: PowerCurve;
  /** Percent as a curve of its own; absent: 100 where power is above its start's, else 0. */
  readonly utilization?: PowerCurve;
  readonly memoryMib?: { readonly used: number; readonly total: number };
  readonly processes?: readonly FakeProcess[];
  /** A file with the JSON of `processes`, read for each document; it may not be there. */
  readonly processesFile?: string;
  readonly mig?: readonly FakeInstance[];
}

export interface FakeProcess {
  readonly pid: number;
  readonly usedMib: number;
  readonly name?: string;
  readonly instance?: { readonly gpu: number; readonly compute: number };
}

export interface FakeInstance {
  readonly index: number;
  readonly gpu: number;
  readonly compute: number;
  readonly multiprocessors: number;
  readonly memoryMib: { readonly used: number; readonly total: number };
}

/** Something that goes wrong at some document of some process; both count from 1, absent: at each. */
export type FakeFailure = { readonly start?: number; readonly document?: number } & (
  | /** Of one GPU (by position), or of each: power is this text, such as `N/A`, `[N/A]`, `ERR!`. */
    {
      readonly kind: 'power';
      readonly text: string;
      readonly gpu?: number;
    } /** A GPU has fallen off the bus: all that it tells is `GPU is lost`. */
  | {
      readonly kind: 'lost';
      readonly gpu: number;
    } /** A line before the XML, such as `Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.` */
  | {
      readonly kind: 'noise';
      readonly text: string;
    } /** The document ends in its middle, and the program with this status. */
  | {
      readonly kind: 'partial';
      readonly status: number;
    } /** The document is good, and then the program ends with this status. */
  | {
      readonly kind: 'exit';
      readonly status: number;
    } /** Instead of the document this text, and then the program ends with this status. */
  | {
      readonly kind: 'instead';
      readonly text: string;
      readonly status: number;
    } /** Instead of the document nothing, forever, whatever signal but SIGKILL comes. */
  | { readonly kind: 'hang' } /** Power stands where no version has it. */
  | { readonly kind: 'layout' } /** A document without anything in it. */
  | { readonly kind: 'empty' }
);
