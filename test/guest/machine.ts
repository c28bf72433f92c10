import { existsSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { Daemon, SYSTEM_PATH } from '../cluster/processes';
import { until } from '../cluster/until';
import type { BaseImage } from './base-image';

const MEMORY_MB = 1536;

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

/** qemu's way to write a comma in an option's value. */
function quoted(path: string): string {
  return path.replaceAll(',', ',,');
}
