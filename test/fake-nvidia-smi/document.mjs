// The documents of the fake nvidia-smi: only what readings come from and some of what stands between, in the order and
// with the tags of the real ones (test/fixtures/nvidia-smi, captured from drivers 418 to 595).
import { readFileSync } from 'node:fs';
import { averagePowerAt, powerAt } from './power-curve.js';
import { headFrom, gpuFrom } from './template.mjs';

const DEPRECATED = 'Requested functionality has been deprecated';

const LAYOUTS = {
  530: { driver: '530.30.02', cuda: '12.1', dtd: 'v12', reasons: 'throttle', power: 'power_readings' },
  535: { driver: '535.183.06', cuda: '12.2', dtd: 'v12', reasons: 'event', power: 'gpu_power_readings' },
  570: {
    driver: '570.86.15',
    cuda: '12.8',
    dtd: 'v12',
    reasons: 'event',
    power: 'gpu_power_readings',
    both: true,
  },
  new: {
    driver: '610.57.04',
    cuda: '13.3',
    dtd: 'v13',
    reasons: 'event',
    power: 'gpu_power_readings',
    both: true,
  },
};

/** The layout's versions and tags. */
export function layoutOf({ layout }) {
  const found = LAYOUTS[layout];
  if (!found) throw new Error(`the fake nvidia-smi knows no layout ${layout}`);
  return { ...found, isNew: layout === 'new' };
}

/** What stands before the first GPU. */
export function headOf(config) {
  if (config.template) return headFrom(config, timestamp(new Date()));
  const { dtd, driver, cuda } = layoutOf(config);
  return `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_${dtd}.dtd">
<nvidia_smi_log>
\t<timestamp>${timestamp(new Date())}</timestamp>
\t<driver_version>${driver}</driver_version>
\t<cuda_version>${cuda}</cuda_version>
\t<attached_gpus>${config.gpus.length}</attached_gpus>
`;
}

export const TAIL = '</nvidia_smi_log>\n';
export const EMPTY = `<?xml version="1.0" ?>\n<nvidia_smi_log>\n</nvidia_smi_log>\n`;

