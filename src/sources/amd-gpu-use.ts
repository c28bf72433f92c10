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

/**
 * Reads `gpu_busy_percent`, `mem_info_vram_used` and `mem_info_vram_total` of a GPU of the driver amdgpu; a GPU that
 * sleeps is not woken. Opens and closes three files: for what is looked at now and then.
 * https://docs.kernel.org/gpu/amdgpu/thermal.html, https://docs.kernel.org/gpu/amdgpu/driver-misc.html
 * @param pciBusId as in `GpuIdentity`
 */
export function readAmdGpuUse(sys: string, pciBusId: string): AmdGpuUse {
  const dir = join(sys, 'bus/pci/devices', pciBusId);
  const number = (name: string): number | Missing => readNumber(join(dir, name), dir);
  const busy = number('gpu_busy_percent');
  const usedBytes = number('mem_info_vram_used');
  const totalBytes = isMissing(usedBytes) ? usedBytes : number('mem_info_vram_total');
  return {
    utilization: isMissing(busy) ? busy : asPart(busy, join(dir, 'gpu_busy_percent')),
    memory: asMemory(usedBytes, totalBytes),
  };
}

function asPart(percent: number, path: string): number | Missing {
  return percent <= 100 ? percent / 100 : unexpected(path, String(percent), 'a percentage');
}

function asMemory(usedBytes: number | Missing, totalBytes: number | Missing): AmdGpuUse['memory'] {
  if (isMissing(usedBytes)) return usedBytes;
  return isMissing(totalBytes) ? totalBytes : { usedBytes, totalBytes };
}

function readNumber(path: string, dir: string): number | Missing {
  const file = new GpuFile(path, dir, () => 0n);
  try {
    const text = file.read();
    if (isMissing(text)) return text;
    return /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : unexpected(path, text, 'a number');
  } finally {
    file.close();
  }
}
