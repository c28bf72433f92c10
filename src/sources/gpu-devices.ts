/** A GPU by its device file. */
export interface GpuDevice {
  /** `nvidia`: /dev/nvidia<minor>. `render`: /dev/dri/renderD<minor>. */
  readonly kind: 'nvidia' | 'render';
  readonly minor: number;
}

/** Character devices of major 195: /dev/nvidia0 to nvidia247 are GPUs, those above the driver's own. */
const NVIDIA_MAJOR = '195';
const MOST_NVIDIA_MINOR = 247;
/** Of major 226 (DRM): renderD128 and on. */
const DRM_MAJOR = '226';
const FIRST_RENDER_MINOR = 128;

/**
 * The GPUs in the text of devices.list, of which each line is `type major:minor access`, such as `c 195:0 rwm`.
 * https://docs.kernel.org/admin-guide/cgroup-v1/devices.html, https://docs.kernel.org/admin-guide/devices.html
 * @returns null where all devices, or all GPUs of a kind, are allowed
 */
export function parseGpuDevices(text: string): GpuDevice[] | null {
  const found: GpuDevice[] = [];
  for (const line of text.split('\n')) {
    const [, type, major, minor] = /^([abc]) (\d+|\*):(\d+|\*) [rwm]+$/.exec(line.trim()) ?? [];
    if (type === undefined || type === 'b') continue;
    const isGpus = major === NVIDIA_MAJOR || major === DRM_MAJOR || major === '*';
    if (type === 'a' || (isGpus && (major === '*' || minor === '*'))) return null;
    const number = Number(minor);
    if (major === NVIDIA_MAJOR && number <= MOST_NVIDIA_MINOR) found.push({ kind: 'nvidia', minor: number });
    if (major === DRM_MAJOR && number >= FIRST_RENDER_MINOR) found.push({ kind: 'render', minor: number });
  }
  return found;
}
