/** What NVML's functions return (`nvmlReturn_t`, https://docs.nvidia.com/deploy/nvml-api/), of those that are told apart here. */
export const NVML_STATUS = {
  SUCCESS: 0,
  UNINITIALIZED: 1,
  INVALID_ARGUMENT: 2,
  NOT_SUPPORTED: 3,
  NO_PERMISSION: 4,
  NOT_FOUND: 6,
  INSUFFICIENT_SIZE: 7,
  DRIVER_NOT_LOADED: 9,
  FUNCTION_NOT_FOUND: 13,
  GPU_IS_LOST: 15,
  RESET_REQUIRED: 16,
  OPERATING_SYSTEM: 17,
  VERSION_MISMATCH: 18,
} as const;

const MEANINGS = new Map<number, string>([
  [NVML_STATUS.NOT_SUPPORTED, 'this GPU does not tell it'],
  [NVML_STATUS.NO_PERMISSION, 'the agent may not ask it: give its user the right to open /dev/nvidia*'],
  [NVML_STATUS.DRIVER_NOT_LOADED, "NVIDIA's driver is not loaded: modprobe nvidia, or install it"],
  [NVML_STATUS.FUNCTION_NOT_FOUND, 'this version of the driver does not tell it'],
  [
    NVML_STATUS.GPU_IS_LOST,
    'the GPU has fallen off the bus: the kernel log says why (Xid), and it comes back with a reset or reboot',
  ],
  [NVML_STATUS.RESET_REQUIRED, 'the GPU is to be reset (nvidia-smi --gpu-reset) before it can be used'],
  [
    NVML_STATUS.OPERATING_SYSTEM,
    'the system keeps the agent from the GPU, as the device list of its cgroup may do',
  ],
  [
    NVML_STATUS.VERSION_MISMATCH,
    "the library of NVIDIA's driver is of another version than the driver in the kernel, as after an update: reboot, or unload the kernel's modules (nvidia_uvm, nvidia) and load the new ones",
  ],
]);

/**
 * A status of NVML in words that an admin understands, with what to do.
 * @param said what the library itself calls it, printable; null where it was not asked
 */
export function describeNvmlStatus(status: number, said: string | null = null): string {
  const named = `NVML status ${status}${said === null ? '' : `, "${said}"`}`;
  const meaning = MEANINGS.get(status);
  return meaning === undefined ? named : `${meaning} (${named})`;
}
