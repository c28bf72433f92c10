import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentProcess } from '../../../src/cli/agent-process';
import { checkMetrics } from '../../../src/cli/doctor-metrics';
import { loadConfig } from '../../../src/config/config';

const NOW_MS = 1_800_000_000_000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-doctor-metrics-'));
  chmodSync(dir, 0o755);
});
afterEach(() => rmSync(dir, { recursive: true }));

function checked(aliveS = 1000, textfileDir: string | null = dir) {
  const path = join(dir, 'eit.yaml');
  writeFileSync(path, textfileDir === null ? '' : `agent: {textfile_dir: ${textfileDir}}\n`);
  const agent: AgentProcess = {
    pid: 1,
    uid: 0,
    gid: 0,
    sinceMs: 0,
    aliveS,
    cpuS: 0,
    rssBytes: null,
    anonymousBytes: null,
  };
  return checkMetrics({ loaded: loadConfig({ path, env: {} }), nowMs: NOW_MS }, agent);
}

function written(ageS: number, mode = 0o644): void {
  const file = join(dir, 'eit.prom');
  writeFileSync(file, 'a 1\n');
  chmodSync(file, mode);
  utimesSync(file, NOW_MS / 1000 - ageS, NOW_MS / 1000 - ageS);
}

test('a new file that others read is well', () => {
  written(20);
  expect(checked()).toMatchObject([{ verdict: 'ok' }]);
});

test('an old one is a problem, one that is not there too, but for an agent that has just begun', () => {
  written(600);
  expect(checked()).toMatchObject([
    { verdict: 'problem', mend: expect.stringContaining('ReadWritePaths') as string },
  ]);
  rmSync(join(dir, 'eit.prom'));
  expect(checked()).toMatchObject([
    { verdict: 'problem', text: expect.stringContaining('ENOENT') as string },
  ]);
  expect(checked(10)).toMatchObject([{ verdict: 'warning' }]);
  expect(checked(1000, join(dir, 'none'))).toMatchObject([{ verdict: 'problem' }]);
});

test('one that node_exporter may not read is a warning', () => {
  written(20, 0o640);
  expect(checked()).toMatchObject([{ verdict: 'warning', mend: expect.stringContaining('chmod') as string }]);
  written(20);
  chmodSync(dir, 0o750);
  expect(checked()).toMatchObject([{ verdict: 'warning' }]);
});

test('nothing is said where none are wanted, or no agent is there', () => {
  expect(checked(1000, null)).toEqual([]);
  const { loaded } = { loaded: loadConfig({ env: {}, defaultPath: join(dir, 'none.yaml') }) };
  expect(checkMetrics({ loaded, nowMs: NOW_MS }, { missing: 'no agent runs' })).toEqual([]);
});
