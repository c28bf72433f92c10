// The agent's side of reading GPUs, alone: what opens the source and takes its readings, read each 10 s as the agent does. For
// test/bench/gpu.mjs, which bundles it. Argument: SourceSettings as JSON. On a message it says how many readings came.
import { GpuChild } from '../../src/sources/gpu-child';
import { nvidiaSource } from '../../src/sources/nvidia';
import { type SourceSettings, isMissing } from '../../src/sources/source';

const TICK_MS = 10_000;

const settings = JSON.parse(process.argv[2] ?? '') as SourceSettings;
let samples = 0;
const source = nvidiaSource((onSnapshot, { gpu, gpuProgram = '', nvidia_smi: nvidiaSmi }) => {
  return new GpuChild({
    program: gpuProgram,
    intervalMs: gpu.interval_ms,
    reader: gpu.nvidia === 'none' ? 'auto' : gpu.nvidia,
    nvidiaSmi,
    ...(gpu.nvml_library === undefined ? {} : { nvml: gpu.nvml_library }),
    onSnapshot: (snapshot) => {
      samples += 1;
      onSnapshot(snapshot);
    },
    onWarning: (text) => process.stderr.write(`${text}\n`),
  });
});
const meter = source.open({ sys: '/nowhere', proc: '/proc', cgroup: '/nowhere' }, settings);
if (isMissing(meter)) throw new Error(meter.missing);
meter.want?.(true);
setInterval(() => {
  meter.read({ monoNs: process.hrtime.bigint(), wallMs: Date.now() });
  meter.looks?.();
}, TICK_MS);
process.on('message', () => process.send?.({ samples, trouble: meter.trouble }));
process.on('disconnect', () => {
  meter.close();
  process.exit(0);
});
