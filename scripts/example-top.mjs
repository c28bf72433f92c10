// A screen of eit top as it is in src/ now, of made-up figures: what docs/top.svg shows.
import { build } from 'esbuild';
import { top } from './child.mjs';

const AT = Date.parse('2026-03-04T09:15:30Z');
const GPUS = ['gpu-0000:01:00.0', 'gpu-0000:41:00.0', 'gpu-0000:81:00.0', 'gpu-0000:c1:00.0'];

/** Lines with the codes that a terminal gets. */
export async function topLines(size) {
  const { topScreen, screenDiff } = await bundled();
  const model = {
    snapshot: snapshot(),
    factor: { gPerKwh: 392.5, text: 'DE 314 g/kWh, PUE 1.25' },
    nowMs: AT,
    clock: '10:15:30',
    notice: '',
    history: (key) => wave(key.length, key === '' ? 40 : 12),
    isUnicode: true,
    user: null,
  };
  const state = { view: 'list', sort: 'watts', filter: '', selected: null };
  // Of each line by itself what a terminal would get, without the codes that say where.
  return topScreen(model, state, size).map((line) =>
    screenDiff([[]], [line], true).replace('\u001b[1;1H', ''),
  );
}

async function bundled() {
  const { outputFiles } = await build({
    absWorkingDir: top,
    stdin: {
      contents:
        "export { topScreen } from './src/live/top-view';\nexport { screenDiff } from './src/live/screen-diff';\n",
      resolveDir: top,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  return await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
}

/** A power that goes up and down, the same each time. */
function wave(seed, length) {
  return Array.from({ length }, (_, i) => 5 + ((i * 7 + seed * 3) % 5) + ((i * i + seed) % 7) / 2);
}

function snapshot() {
  const domain = (name, power, energyJ) => ({
    name,
    class: name.startsWith('gpu') ? 'gpu' : name.startsWith('dram') ? 'dram' : 'cpu',
    quality: 'measured',
    power_w: power,
    energy_j: energyJ,
    missing_s: 0,
  });
  const run = (job, user, hours, more) => ({
    job,
    user,
    node: 'gpu07',
    cluster: 'alpha',
    restart: 0,
    account: 'physics',
    partition: 'gpu',
    started: new Date(AT - hours * 3_600_000).toISOString(),
    ended: null,
    memory_limit_bytes: null,
    gpu_busy: null,
    ...more,
  });
  const runs = [
    run(184_467, 'ada', 3.21, {
      cpus: 32,
      cpus_busy: 30.8,
      memory_bytes: 61.5e9,
      gpus: 2,
      gpu_busy: 0.97,
      domains: [
        domain('package-0', 121, 1.41e6),
        domain('dram-0', 14.3, 1.6e5),
        domain(GPUS[0], 388, 4.4e6),
        domain(GPUS[1], 391, 4.5e6),
      ],
    }),
    run(184_502, 'grace', 0.61, {
      cpus: 16,
      cpus_busy: 6.2,
      memory_bytes: 22.1e9,
      gpus: 1,
      gpu_busy: 0.58,
      domains: [domain('package-1', 38.7, 8.2e4), domain('dram-1', 6.1, 1.3e4), domain(GPUS[2], 241, 4.9e5)],
    }),
    run(184_390, 'katherine', 17.4, {
      cpus: 48,
      cpus_busy: 47.9,
      memory_bytes: 118e9,
      domains: [domain('package-1', 166, 1.04e7), domain('dram-1', 19.4, 1.2e6)],
    }),
    run(184_511, 'emmy', 0.012, {
      cpus: 4,
      cpus_busy: 1,
      memory_bytes: 0.9e9,
      domains: [domain('package-0', 5.2, 210), domain('dram-0', 0.41, 17)],
    }),
  ];
  const host = (name, runsW, idleW, systemW, energyJ) => ({
    name,
    class: name.startsWith('gpu') ? 'gpu' : name.startsWith('dram') ? 'dram' : 'cpu',
    quality: 'measured',
    source: name.startsWith('gpu') ? 'nvidia' : 'powercap',
    power_w: runsW + idleW + systemW,
    runs_w: runsW,
    idle_w: idleW,
    system_w: systemW,
    energy_j: energyJ,
  });
  return {
    schema: 1,
    kind: 'now',
    tool: 'example',
    host: 'gpu07',
    cluster: 'alpha',
    nodes: ['gpu07'],
    at: new Date(AT).toISOString(),
    policy: 'usage',
    scope: 'all',
    totals: {
      runs: runs.length,
      cpus: 128,
      cpus_busy: 86.4,
      memory_bytes: 208e9,
      memory_total_bytes: 540e9,
      since: new Date(AT - 9 * 3_600_000).toISOString(),
      domains: [
        host('package-0', 126.2, 9.8, 4.1, 4.2e6),
        host('package-1', 204.7, 0, 3.2, 6.1e6),
        host('dram-0', 14.7, 2.1, 0.4, 5.5e5),
        host('dram-1', 25.5, 1.2, 0.3, 7.9e5),
        host(GPUS[0], 388, 0, 0, 9.1e6),
        host(GPUS[1], 391, 0, 0, 9.2e6),
        host(GPUS[2], 241, 0, 0, 3.3e6),
        host(GPUS[3], 0, 61.2, 0, 1.98e6),
      ],
      whole: [],
    },
    runs,
  };
}
