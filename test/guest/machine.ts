import { existsSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { Daemon, SYSTEM_PATH } from '../cluster/processes';
import { until } from '../cluster/until';
import type { BaseImage } from './base-image';

const MEMORY_MB = 1536;

/** The emulator has been seen to make the first process of a system crash, seconds after power on, with nothing of ours begun. */
const MOST_BOOTS = 3;

/** What inside/scenarios.mjs puts before all that it says. */
const OURS = 'eit-guest:';

/** A machine that runs: Linux from `base` on the given disk, no network, emulated in software, its console in a file. */
export class Machine {
  private readonly emulator: Daemon;
  private readonly consoleFile: string;

  constructor(base: BaseImage, disk: string, consoleFile: string) {
    this.consoleFile = consoleFile;
    // The emulator goes when this process does, however that ends.
    const command = ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64'];
    const kernel = ['-kernel', base.kernel, '-initrd', base.initrd];
    this.emulator = new Daemon(
      'qemu',
      'setpriv',
      [
        ...command,
        ...['-accel', 'tcg,thread=multi', '-smp', '2', '-m', String(MEMORY_MB)],
        ...['-nodefaults', '-no-reboot', '-display', 'none', '-serial', `file:${consoleFile}`],
        ...kernel,
        ...['-append', 'root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=-1 systemd.show_status=0'],
        ...['-drive', `file=${quoted(disk)},format=raw,if=virtio,cache=unsafe`],
      ],
      { PATH: SYSTEM_PATH },
      `${consoleFile}.qemu`,
    );
  }

  /** Whether the kernel gave up before anything of ours began: then it is the emulator's fault, and the machine can be started again. */
  get failedToBoot(): boolean {
    return !this.emulator.running && this.console.includes('Kernel panic') && !this.console.includes(OURS);
  }

  /** What the console has shown, without colours. */
  get console(): string {
    const text = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    const all = `${text(`${this.consoleFile}.qemu`)}${text(this.consoleFile)}`;
    return stripVTControlCharacters(all).replaceAll('\r', '');
  }

  /** @throws Error with the console's last lines where the machine ends before, or the bound is passed */
  async says(text: string, boundMs: number): Promise<void> {
    await until(
      `the machine's console to say: ${text}`,
      boundMs,
      () => {
        if (this.console.includes(text)) return true;
        if (!this.emulator.running)
          throw new Error(`the machine went off before it said: ${text}\n${this.lastLines()}`);
        return undefined;
      },
      () => this.lastLines(),
    );
  }

  /** As a power cut: what the machine's kernel has not yet given to the disk is lost. */
  cutPower(): Promise<void> {
    return this.emulator.kill('SIGKILL');
  }

  private lastLines(): string {
    return this.console.split('\n').slice(-40).join('\n');
  }
}

/**
 * A machine that is on until it has said something; a system that does not get as far as our units is started again, which is said.
 * @param powerOn makes the n-th, from 1
 * @throws as {@link Machine.says}
 */
export async function bootUntilSaid(
  powerOn: (boot: number) => Machine,
  text: string,
  boundMs: number,
): Promise<Machine> {
  for (let boot = 1; ; boot++) {
    const machine = powerOn(boot);
    try {
      await machine.says(text, boundMs);
      return machine;
    } catch (error) {
      if (boot === MOST_BOOTS || !machine.failedToBoot) throw error;
      process.stderr.write(`boot ${boot} ended in a kernel panic before any unit of ours; once more\n`);
    }
  }
}

/** qemu's way to write a comma in an option's value. */
function quoted(path: string): string {
  return path.replaceAll(',', ',,');
}
