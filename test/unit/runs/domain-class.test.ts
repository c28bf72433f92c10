import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDivided } from '../../../src/agent/domain-tick';
import { otherDomain } from '../../../src/agent/other-domain';
import { classOfDomain } from '../../../src/runs/domain-class';
import type { GpuSnapshot } from '../../../src/sources/gpu';
import { ENERGY_SOURCES } from '../../../src/sources/index';
import { nvidiaSource } from '../../../src/sources/nvidia';
import { type EnergyDomain, isMissing } from '../../../src/sources/source';
import { FIXTURES, Tree } from '../sources/tree';
import { gpuReading, snapshot } from '../sources/gpu-readings';
import { SETTINGS } from '../sources/settings';

/** Of every source, the domains that it has on the machines of its fixtures; of the models on this one. */
function allDomains(): Map<string, EnergyDomain[]> {
  const tree = new Tree({ ipmitool: '#!/bin/sh\n' });
  chmodSync(tree.path('ipmitool'), 0o755);
  const settings = {
    ...SETTINGS,
    bmc: { program: tree.path('ipmitool'), interval_seconds: 10, timeout_seconds: 10 },
  };
  const machines = ['powercap', 'cray', 'hwmon', 'gpu-hwmon'].flatMap((kind) =>
    readdirSync(join(FIXTURES, kind)).map((machine) => join(FIXTURES, kind, machine, 'sys')),
  );
  const found = new Map<string, EnergyDomain[]>(ENERGY_SOURCES.map(({ name }) => [name, []]));
  for (const sys of machines) {
    for (const source of ENERGY_SOURCES) {
      const meter = source.open({ sys, proc: '/proc', cgroup: '/nonexistent' }, settings);
      if (isMissing(meter)) continue;
      meter.close();
      found.get(source.name)?.push(...meter.domains);
    }
  }
  tree.remove();
  found.get('nvidia')?.push(...nvidiaDomains());
  return found;
}

/** Of those that a child process would tell of. */
function nvidiaDomains(): readonly EnergyDomain[] {
  let tell: (told: GpuSnapshot) => void = () => undefined;
  const feed = {
    start: () => undefined,
    stop: () => Promise.resolve(true),
    readNow: () => undefined,
    problem: null,
  };
  const source = nvidiaSource((onSnapshot) => {
    tell = onSnapshot;
    return feed;
  });
  const roots = { sys: '/nonexistent', proc: '/nonexistent', cgroup: '/nonexistent' };
  const meter = source.open(roots, { ...SETTINGS, nvidia_smi: '/opt/nvidia-smi' });
  if (isMissing(meter)) return [];
  meter.want?.(true);
  tell(snapshot(1, [gpuReading(), gpuReading({ pciBusId: '0001:c1:00.0' })]));
  return meter.domains;
}

describe('the class of a domain, by its name alone', () => {
  const found = allDomains();

  test.each(ENERGY_SOURCES.map(({ name }) => name))('is what the source %s says', (source) => {
    const domains = found.get(source) ?? [];
    expect(domains).not.toEqual([]);
    const divided = domains.filter(isDivided);
    expect(divided.map(({ name }) => [name, classOfDomain(name)])).toEqual(
      divided.map((domain) => [domain.name, domain.class]),
    );
  });

  test('is other of what a node draws beside its parts', () => {
    const other = otherDomain([...found.values()].flat());
    expect([other?.class, classOfDomain(other?.name ?? '')]).toEqual(['other', 'other']);
  });
});
