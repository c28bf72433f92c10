import { join } from 'node:path';
import { GpuFile } from './gpu-file';
import { unexpected } from './kernel-file';
import { type Missing, isMissing } from './source';

/** How much of an AMD GPU is in use. */
export interface AmdGpuUse {
  /** Part of the time just before in which it worked, 0 to 1, as its firmware averages it. */
  readonly utilization: number | Missing;
  readonly memory: { readonly usedBytes: number; readonly totalBytes: number } | Missing;
}

/** The files of one GPU that tell it. They stay open. */
export interface AmdGpuUseFiles {
  read(): AmdGpuUse;
  close(): void;
}

/**
 * Opens `gpu_busy_percent`, `mem_info_vram_used` and `mem_info_vram_total` of a GPU of the driver amdgpu. A GPU that
 * sleeps is not woken, and one whose firmware hangs is left alone for a while (gpu-file.ts).
 * https://docs.kernel.org/gpu/amdgpu/thermal.html, https://docs.kernel.org/gpu/amdgpu/driver-misc.html
 * @param pciBusId as in `GpuIdentity`
 * @param now a clock that goes on evenly (ns)
 */
export function openAmdGpuUse(sys: string, pciBusId: string, now: () => bigint): AmdGpuUseFiles {
  const dir = join(sys, 'bus/pci/devices', pciBusId);
  const open = (name: string): GpuFile => new GpuFile(join(dir, name), dir, now);
  const [busy, used, total] = [
    open('gpu_busy_percent'),
    open('mem_info_vram_used'),
    open('mem_info_vram_total'),
  ] as const;
  return {
    read: () => {
      const percent = readNumber(busy);
      const usedBytes = readNumber(used);
      const totalBytes = isMissing(usedBytes) ? usedBytes : readNumber(total);
      return {
        utilization: isMissing(percent) ? percent : asPart(percent, busy.path),
        memory: asMemory(usedBytes, totalBytes),
      };
    },
    close: () => {
      for (const file of [busy, used, total]) file.close();
    },
  };
}

function asPart(percent: number, path: string): number | Missing {
  return percent <= 100 ? percent / 100 : unexpected(path, String(percent), 'a percentage');
}

function asMemory(usedBytes: number | Missing, totalBytes: number | Missing): AmdGpuUse['memory'] {
  if (isMissing(usedBytes)) return usedBytes;
  return isMissing(totalBytes) ? totalBytes : { usedBytes, totalBytes };
}

function readNumber(file: GpuFile): number | Missing {
  const text = file.read();
  if (isMissing(text)) return text;
  return /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : unexpected(file.path, text, 'a number');
}
