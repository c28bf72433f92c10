import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isErrno } from '../errors';
import { BmcPoller, type StartProgram, startProgram } from './bmc-poller';
import { MOST_DCMI_W, parseIpmiDcmi, parseIpmitool } from './dcmi-text';
import { unreadable } from './kernel-file';
import { PowerIntegral } from './power-integral';
import { PROGRAM_FOLDERS, findProgram, whyNotRun } from './program-path';
import {
  type EnergyMeter,
  type EnergySource,
  type Missing,
  type Roots,
  type SourceSettings,
  isMissing,
} from './source';

/** Programs that ask for DCMI power, the preferred first. Both go through the kernel's driver, which queues requests. */
const PROGRAMS = [
  { name: 'ipmi-dcmi', args: ['--get-system-power-statistics'], parse: parseIpmiDcmi },
  { name: 'ipmitool', args: ['dcmi', 'power', 'reading'], parse: parseIpmitool },
] as const;

type DcmiProgram = (typeof PROGRAMS)[number];

/** So many answers in a row may fail to come before the energy in between is missing. */
const ANSWERS_MISSED = 3;

const NOTE =
  'The controller averages over a time of its own that it does not tell, often seconds: short jobs are blurred. ' +
  'On blades it may be the power of the chassis: compare with the other nodes of one.';

/**
 * Power of the whole node from its management controller (BMC), by the IPMI extension DCMI
 * (https://www.intel.com/content/dam/www/public/us/en/documents/technical-specifications/dcmi-v1-5-rev-spec.pdf, "Get Power
 * Reading"). A child process asks each `bmc.interval_seconds`; reading the meter gives what has been integrated so far.
 */
export const bmc: EnergySource = {
  name: 'bmc',
  description: 'Power of the whole node from the management controller (IPMI DCMI: ipmi-dcmi, ipmitool)',
  unit: 'W',
  open: (roots, settings) => openBmc(roots, settings.bmc),
};

/** What varies in tests. */
export interface BmcParts {
  readonly folders?: readonly string[];
  readonly start?: StartProgram;
  /** CLOCK_MONOTONIC (ns). */
  readonly now?: () => bigint;
}

/**
 * @param settings `bmc` of eit.yaml. A program named there is run though the host shows no controller: it may ask it by other
 *   means
 * @returns why the host's power cannot be asked for, with how to mend it. Nothing is asked before the meter is first read.
 */
export function openBmc(
  roots: Pick<Roots, 'sys'>,
  settings: SourceSettings['bmc'],
  parts: BmcParts = {},
): EnergyMeter | Missing {
  const { folders = PROGRAM_FOLDERS, start = startProgram, now = () => process.hrtime.bigint() } = parts;
  const found = chooseProgram(roots.sys, settings.program, folders);
  if (isMissing(found)) return found;

  const { interval_seconds: intervalS, timeout_seconds: timeoutS } = settings;
  const longestGapS = ANSWERS_MISSED * intervalS + timeoutS;
  const integral = new PowerIntegral(BigInt(Math.round(longestGapS * 1e9)));
  const poller = new BmcPoller(
    { ...found.program, path: found.path },
    {
      intervalMs: intervalS * 1000,
      timeoutMs: timeoutS * 1000,
      start,
      now,
      onPower: (powerW, monoNs) => integral.add(powerW, monoNs),
    },
  );
  return {
    domains: [
      {
        name: 'node',
        class: 'whole',
        quality: 'measured',
        source: `bmc: ${found.program.name}`,
        maxPowerW: maxPowerW(longestGapS),
        isNode: true,
        isIntegrated: true,
        lagS: intervalS + timeoutS,
        note: NOTE,
      },
    ],
    read: ({ monoNs }) => {
      poller.start();
      const energyUj = integral.energyUjAt(monoNs);
      if (!isMissing(energyUj) || poller.problem === null) return [energyUj];
      return [{ missing: `${energyUj.missing}: ${poller.problem}` }];
    },
    close: () => poller.close(),
  };
}

/**
 * The bound that tells a reset from growth, of which an integral has none before its process ends. After a rise it steps by half
 * the rise times the gap between the answers, maybe in a moment; counters are given half a second of the bound for that.
 */
function maxPowerW(longestGapS: number): number {
  return MOST_DCMI_W * (1 + longestGapS);
}

interface FoundProgram {
  readonly program: DcmiProgram;
  readonly path: string;
}

function chooseProgram(sys: string, configured: string, folders: readonly string[]): FoundProgram | Missing {
  if (configured === 'none') return { missing: 'switched off in eit.yaml (bmc.program: none)' };
  if (configured === 'auto') return whyNoController(sys) ?? findAny(folders);

  const program = PROGRAMS.find(({ name }) => basename(configured).startsWith(name));
  if (program === undefined) {
    const names = PROGRAMS.map(({ name }) => name).join(' nor ');
    return {
      missing: `bmc.program of eit.yaml: the name of ${configured} is neither ${names}; a script of your own is to begin with one of these names, since it is to print what that one prints`,
    };
  }
  const refusal = whyNotRun(configured);
  return refusal ? { missing: `bmc.program of eit.yaml: ${refusal.missing}` } : { program, path: configured };
}

function findAny(folders: readonly string[]): FoundProgram | Missing {
  let refusal: Missing | null = null;
  for (const program of PROGRAMS) {
    const path = findProgram(program.name, folders);
    if (typeof path === 'string') return { program, path };
    refusal ??= path;
  }
  return (
    refusal ?? {
      missing:
        'this host has a controller (BMC), but neither ipmi-dcmi nor ipmitool to ask it: install freeipmi-tools ' +
        '(freeipmi on RHEL) or ipmitool',
    }
  );
}

/**
 * Where the module ipmi_devintf makes a device /dev/ipmi<N>, it shows it as class/ipmi/ipmi<N>
 * (https://docs.kernel.org/driver-api/ipmi.html).
 */
function whyNoController(sys: string): Missing | null {
  const where = join(sys, 'class/ipmi');
  try {
    if (readdirSync(where).some((name) => /^ipmi\d+$/.test(name))) return null;
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) return unreadable(where, error);
  }
  return {
    missing:
      `no management controller (BMC) below ${where}; if the host has one, load the kernel modules ipmi_si (or ` +
      'ipmi_ssif) and ipmi_devintf',
  };
}