/** One GPU as it is at `monoNs`; `sections` limits what is told of it, null: nothing does. */
export function gpuOf(config, position, { monoNs, failures, sections }) {
  const gpu = config.gpus[position];
  const of = (kind) => failures.find((one) => one.kind === kind && (one.gpu ?? position) === position);
  if (config.template) {
    return gpuFrom(config, position, {
      averageW: of('power')?.text ?? watts(averagePowerAt(gpu.power, monoNs)),
      instantW: of('power')?.text ?? watts(powerAt(gpu.power, monoNs)),
      percent: percentOf(gpu, monoNs),
      processes: processes(gpu),
    });
  }
  const isLost = of('lost') !== undefined;
  const layout = {
    ...layoutOf(config),
    ...(of('layout') && { power: 'board_energy_readings', both: false }),
  };
  const parts = [
    ['', identity(gpu, layout)],
    ['PERFORMANCE', performance(gpu, layout)],
    ['MEMORY', memory(gpu)],
    ['UTILIZATION', utilization(gpu, monoNs)],
    ['POWER', power(gpu, layout, monoNs, of('power')?.text)],
    ['CLOCK', clocks()],
    ['PIDS', processes(gpu)],
  ];
  const body = parts
    .filter(([section]) => sections === null || sections.includes(section))
    .map(([, text]) => text)
    .join('');
  const shown = isLost ? body.replace(/>[^<>\n]+<\//g, '>GPU is lost</') : body;
  return `\t<gpu id="${gpu.pci}">\n${shown}\t</gpu>\n${layout.isNew ? '\n' : ''}`;
}

function identity(gpu, { isNew }) {
  const mode = gpu.mig ? 'Enabled' : isNew ? 'Disabled' : 'N/A';
  const [domain, bus, device] = gpu.pci.split(/[:.]/);
  return `\t\t<product_name>${escapeXml(gpu.name)}</product_name>
\t\t<product_brand>NVIDIA</product_brand>
\t\t<product_architecture>${escapeXml(gpu.architecture)}</product_architecture>
\t\t<display_mode>${isNew ? DEPRECATED : 'Enabled'}</display_mode>
\t\t<persistence_mode>Enabled</persistence_mode>
\t\t<mig_mode>
\t\t\t<current_mig>${mode}</current_mig>
\t\t\t<pending_mig>${mode}</pending_mig>
\t\t</mig_mode>
\t\t<mig_devices>
${gpu.mig ? gpu.mig.map(instance).join('') : '\t\t\tNone\n'}\t\t</mig_devices>
\t\t<serial>1650522003820</serial>
\t\t<uuid>${gpu.uuid}</uuid>
\t\t<minor_number>${gpu.minor}</minor_number>
\t\t<pci>
\t\t\t<pci_bus>${bus}</pci_bus>
\t\t\t<pci_device>${device}</pci_device>
\t\t\t<pci_domain>${domain.slice(-4)}</pci_domain>
\t\t\t<pci_bus_id>${gpu.pci}</pci_bus_id>
\t\t</pci>
\t\t<fan_speed>N/A</fan_speed>
`;
}

function instance({ index, gpu, compute, multiprocessors, memoryMib: { used, total } }) {
  return `\t\t\t<mig_device>
\t\t\t\t<index>${index}</index>
\t\t\t\t<gpu_instance_id>${gpu}</gpu_instance_id>
\t\t\t\t<compute_instance_id>${compute}</compute_instance_id>
\t\t\t\t<device_attributes>
\t\t\t\t\t<shared>
\t\t\t\t\t\t<multiprocessor_count>${multiprocessors}</multiprocessor_count>
\t\t\t\t\t</shared>
\t\t\t\t</device_attributes>
\t\t\t\t<fb_memory_usage>
\t\t\t\t\t<total>${total} MiB</total>
\t\t\t\t\t<reserved>0 MiB</reserved>
\t\t\t\t\t<used>${used} MiB</used>
\t\t\t\t\t<free>${total - used} MiB</free>
\t\t\t\t</fb_memory_usage>
\t\t\t</mig_device>
`;
}

function performance(_gpu, { reasons }) {
  const names = [
    'gpu_idle',
    'applications_clocks_setting',
    'sw_power_cap',
    'hw_slowdown',
    'hw_thermal_slowdown',
    'hw_power_brake_slowdown',
    'sync_boost',
    'sw_thermal_slowdown',
    'display_clocks_setting',
  ];
  const tag = `clocks_${reasons}_reason`;
  const lines = names.map((name) => `\t\t\t<${tag}_${name}>Not Active</${tag}_${name}>\n`).join('');
  return `\t\t<performance_state>P0</performance_state>\n\t\t<${tag}s>\n${lines}\t\t</${tag}s>\n`;
}

function memory({ memoryMib: { used, total } = { used: 4, total: 81_920 } }) {
  return `\t\t<fb_memory_usage>
\t\t\t<total>${total} MiB</total>
\t\t\t<reserved>0 MiB</reserved>
\t\t\t<used>${used} MiB</used>
\t\t\t<free>${total - used} MiB</free>
\t\t</fb_memory_usage>
`;
}

function utilization(gpu, monoNs) {
  const shown = gpu.mig ? 'N/A' : `${percentOf(gpu, monoNs)} %`;
  return `\t\t<utilization>
\t\t\t<gpu_util>${shown}</gpu_util>
\t\t\t<memory_util>${shown}</memory_util>
\t\t</utilization>
`;
}

function percentOf(gpu, monoNs) {
  if (gpu.utilization) return Math.round(powerAt(gpu.utilization, monoNs));
  const idleW = powerAt(gpu.power, BigInt(gpu.power.startNs) - 1n);
  return powerAt(gpu.power, monoNs) > idleW ? 100 : 0;
}

/** Only this is told where the driver tells one power: a mean over a second since Ampere, but not of GA100. */
function isAveraged({ architecture, name }) {
  if (/\b(A100|A800|A30)\b/.test(name)) return false;
  return ['Ampere', 'Ada Lovelace', 'Hopper', 'Blackwell'].includes(architecture);
}

function power(gpu, { power: tag, both, isNew }, monoNs, text) {
  const averageW = watts(averagePowerAt(gpu.power, monoNs));
  const instantW = watts(powerAt(gpu.power, monoNs));
  const draws = both
    ? `\t\t\t<average_power_draw>${text ?? averageW}</average_power_draw>
\t\t\t<instant_power_draw>${text ?? instantW}</instant_power_draw>
`
    : `\t\t\t<power_draw>${text ?? (isAveraged(gpu) ? averageW : instantW)}</power_draw>\n`;
  const others = both
    ? `\t\t<gpu_memory_power_readings>
\t\t\t<average_power_draw>N/A</average_power_draw>
\t\t\t<instant_power_draw>N/A</instant_power_draw>
\t\t</gpu_memory_power_readings>
\t\t<module_power_readings>
\t\t\t<average_power_draw>N/A</average_power_draw>
\t\t\t<instant_power_draw>N/A</instant_power_draw>
\t\t</module_power_readings>
`
    : tag === 'gpu_power_readings'
      ? '\t\t<module_power_readings>\n\t\t\t<power_draw>N/A</power_draw>\n\t\t</module_power_readings>\n'
      : '';
  return `\t\t<${tag}>
\t\t\t<power_state>${isNew ? DEPRECATED : 'P0'}</power_state>
${draws}\t\t\t<max_power_limit>700.00 W</max_power_limit>
\t\t</${tag}>
${others}`;
}

function watts(powerW) {
  return `${powerW.toFixed(2)} W`;
}

/** By far the longest part of a real document. */
function clocks() {
  const clock = (_, step) =>
    `\t\t\t\t<supported_graphics_clock>${1980 - 15 * step} MHz</supported_graphics_clock>\n`;
  return `\t\t<supported_clocks>
\t\t\t<supported_mem_clock>
\t\t\t\t<value>2619 MHz</value>
${Array.from({ length: 120 }, clock).join('')}\t\t\t</supported_mem_clock>
\t\t</supported_clocks>
`;
}

function processes(gpu) {
  const all = [...(gpu.processes ?? []), ...(gpu.processesFile ? readProcesses(gpu.processesFile) : [])];
  const one = ({ pid, usedMib, name = 'python3', instance: mig }) => `\t\t\t<process_info>
\t\t\t\t<gpu_instance_id>${mig?.gpu ?? 'N/A'}</gpu_instance_id>
\t\t\t\t<compute_instance_id>${mig?.compute ?? 'N/A'}</compute_instance_id>
\t\t\t\t<pid>${pid}</pid>
\t\t\t\t<type>C</type>
\t\t\t\t<process_name>${escapeXml(name)}</process_name>
\t\t\t\t<used_memory>${usedMib} MiB</used_memory>
\t\t\t</process_info>
`;
  return `\t\t<processes>\n${all.map(one).join('')}\t\t</processes>\n`;
}

/** A test may write the file just now. */
function readProcesses(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}

/** `Fri Aug  4 11:44:30 2023`: local time without a zone, to the second. */
function timestamp(date) {
  const [day, month, number, year, time] = date.toString().split(' ');
  return `${day} ${month} ${String(Number(number)).padStart(2)} ${time} ${year}`;
}

function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
