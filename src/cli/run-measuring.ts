import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { modelledIdlePower } from '../agent/host-idle-power';
import { HostReader } from '../agent/host-reader';
import { hostName } from '../config/host-name';
import { describeError } from '../errors';
import type { EitConfig } from '../generated/config';
import type { EitRecord, RunStart } from '../generated/record';
import { type CommandEnd, runCommand } from '../own-run/command';
import type { CommandSignals } from '../own-run/command-signals';
import { openCommandCpu } from '../own-run/command-cpu';
import { requireHardware } from '../own-run/required-hardware';
import { writeRunLines } from '../own-run/run-lines';
import { RunMeter } from '../own-run/run-meter';
import type { RunIdentity } from '../slurm/run-identity';
import { readCpuTopology } from '../sources/cpu-topology';
import { readHostHardware } from '../sources/host-hardware';
import { chooseSources } from '../sources/index';
import type { ProcessJob } from '../sources/process-job';
import type { EnergyDomain } from '../sources/source';
import { version } from '../version';
import { awaitDomains, withPrograms } from './awaited-domains';

/** A last reading of GPUs is worth so much. */
const REFRESH_MS = 3000;

/** What a run needs of the world. */
export interface RunParts {
  readonly env: NodeJS.ProcessEnv;
  readonly signals: CommandSignals;
  readonly folder: string;
  readonly identity: RunIdentity;
  readonly start: RunStart;
  readonly intervalMs: number;
  readonly stretchMs: number;
  /** What goes wrong with the measuring; the command goes on. */
  readonly warn: (text: string) => void;
}

/** The counters of this host, open. */
export interface Measuring {
  /** That this process may use. */
  readonly cpus: number;
  /** Runs a command and writes its records. */
  measure(command: readonly string[], parts: RunParts): Promise<CommandEnd>;
  /** What to know of the figures. */
  remarks(): string[];
  close(): void;
}

/**
 * Opens the sources of this host, as the agent does, but the management controller.
 * @param wanted patterns of the hardware that has to be here
 * @throws EitError EIT_WRONG_HARDWARE, EIT_DATA_FILE
 */
export async function openMeasuring(
  config: EitConfig,
  wanted: { readonly requireGpu: string | undefined; readonly requireCpu: string | undefined },
): Promise<Measuring> {
  const { roots } = config;
  const remarks: string[] = [];
  let isCommands: (pid: number) => ProcessJob | null = () => null;
  const { meters, absent } = chooseSources(roots, {
    ...withPrograms(config),
    // One client at a time: it is the site's.
    bmc: { ...config.bmc, program: 'none' },
    jobOf: (pid) => isCommands(pid),
  });
  const reader = new HostReader(roots, meters);
  const hardware = readHostHardware(roots, readCpuTopology(roots));
  const close = (): void => reader.close();
  try {
    for (const { missing } of await awaitDomains(meters, sleep)) remarks.push(`GPUs: ${missing}`);
    const domains = (): EnergyDomain[] => meters.flatMap((meter) => [...meter.domains]);
    if (wanted.requireCpu !== undefined)
      requireHardware('require-cpu', wanted.requireCpu, hardware.cpu === undefined ? [] : [hardware.cpu]);
    if (wanted.requireGpu !== undefined)
      requireHardware(
        'require-gpu',
        wanted.requireGpu,
        domains().flatMap(({ gpu }) => (gpu === undefined ? [] : [gpu.model])),
      );
    for (const { class: kind, quality, source } of domains())
      if (kind === 'cpu' && quality === 'modelled')
        remarks.push(
          `the CPU's energy is modelled (${source}); docs/run.md says how counters are opened: ${absent['powercap'] ?? 'not there'}`,
        );

    const measure: Measuring['measure'] = async (command, parts) => {
      const cpu = openCommandCpu(roots, process.pid);
      isCommands = (pid) =>
        cpu.pids().includes(pid) ? { jobId: parts.identity.job, node: parts.identity.node } : null;
      const unwritten: EitRecord[] = [];
      const write = (lines: readonly EitRecord[]): void => {
        unwritten.push(...lines);
        writeRunLines(parts.folder, unwritten);
        unwritten.length = 0;
      };
      const gpus = claimedGpus(parts.start);
      const hasGpus = domains().some(({ class: kind }) => kind === 'gpu');
      const meter = new RunMeter({
        ...{ roots, reader, meters, absentSources: absent, hardware, cpu, write },
        // A claim where nothing is: a variable in somebody's profile.
        identity: { ...parts.identity, ...(hasGpus && gpus > 0 ? { gpus } : {}) },
        start: hasGpus ? parts.start : { by: 'prolog' },
        idlePower: modelledIdlePower(roots, meters, reader.places, cpus().length),
        gpuOrder: config.gpu,
        writer: {
          tool: version,
          host: hostName(),
          boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8),
          instance: randomBytes(6).toString('hex'),
        },
        stretchMs: parts.stretchMs,
        now: () => ({ monoNs: process.hrtime.bigint(), wallMs: Date.now() }),
      });
      const told = new Set<string>();
      const guard = (work: () => void): void => {
        try {
          work();
        } catch (error) {
          const text = describeError(error);
          if (!told.has(text)) parts.warn(`measuring: ${text}; the command is not touched by it`);
          told.add(text);
        }
      };
      guard(() => meter.begin());
      const timer = setInterval(() => guard(() => meter.tick()), parts.intervalMs);
      try {
        const end = await runCommand(command, parts, (start) => cpu.start(start));
        clearInterval(timer);
        if (hasGpus) await withinTime(reader.refresh());
        guard(() => meter.end(end.exitCode));
        const left = cpu.pids().length;
        if (left > 0)
          remarks.push(
            `${left} of its processes ${left === 1 ? 'goes' : 'go'} on running: from now on ${left === 1 ? 'it is' : 'they are'} not measured`,
          );
        if (cpu.by === 'processes')
          remarks.push(
            "it had no cgroup of its own: what processes used that left its tree between two readings is in nobody's share",
          );
        return end;
      } finally {
        clearInterval(timer);
        cpu.close();
      }
    };
    return { cpus: availableParallelism(), measure, remarks: () => remarks, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** What reads GPUs does not keep this process alive: the timer has to. */
async function withinTime(work: Promise<void>): Promise<void> {
  const given = new AbortController();
  await Promise.race([work, sleep(REFRESH_MS, undefined, { signal: given.signal }).catch(() => undefined)]);
  given.abort();
}

function claimedGpus({ gpu_ids: ids, gpu_uuids: uuids }: RunStart): number {
  return new Set((uuids ?? ids ?? '').split(',').filter((id) => id !== '')).size;
}
