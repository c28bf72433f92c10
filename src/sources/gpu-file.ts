import { join } from 'node:path';
import { isErrno } from '../errors';
import { KernelFile, unreadable } from './kernel-file';
import type { Missing } from './source';

/** Reading takes some milliseconds where the GPU's firmware is asked; after more than this it is ill (ns). */
const LONG_NS = 50_000_000n;
/** It is then left alone for so many times as long: at most a hundredth of the time is spent waiting for it. */
const REST_FACTOR = 100n;

/**
 * A file of a GPU's driver that is read each tick. The driver asks the GPU's firmware in the middle of the read:
 *
 * - A GPU that sleeps (runtime power management) would be woken and kept awake by being read, so it is not.
 * - Firmware that hangs makes each read wait for the driver's time limit, hundreds of milliseconds and more. It is
 *   left alone for a hundred times as long as it took.
 * - While it is reset, and with newer kernels while it sleeps, the driver refuses (EPERM, EBUSY), root too.
 *
 * https://docs.kernel.org/power/runtime_pm.html, https://docs.kernel.org/gpu/amdgpu/thermal.html
 */
export class GpuFile {
  readonly #file: KernelFile;
  readonly #status: KernelFile;
  readonly #now: () => bigint;
  #rest: { readonly untilNs: bigint; readonly tookNs: bigint } | null = null;

  /**
   * @param path of the file
   * @param deviceDir folder of the PCI device
   * @param now a clock that goes on evenly (ns)
   */
  constructor(path: string, deviceDir: string, now: () => bigint) {
    this.#file = new KernelFile(path);
    this.#status = new KernelFile(join(deviceDir, 'power/runtime_status'));
    this.#now = now;
  }

  get path(): string {
    return this.#file.path;
  }

  /** What the file says now (each character a byte), or why it was not read. */
  read(): string | Missing {
    const startNs = this.#now();
    const reason = this.#whyAsleep() ?? this.#whyResting(startNs);
    if (reason !== null) return reason;
    try {
      return this.#file.read();
    } catch (error) {
      return this.#refusal(error);
    } finally {
      const tookNs = this.#now() - startNs;
      this.#rest = tookNs <= LONG_NS ? null : { untilNs: startNs + tookNs * (1n + REST_FACTOR), tookNs };
    }
  }

  close(): void {
    this.#file.close();
    this.#status.close();
  }

  #whyAsleep(): Missing | null {
    let status: string;
    try {
      status = this.#status.read().trim();
    } catch (error) {
      unreadable(this.#status.path, error); // throws on anything but a system error
      return null; // a kernel without runtime power management: it is awake
    }
    if (status !== 'suspended' && status !== 'suspending') return null;
    return { missing: `the GPU sleeps (${this.#status.path} says ${status}); reading would wake it` };
  }

  #whyResting(nowNs: bigint): Missing | null {
    if (this.#rest === null || nowNs >= this.#rest.untilNs) return null;
    const tookMs = this.#rest.tookNs / 1_000_000n;
    return {
      missing: `reading ${this.path} took ${tookMs} ms: the GPU may hang, and is left alone for a hundred times as long`,
    };
  }

  #refusal(error: unknown): Missing {
    const { missing } = unreadable(this.path, error);
    if (isErrno(error, 'EPERM', 'EBUSY')) {
      return { missing: `${missing}; the driver refuses while the GPU sleeps or is reset` };
    }
    return isErrno(error, 'EACCES') ? { missing: `${missing}; run the agent as root` } : { missing };
  }
}
