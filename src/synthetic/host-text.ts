import type { ByPolicy } from '../attribution/policy';
import {
  CPU_MODEL,
  GIB,
  GPU_IDLE_W,
  GPU_MODEL,
  gpuDomain,
  gpuKey,
  HOST_CPUS,
  HOST_MEMORY_GIB,
  PACKAGES,
  SHARED_DOMAINS,
} from './hardware';
import type { LineBytes } from './line-bytes';
import { DAY_MS } from './plan';
import type { Random } from './random';
import type { SharedDomain } from './shared-domain';

const ABSENT =
  ',"absent_sources":{"amdgpu":"no GPU of AMD below /sys/bus/pci/devices",' +
  '"intel_gpu":"no GPU of Intel below /sys/bus/pci/devices","cray":"no /sys/cray/pm_counters: not a Cray node",' +
  '"hwmon":"no sensor of energy or power below /sys/class/hwmon","bmc":"bmc.interval_seconds is 0 in eit.yaml",' +
  '"cpu-model":"powercap measures the packages","dram-model":"powercap measures dram"';
const NO_GPUS = ',"nvidia":"no driver of NVIDIA is loaded: /proc/driver/nvidia/version is not there"';
const KERNEL = '6.1.0-synthetic';
const MEMORY = `,"steal_us":0,"guest_us":0},"memory":{"total_bytes":${HOST_MEMORY_GIB * GIB},"held_bytes":`;
/** Each domain up to its counter, and behind what is missing of it. */
const SHARED_KEYS = SHARED_DOMAINS.map(
  ({ name, class: domainClass }, i) =>
    `${i > 0 ? ',' : ''}"${name}":{"class":"${domainClass}","source":"powercap","quality":"measured","counter_uj":`,
);
const SHARED_ENDS = SHARED_DOMAINS.map(({ class: domainClass, idleW }) =>
  domainClass === 'cpu' ? `,"idle_w":${idleW},"idle_by":"calibrated","calibration":1}` : '}',
);
const GPU_END = `,"system_uj":[0,0,0],"missing_ms":0,"idle_w":${GPU_IDLE_W},"idle_by":"calibrated","calibration":1}`;

/** A host's stretch in numbers. */
export interface HostStretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ms: number;
  readonly seq: number;
  readonly shared: readonly {
    readonly domain: SharedDomain;
    readonly counterUj: number;
    readonly idleUj: ByPolicy;
    readonly systemUj: ByPolicy;
  }[];
  /** The same under each policy. */
  readonly gpus: readonly { readonly runsUj: number; readonly idleUj: number }[];
  readonly runsUs: number;
  readonly systemUs: number;
  readonly runsGib: number;
  readonly systemGib: number;
}

