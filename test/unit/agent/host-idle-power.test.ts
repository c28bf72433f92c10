import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelledIdlePower, openIdlePower } from '../../../src/agent/host-idle-power';
import type { EnergyMeter } from '../../../src/sources/source';
import { PACKAGE } from './reading-builder';

const varDir = mkdtempSync(join(tmpdir(), 'eit-idle-'));
const proc = mkdtempSync(join(tmpdir(), 'eit-proc-'));
afterAll(() => [varDir, proc].forEach((dir) => rmSync(dir, { recursive: true })));

const logged: string[] = [];
const file = join(varDir, 'calibration.json');

function calibrate(version: number, host = 'h1'): void {
  const domain = { idle_w: 20 + version, seconds: 600, samples: 60, percentile: 10 };
  const at = '2026-03-01T10:00:00.000Z';
  writeFileSync(file, JSON.stringify({ version, tool: '0.1.0', host, at, domains: { 'package-0': domain } }));
  utimesSync(file, version, version);
}

test('the table serves until the host is calibrated, and again where the calibration cannot be used', () => {
  const modelled = {
    'package-0': { idleW: 30, by: 'modelled' },
    'package-1': { idleW: 31, by: 'modelled' },
  } as const;
  const idle = openIdlePower({ varDir, host: 'h1', modelled, log: (_, text) => logged.push(text) });
  expect(idle.current()).toEqual(modelled);
  calibrate(1);
  expect(idle.current()).toEqual({
    ...modelled,
    'package-0': { idleW: 21, by: 'calibrated', calibration: 1 },
  });
  calibrate(2);
  expect(idle.current()['package-0']).toMatchObject({ idleW: 22, calibration: 2 });
  calibrate(3, 'another');
  expect(idle.current()).toEqual(modelled);
  idle.current();
  expect(logged).toEqual([
    expect.stringContaining('calibration 1'),
    expect.stringContaining('calibration 2'),
    expect.stringContaining('EIT_CALIBRATION'),
  ]);
});

test('the table gives each measured package its threads’ part; what is modelled has its own', () => {
  const cpuinfo = 'vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nstepping\t: 1\n';
  writeFileSync(join(proc, 'cpuinfo'), cpuinfo);
  const meter = (domains: EnergyMeter['domains']): EnergyMeter => ({
    domains,
    read: () => [],
    close: () => {},
  });
  const packages = [0, 1].map((i) => ({ ...PACKAGE, name: `package-${i}`, place: { package: i } }));
  const places = [8, 4].map((cpus, i) => ({
    place: { package: i },
    cpus: new Set(Array.from({ length: cpus }, (_, cpu) => cpu)),
  }));
  const idle = modelledIdlePower({ proc }, [meter(packages)], places, 12);
  expect(idle['package-0']!.idleW / idle['package-1']!.idleW).toBeCloseTo(2, 3);
  // What a package is measured in together has its watts.
  const parts = [...packages, { ...packages[0]!, name: 'sysio-0' }];
  const { 'sysio-0': sysio, 'package-0': cpu } = modelledIdlePower({ proc }, [meter(parts)], places, 12);
  expect(sysio!.idleW + cpu!.idleW).toBeCloseTo(idle['package-0']!.idleW, 2);
  // Without topology both alike.
  const even = modelledIdlePower({ proc }, [meter(packages)], [], 12);
  expect(even['package-0']).toEqual(even['package-1']);
  expect(modelledIdlePower({ proc }, [meter([{ ...PACKAGE, quality: 'modelled' }])], [], 12)).toEqual({});
  expect(modelledIdlePower({ proc: '/nonexistent' }, [meter(packages)], [], 12)).toEqual({});
});
