import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { checkTrusted, trustedUids } from '../config/trust';
import { EitError } from '../errors';
import { loadNativePackage } from './native-package';
import { describeNvmlStatus, NVML_STATUS } from './nvml-status';
import type { Missing } from './source';

/** The name that the driver's packages give the library, wherever they put it, and where that is on most systems. */
const USUAL_LIBRARIES: readonly string[] = [
  'libnvidia-ml.so.1',
  '/usr/lib64/libnvidia-ml.so.1',
  '/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1',
  '/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1',
  '/usr/lib/libnvidia-ml.so.1',
];

/**
 * What is called, with the types of the arguments before the last of each, in the words of koffi. A device is an opaque
 * pointer (`nvmlDevice_t`): 8 bytes that are only handed on. What a function fills is a Buffer (`void *`): its layout is read
 * in nvml-structs.ts.
 * https://docs.nvidia.com/deploy/nvml-api/
 */
const FUNCTIONS = {
  nvmlInit_v2: [],
  nvmlInit: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: ['void *', 'uint'],
  nvmlDeviceGetCount_v2: ['void *'],
  nvmlDeviceGetHandleByIndex_v2: ['uint', 'void *'],
  nvmlDeviceGetUUID: ['uint64', 'void *', 'uint'],
  nvmlDeviceGetName: ['uint64', 'void *', 'uint'],
  nvmlDeviceGetMinorNumber: ['uint64', 'void *'],
  nvmlDeviceGetPciInfo_v3: ['uint64', 'void *'],
  nvmlDeviceGetPciInfo_v2: ['uint64', 'void *'],
  nvmlDeviceGetCudaComputeCapability: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetTotalEnergyConsumption: ['uint64', 'void *'],
  nvmlDeviceGetPowerUsage: ['uint64', 'void *'],
  nvmlDeviceGetFieldValues: ['uint64', 'int', 'void *'],
  nvmlDeviceGetUtilizationRates: ['uint64', 'void *'],
  nvmlDeviceGetMemoryInfo: ['uint64', 'void *'],
  nvmlDeviceGetPerformanceState: ['uint64', 'void *'],
  nvmlDeviceGetCurrentClocksEventReasons: ['uint64', 'void *'],
  nvmlDeviceGetCurrentClocksThrottleReasons: ['uint64', 'void *'],
  nvmlDeviceGetComputeRunningProcesses_v3: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetComputeRunningProcesses_v2: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetComputeRunningProcesses: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetGraphicsRunningProcesses_v3: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetGraphicsRunningProcesses_v2: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetGraphicsRunningProcesses: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetMPSComputeRunningProcesses_v3: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetMPSComputeRunningProcesses_v2: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetMPSComputeRunningProcesses: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetProcessUtilization: ['uint64', 'void *', 'void *', 'uint64'],
  nvmlDeviceGetMigMode: ['uint64', 'void *', 'void *'],
  nvmlDeviceGetMaxMigDeviceCount: ['uint64', 'void *'],
  nvmlDeviceGetMigDeviceHandleByIndex: ['uint64', 'uint', 'void *'],
  nvmlDeviceGetGpuInstanceId: ['uint64', 'void *'],
  nvmlDeviceGetComputeInstanceId: ['uint64', 'void *'],
  nvmlDeviceGetAttributes_v2: ['uint64', 'void *'],
} as const satisfies Record<string, readonly string[]>;

export type NvmlFunctionName = keyof typeof FUNCTIONS;

/** A device as the library knows it: only to be handed back to it. */
export type NvmlDevice = bigint;

/** The opened library. Its calls do not return before the driver has answered, and may crash the process. */
export interface NvmlLibrary {
  readonly path: string;
  /**
   * Calls a function of it.
   * @returns its status (see nvml-status.ts); FUNCTION_NOT_FOUND, as the library itself says it, where this version has no
   *   such function
   */
  call(name: NvmlFunctionName, ...args: readonly (number | NvmlDevice | Buffer)[]): number;
  /** A status in words that an admin understands, with the library's own. */
  describe(status: number): string;
}

/** The part of koffi that is used. */
export interface Koffi {
  load(path: string | null): KoffiLibrary;
}

export interface KoffiLibrary {
  func(name: string, result: string, parameters: readonly string[]): (...args: unknown[]) => unknown;
}

/**
 * The package koffi, which calls functions of C libraries. It is optional: where it has no build for a machine, EIT
 * goes without.
 */
export function loadKoffi(load: (name: string) => unknown = loadNativePackage): Koffi | Missing {
  try {
    return load('koffi') as Koffi;
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return {
      missing: `NVML is called through the package koffi, which cannot be loaded: ${shown(reason)}; install it in the folder of EIT (npm install koffi)`,
    };
  }
}

/**
 * Loads NVIDIA's management library, which comes with the driver. Nothing is called yet.
 * @param path absolute; absent: where the driver's packages put it
 * @returns why it cannot be loaded
 */
export function openNvmlLibrary(koffi: Koffi, path?: string): NvmlLibrary | Missing {
  if (path !== undefined) {
    const refusal = whyNotLoad(path);
    if (refusal !== null) return refusal;
  }
  const tried: string[] = [];
  for (const candidate of path === undefined ? USUAL_LIBRARIES : [path]) {
    // Only the loader knows where a bare name leads.
    if (isAbsolute(candidate) && path === undefined && !existsSync(candidate)) continue;
    try {
      return bind(koffi.load(candidate), candidate);
    } catch (error) {
      tried.push(`${candidate}: ${shown(error instanceof Error ? error.message : String(error))}`);
    }
  }
  return {
    missing: `the library of NVIDIA's driver cannot be loaded (${tried.join('; ')}): install the driver, if this host has such GPUs`,
  };
}

/** What is loaded runs with the rights of the agent: nobody else may be able to replace it. */
function whyNotLoad(path: string): Missing | null {
  if (!isAbsolute(path)) return { missing: `${shown(path)} is not an absolute path` };
  try {
    checkTrusted([path], { trustedUids: trustedUids() });
    return null;
  } catch (error) {
    if (error instanceof EitError) return { missing: error.message };
    throw error;
  }
}

type BoundFunction = (...args: unknown[]) => unknown;

function bind(library: KoffiLibrary, path: string): NvmlLibrary {
  const bound = new Map<string, BoundFunction | null>();
  /** null where this version of the library has none of that name. */
  const find = (name: string, result: string, parameters: readonly string[]): BoundFunction | null => {
    const known = bound.get(name);
    if (known !== undefined) return known;
    let found: BoundFunction | null = null;
    try {
      found = library.func(name, result, parameters);
    } catch {
      // koffi has no other way to say that a symbol is not there, and the types above are right.
    }
    bound.set(name, found);
    return found;
  };
  return {
    path,
    call: (name, ...args) => {
      const called = find(name, 'int', FUNCTIONS[name]);
      return called === null ? NVML_STATUS.FUNCTION_NOT_FOUND : Number(called(...args));
    },
    describe: (status) => {
      const text = find('nvmlErrorString', 'str', ['int'])?.(status);
      return describeNvmlStatus(status, typeof text === 'string' ? shown(text) : null);
    },
  };
}

/** Text from outside, fit for a message. */
function shown(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, 160);
}
