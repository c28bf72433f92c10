import type { SourceSettings } from '../../../src/sources/source';

/** As eit.yaml's defaults. */
export const SETTINGS: SourceSettings = {
  bmc: { program: 'auto', interval_seconds: 10, timeout_seconds: 10 },
  nvidia_smi: 'nvidia-smi',
  gpu: { nvidia: 'auto', interval_ms: 970, order: 'nvml', map: [], watch: 'jobs' },
};
