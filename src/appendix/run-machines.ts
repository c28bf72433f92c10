import { markup } from '../pages/html';
import { userText } from '../pages/user-text';
import { bytesText, durationText } from '../report/units';
import { facts, type Section, wideTable } from './frame';
import type { SiteRun } from './site';

/** More hosts that are made of the same are one line. */
interface Kind {
  readonly key: string;
  readonly hardware: SiteRun['hardware'][number]['hardware'];
  readonly hosts: string[];
}

/** What the run's hosts are made of, a line a kind of host. */
export function hardwareSection({ hardware }: SiteRun): Section {
  const kinds = new Map<string, Kind>();
  for (const { host, hardware: told } of hardware) {
    const key = JSON.stringify(told);
    const kind = kinds.get(key) ?? { key, hardware: told, hosts: [] };
    kinds.set(key, kind);
    kind.hosts.push(host);
  }
  return {
    id: 'hardware',
    title: 'Hardware',
    body: markup`${[...kinds.values()].map(({ hosts, hardware: told }) => {
      const models = new Map<string, number>();
      const drivers = new Set<string>();
      for (const { model, driver } of Object.values(told?.gpus ?? {})) {
        models.set(model, (models.get(model) ?? 0) + 1);
        if (driver !== undefined) drivers.add(driver);
      }
      return facts([
        [
          hosts.length === 1 ? 'Host' : `${hosts.length} hosts`,
          userText(
            hosts.length > 64
              ? `${hosts.slice(0, 64).join(', ')} and ${hosts.length - 64} more`
              : hosts.join(', '),
          ),
        ],
        ...(told === null
          ? [['Hardware', 'no record of the host tells it'] as const]
          : [
              ['CPU', told.cpu === undefined ? null : userText(told.cpu)] as const,
              [
                'Packages, cores, CPUs',
                [told.packages ?? '?', told.cores ?? '?', told.threads].join(', '),
              ] as const,
              ['Memory', told.memory_bytes === undefined ? null : bytesText(told.memory_bytes)] as const,
              [
                'GPUs',
                models.size === 0
                  ? null
                  : userText([...models].map(([model, count]) => `${count} × ${model}`).join(', ')),
              ] as const,
              ["GPUs' driver", drivers.size === 0 ? null : userText([...drivers].join(', '))] as const,
              ['Kernel', told.kernel === undefined ? null : userText(told.kernel)] as const,
            ]),
      ]);
    })}`,
  };
}

/** What it was started with, and which programs used its CPUs, as far as somebody wrote it down. */
export function softwareSection({ software, details }: SiteRun): Section | null {
  const programs = [...details.programs].sort(([, a], [, b]) => b - a);
  if (software === null && programs.length === 0) return null;
  return {
    id: 'software',
    title: 'Software',
    body: markup`${
      software === null
        ? null
        : markup`${facts(software.lines.map(({ name, text }) => [name, userText(text)] as const))}${software.packages.map(
            ({ name, packages }) =>
              markup`<details><summary>${name}: ${packages.length}</summary><ul class="names">${packages.map((one) => markup`<li>${userText(one)}</li>`)}</ul></details>`,
          )}`
    }${
      programs.length === 0
        ? null
        : wideTable(
            'Programs that used most CPU time, as far as they were seen (looked at each 30 s)',
            [{ title: 'Program' }, { title: 'CPU time', isNumber: true }],
            programs.map(
              ([name, us]) =>
                markup`<tr><th scope="row">${userText(name)}</th><td class="n">${durationText(us / 1e6)}</td></tr>`,
            ),
          )
    }`,
  };
}
