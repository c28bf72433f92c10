import type { NvmlDevice, NvmlFunctionName, NvmlLibrary } from './nvml-library';
import { NVML_STATUS } from './nvml-status';
import { readText } from './nvml-structs';

/** What was asked for was not given: the library's status. */
export interface NotTold {
  readonly status: number;
}

export function isNotTold(answer: unknown): answer is NotTold {
  return typeof answer === 'object' && answer !== null && 'status' in answer;
}

/** As long as any text of NVML (96 bytes), and as any structure that is read through it. */
const BUFFER_BYTES = 256;

/** Asks the library for single values, through one buffer. */
export class NvmlQuery {
  readonly library: NvmlLibrary;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);

  constructor(library: NvmlLibrary) {
    this.library = library;
  }

  /** What a function that fills one structure of a device has filled; valid until the next question. */
  filled(name: NvmlFunctionName, device: NvmlDevice): Buffer | NotTold {
    return this.#answer(this.library.call(name, device, this.#buffer));
  }

  /** An `unsigned int` of a device. */
  uint(name: NvmlFunctionName, device: NvmlDevice): number | NotTold {
    const buffer = this.filled(name, device);
    return isNotTold(buffer) ? buffer : buffer.readUInt32LE(0);
  }

  /** The first of two `unsigned int` that a function gives of a device in two places. */
  uintPair(name: NvmlFunctionName, device: NvmlDevice): readonly [number, number] | NotTold {
    const [first, second] = [this.#buffer.subarray(0, 4), this.#buffer.subarray(8, 12)];
    const buffer = this.#answer(this.library.call(name, device, first, second));
    return isNotTold(buffer) ? buffer : [first.readUInt32LE(0), second.readUInt32LE(0)];
  }

  /** An `unsigned long long` of a device. */
  uint64(name: NvmlFunctionName, device: NvmlDevice): bigint | NotTold {
    const buffer = this.filled(name, device);
    return isNotTold(buffer) ? buffer : buffer.readBigUInt64LE(0);
  }

  /** A text of a device, or of the system where there is none; printable. */
  text(name: NvmlFunctionName, device: NvmlDevice | null): string | NotTold {
    const args = [this.#buffer, BUFFER_BYTES] as const;
    const status = this.library.call(name, ...(device === null ? args : [device, ...args]));
    const buffer = this.#answer(status);
    return isNotTold(buffer) ? buffer : readText(buffer);
  }

  /** How many devices there are. */
  count(): number | NotTold {
    const buffer = this.#answer(this.library.call('nvmlDeviceGetCount_v2', this.#buffer));
    return isNotTold(buffer) ? buffer : buffer.readUInt32LE(0);
  }

  /** The device at an index. */
  device(index: number): NvmlDevice | NotTold {
    return this.#handle(this.library.call('nvmlDeviceGetHandleByIndex_v2', index, this.#buffer));
  }

  /** The MIG device at an index of a GPU. */
  migDevice(gpu: NvmlDevice, index: number): NvmlDevice | NotTold {
    return this.#handle(this.library.call('nvmlDeviceGetMigDeviceHandleByIndex', gpu, index, this.#buffer));
  }

  #handle(status: number): NvmlDevice | NotTold {
    const buffer = this.#answer(status);
    return isNotTold(buffer) ? buffer : buffer.readBigUInt64LE(0);
  }

  #answer(status: number): Buffer | NotTold {
    return status === NVML_STATUS.SUCCESS ? this.#buffer : { status };
  }
}

/** An answer, or null where there is none. */
export function orNull<T>(answer: T | NotTold): T | null {
  return isNotTold(answer) ? null : answer;
}
