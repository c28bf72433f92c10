import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FIXTURES } from './tree';

const FOLDER = join(FIXTURES, 'nvidia-smi');

/** What is there of nvidia-smi's answers, without `.xml`. */
export const ANSWERS: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.xml'))
  .map((name) => name.slice(0, -'.xml'.length));

export function answer(name: string): string {
  return readFileSync(join(FOLDER, `${name}.xml`), 'latin1');
}

/** The answer of a host with so many GPUs, each as that of `name`, with a PCI bus id and a UUID of its own. */
export function answerOf(name: string, gpus: number): string {
  const one = answer(name);
  const begin = one.indexOf('<gpu ');
  const end = one.indexOf('</gpu>') + '</gpu>'.length;
  const each = Array.from({ length: gpus }, (_, index) => {
    const number = (index + 16).toString(16).toUpperCase();
    return one
      .slice(begin, end)
      .replaceAll(/00000000:[\dA-F]{2}:/g, `00000000:${number}:`)
      .replace(/GPU-[\da-f]{8}/, `GPU-000000${number.toLowerCase()}`);
  });
  const head = one.slice(0, begin).replace(/(?<=<attached_gpus>)\d+/, String(gpus));
  return `${head}${each.join('\n')}${one.slice(end)}`;
}

/** A document with one GPU that holds `sections`, of a driver that is not told apart by them. */
export function document(sections: string, { id = '00000000:3B:00.0', attached = '1' } = {}): string {
  return [
    '<?xml version="1.0" ?>',
    '<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v13.dtd">',
    '<nvidia_smi_log>',
    '<driver_version>999.1</driver_version>',
    `<attached_gpus>${attached}</attached_gpus>`,
    `<gpu id="${id}">${sections}</gpu>`,
    '</nvidia_smi_log>',
    '',
  ].join('\n');
}