/** Writes lines of hosts as the agent does (src/agent/lines.ts). Names in them need no escapes. */
export class HostText {
  readonly #writer: {
    readonly name: string;
    readonly cluster: string;
    readonly tool: string;
    readonly gpus: number;
  };
  readonly #hardware: string;
  readonly #nodes: string;
  readonly #gpuKeys: readonly string[];
  /** From the domains to the busy time. */
  readonly #afterDomains: string;
  #head = '';
  /** Day of the last line that told the hardware; NaN before the first one of an agent. */
  #hardwareDay = NaN;

  constructor(writer: {
    readonly name: string;
    readonly cluster: string;
    readonly tool: string;
    readonly gpus: number;
  }) {
    this.#writer = writer;
    this.#nodes = `,"nodes":["${writer.name}"],"domains":{`;
    this.#hardware = hardwareText(writer.name, writer.gpus);
    this.#gpuKeys = Array.from(
      { length: writer.gpus },
      (_, i) => `${gpuKey(i)}{"class":"gpu","source":"nvml","quality":"measured","counter_uj":`,
    );
    this.#afterDomains = `}${ABSENT}${writer.gpus > 0 ? '' : NO_GPUS}},"cpu":{"cpus":${HOST_CPUS},"busy_us":`;
  }

  boot(boot: string, instance: string): void {
    const { name, cluster, tool } = this.#writer;
    this.#head =
      `{"schema":1,"kind":"host","tool":"${tool}","cluster":"${cluster}","host":"${name}",` +
      `"boot":"${boot}","instance":"${instance}","seq":`;
    this.#hardwareDay = NaN;
  }

  /** Writes a line, without its newline. */
  write(line: LineBytes, stretch: HostStretch, random: Random): void {
    const { fromMs, toMs, ms, seq, runsUs, systemUs, runsGib, systemGib } = stretch;
    line.named(this.#head, seq);
    line.text(',"from":"');
    line.time(fromMs);
    line.text('","to":"');
    line.time(toMs);
    line.named('","ms":', ms);
    line.text(this.#nodes);
    for (let i = 0; i < stretch.shared.length; i++) writeShared(line, i, stretch.shared[i]!, ms);
    for (let i = 0; i < stretch.gpus.length; i++) writeGpu(line, this.#gpuKeys[i]!, stretch.gpus[i]!);
    line.text(this.#afterDomains);
    line.whole(runsUs + systemUs);
    line.named(',"runs_us":', runsUs);
    line.named(',"nice_us":0,"iowait_us":', random.whole(0, 900_000));
    const runsBytes = Math.floor(runsGib * GIB);
    line.named(MEMORY, runsBytes + systemGib * GIB);
    line.named(',"runs_bytes":', runsBytes);
    line.text('}');
    const day = Math.floor(toMs / DAY_MS);
    if (day !== this.#hardwareDay) line.text(this.#hardware);
    this.#hardwareDay = day;
    writeContext(line, runsUs / 1000 / ms, random);
    line.named(',"agent":{"cpu_us":', random.whole(60_000, 240_000));
    line.named(',"rss_bytes":', random.whole(62, 74) * 1_048_576);
    line.named(',"readings":', Math.ceil(ms / 10_000));
    line.text('}}');
  }
}

function writeShared(
  line: LineBytes,
  place: number,
  shared: HostStretch['shared'][number],
  ms: number,
): void {
  const { domain, counterUj, idleUj, systemUj } = shared;
  const { model, runsUj, isMissing } = domain;
  line.named(SHARED_KEYS[place]!, counterUj);
  line.text(',"runs_uj":');
  line.policies(runsUj[0], runsUj[1], runsUj[2]);
  line.text(',"idle_uj":');
  line.policies(idleUj[0], idleUj[1], idleUj[2]);
  line.text(',"system_uj":');
  line.policies(systemUj[0], systemUj[1], systemUj[2]);
  line.named(',"missing_ms":', isMissing ? ms : 0);
  if (isMissing) line.text(`,"missing_reason":"energy_uj of ${model.name} cannot be read: EIO"`);
  line.text(SHARED_ENDS[place]!);
}

function writeGpu(line: LineBytes, key: string, { runsUj, idleUj }: HostStretch['gpus'][number]): void {
  line.named(key, runsUj + idleUj);
  line.text(',"runs_uj":');
  line.policies(runsUj, runsUj, runsUj);
  line.text(',"idle_uj":');
  line.policies(idleUj, idleUj, idleUj);
  line.text(GPU_END);
}

function writeContext(line: LineBytes, load: number, random: Random): void {
  const mhz = random.whole(2300, 3300);
  line.text(`,"context":{"looks":10,"load1":{"mean":${hundredths(load)},"max":`);
  line.text(`${hundredths(load * random.between(1, 1.2))}},"cpu_mhz":{"min":`);
  line.whole(mhz - 200);
  line.named(',"mean":', mhz);
  line.named(',"max":', mhz + 300);
  line.named('},"major_faults":', random.whole(0, 900));
  line.named(',"pressure_us":{"cpu":', random.whole(0, 2_000_000));
  line.named(',"memory":0,"io":', random.whole(0, 400_000));
  line.text('},"disks":{"nvme0n1":');
  writeTraffic(line, 90_000_000, random);
  line.text('},"network_files":');
  writeTraffic(line, 1_000_000_000, random);
  line.text('}');
}

function writeTraffic(line: LineBytes, mostBytes: number, random: Random): void {
  const read = random.whole(0, mostBytes);
  const written = random.whole(0, mostBytes);
  line.named('{"read_bytes":', read);
  line.named(',"written_bytes":', written);
  line.named(',"read_ops":', read >> 13);
  line.named(',"written_ops":', written >> 13);
  line.text('}');
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function hardwareText(host: string, gpus: number): string {
  const list = Array.from({ length: gpus }, (_, i) => {
    const uuid = `GPU-${Buffer.from(`${host}-${i}`.padEnd(16, '-')).toString('hex').slice(0, 32)}`;
    return `"${gpuDomain(i)}":{"model":"${GPU_MODEL}","uuid":"${uuid}","driver":"0.0"}`;
  });
  return (
    `,"hardware":{"cpu":"${CPU_MODEL}","packages":${PACKAGES},"cores":${HOST_CPUS},"threads":${HOST_CPUS}` +
    `,"memory_bytes":${HOST_MEMORY_GIB * GIB},"kernel":"${KERNEL}"${gpus > 0 ? `,"gpus":{${list.join(',')}}` : ''}}`
  );
}
