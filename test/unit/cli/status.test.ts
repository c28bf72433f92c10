import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Checkpoint, writeCheckpoint } from '../../../src/agent/checkpoint';
import { readGpuRelease } from '../../../src/agent/gpu-release';
import { finishNow } from '../../../src/ledger/durable';
import { type RunState, emptyHostState, emptyRunLine } from '../../../src/agent/host-state';
import { readAgentProcess, readAgentState } from '../../../src/cli/agent-process';
import { readLastHostRecord, readSpoolState } from '../../../src/cli/spool-state';
import { type HostStatus, statusJson, statusText } from '../../../src/cli/status';
import type { HostRecord } from '../../../src/generated/record';
import { addPruned, noPruning } from '../../../src/ledger/pruned';
import { isMissing } from '../../../src/sources/source';
import { until } from '../../cluster/until';
import { Tree, asNobody } from '../sources/tree';
import { noOtherUser, testUnless } from '../../test-unless';

const NOW_MS = Date.UTC(2026, 4, 1, 12, 0, 0);
const asRoot = testUnless(noOtherUser);

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree.remove());

/** /proc of a host that is up for 1000 s, with the agent's process in it. */
function writeProc(pid: number, { start = 40_000, state = 'S' } = {}): string {
  const fields = [state, 1, pid, pid, 0, -1, 0, 0, 0, 0, 0, 250, 150, 7, 7, 20, 0, 1, 0, start, 0, 0];
  tree.write(`proc/${pid}/stat`, `${pid} (node) agent (x)) ${fields.join(' ')}\n`);
  tree.write(
    `proc/${pid}/status`,
    `Name:\tnode\nState:\t${state} (sleeping)\nUid:\t991\t991\t991\t991\nGid:\t992\t992\t992\t992\nVmRSS:\t   50000 kB\nRssAnon:\t   12000 kB\n`,
  );
  tree.write('proc/uptime', '1000.00 3000.00\n');
  return tree.path('proc');
}

describe('the agent', () => {
  const agent = () => readAgentProcess(tree.path('state'), NOW_MS, tree.path('proc'));

  test('is who agent.pid names, since when, with what it costs', () => {
    writeProc(77);
    tree.write('state/agent.pid', '77 40000\n');
    expect(agent()).toEqual({
      pid: 77,
      uid: 991,
      gid: 992,
      sinceMs: NOW_MS - 600_000,
      aliveS: 600,
      cpuS: 4,
      rssBytes: 51_200_000,
      anonymousBytes: 12_288_000,
    });
  });

  test.each([
    ['there is no file', null, {}, 'no agent runs'],
    ['the file is nonsense', 'x; rm -rf /\n', {}, 'names no process'],
    ['the process is gone', '78 40000\n', {}, 'has ended'],
    ['the number is another process by now', '77 39999\n', {}, 'has ended'],
    ['it is a zombie', '77 40000\n', { state: 'Z' }, 'has ended'],
  ])('does not run where %s', (_, file, more, reason) => {
    writeProc(77, more);
    if (file !== null) tree.write('state/agent.pid', file);
    expect(agent()).toEqual({ missing: expect.stringContaining(reason) as string });
  });

  test('stands in the state folder, or is none of ours', () => {
    writeProc(77);
    tree.write('state/agent.pid', '77 40000\n');
    tree.write('elsewhere/file', '');
    tree.link('proc/77/cwd', tree.path('elsewhere'));
    expect(agent()).toEqual({ missing: expect.stringContaining('does not stand in') as string });
    tree.remove('proc/77/cwd');
    tree.link('proc/77/cwd', tree.path('state'));
    expect(agent()).toHaveProperty('pid', 77);
  });

  test('whose agent.pid somebody removed is found by its lock', async () => {
    tree.write('state/agent.lock', '');
    const state = tree.path('state');
    const script = `cd '${state}' && exec flock -n agent.lock sh -c 'echo ready; read end'`;
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      const found = readAgentProcess(state, NOW_MS);
      // Not flock, which holds the lock too, but what it started.
      expect(found).toMatchObject({ uid: process.getuid?.() });
      expect(isMissing(found) || found.pid === child.pid).toBe(false);
    } finally {
      child.kill('SIGKILL');
      child.stdin.end();
    }
    await until(
      'the lock to be free',
      10_000,
      () => 'missing' in readAgentProcess(state, NOW_MS) || undefined,
    );
    expect(readAgentProcess(state, NOW_MS)).toEqual({ missing: 'no agent runs' });
  });

  test('that really runs is found in the real /proc', () => {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    tree.write('state/agent.pid', `${process.pid} ${start}\n`);
    tree.link('proc', '/proc');
    const found = agent();
    // Jest does not stand there.
    expect(isMissing(found) && found.missing).toContain('does not stand in');
  });
});

describe('the spool', () => {
  test('says what had to go, and the status shows it', () => {
    tree.write('lab/2026-05-01.ndjson', '');
    addPruned(tree.dir, { ...noPruning(), seriesLines: 3, energyLines: 2, hostUj: 7_000_000 }, NOW_MS);
    addPruned(tree.dir, { ...noPruning(), seriesLines: 1, contexts: 5 }, NOW_MS + 1000);
    const spool = readSpoolState(tree.dir);
    expect(isMissing(spool) || spool.pruned).toEqual({
      seriesLines: 4,
      contexts: 5,
      refusedLines: 0,
      energyLines: 2,
      hostUj: 7_000_000,
      firstMs: NOW_MS,
      lastMs: NOW_MS + 1000,
    });
    const shown = [...statusText({ ...STATUS, spool })].join('');
    expect(shown).toMatch(
      /^Gone +4 lines of series, the context of 5 lines, 2 lines with energy \(7 J of the host\), last /m,
    );
    expect(statusJson({ ...STATUS, spool })).toMatchObject({
      spool: { pruned: { energy_lines: 2, host_j: 7 } },
    });
    tree.write('pruned.json', '{"torn');
    expect(readSpoolState(tree.dir)).toMatchObject({ pruned: null });
  });

  const line = (to: string, more: Partial<HostRecord> = {}): string =>
    `${JSON.stringify({ kind: 'host', to, tool: '0.1.0', ...more })}\n`;

  test('says what the shipper has not carried yet, and since when the oldest waits', () => {
    const first = line('2026-05-01T11:00:00.000Z');
    tree.write(
      'lab/2026-05-01.ndjson',
      first + line('2026-05-01T11:05:00.000Z') + line('2026-05-01T11:10:00.000Z'),
    );
    tree.write('lab/2026-04-30.ndjson', line('2026-04-30T23:55:00.000Z'));
    tree.write('lab/refused.ndjson', '{}\n{}\n');
    tree.write('lab/notes.txt', 'x\n');
    tree.write(
      '.shipper/shipped.json',
      JSON.stringify({ 'lab/2026-05-01.ndjson': first.length, 'lab/2026-04-30.ndjson': first.length }),
    );
    expect(readSpoolState(tree.dir)).toEqual({
      waitingLines: 2,
      waitingBytes: 2 * first.length,
      oldestWaitingMs: Date.parse('2026-05-01T11:05:00.000Z'),
      refusedLines: 2,
      totalBytes: 4 * first.length,
      pruned: null,
      clusters: ['lab'],
    });
  });

  test('counts lines of more than one piece', () => {
    const long = line('2026-05-01T11:00:00.000Z', { boot: 'x'.repeat(1000) });
    tree.write('lab/2026-05-01.ndjson', long.repeat(3000));
    expect(readSpoolState(tree.dir)).toMatchObject({ waitingLines: 3000, waitingBytes: 3000 * long.length });
  });

  test('where nothing says how far the shipper is, or a file was made anew, everything waits', () => {
    tree.write('lab/2026-05-01.ndjson', line('2026-05-01T11:00:00.000Z'));
    expect(readSpoolState(tree.dir)).toMatchObject({ waitingLines: 1 });
    tree.write('.shipper/shipped.json', '{"lab/2026-05-01.ndjson": 100000}');
    expect(readSpoolState(tree.dir)).toMatchObject({ waitingLines: 1 });
    tree.write('.shipper/shipped.json', '{"lab');
    expect(readSpoolState(tree.dir)).toMatchObject({ waitingLines: 1 });
  });

  test('may not be there', () => {
    expect(readSpoolState(tree.path('nowhere'))).toEqual({
      missing: expect.stringContaining('there is no') as string,
    });
    expect(readLastHostRecord(tree.path('nowhere'))).toBeNull();
  });

  test("the host's last record is found behind other lines and before a half one", () => {
    tree.write('lab/2026-04-30.ndjson', line('2026-04-30T12:00:00.000Z'));
    tree.write(
      'lab/2026-05-01.ndjson',
      `${line('2026-05-01T11:00:00.000Z')}${line('2026-05-01T11:05:00.000Z')}{"kind":"run"}\n{"kind":"ho`,
    );
    tree.write('beta/2026-05-01.ndjson', line('2026-05-01T11:04:00.000Z'));
    expect(readLastHostRecord(tree.dir)).toMatchObject({ to: '2026-05-01T11:05:00.000Z' });
  });
});

const identity = { cluster: 'lab', node: 'n1', job: 12, restart: 0, uid: 1000, user: 'ada' };
function running(more: Partial<RunState> = {}): RunState {
  const from = { monoNs: 0n, wallMs: NOW_MS - 60_000 };
  return {
    identity,
    start: { at: '2026-05-01T11:00:00.000Z', by: 'prolog' } as RunState['start'],
    startedMs: NOW_MS - 3_600_000,
    startedMonoNs: 0n,
    eventFiles: [],
    end: null,
    line: {
      ...emptyRunLine(from),
      cpuNs: 90e9,
      cpuRead: true,
      domains: {
        'package-0': { quality: 'measured', uj: [3.6e9, 1e9, 2e9], estimatedUj: [0, 0, 0], missingMs: 0 },
      },
    },
    ...more,
  } as RunState;
}

function checkpoint(runs: Record<string, RunState>): Checkpoint {
  const at = { monoNs: 5n, wallMs: NOW_MS - 12_000 };
  const state = { ...emptyHostState(), at, runs };
  return { version: 2, host: 'n1', boot: 'b', sources: '', state, unwritten: [], removableFiles: [] };
}

const RECORD = {
  kind: 'host',
  tool: '0.9.9',
  to: '2026-05-01T11:59:00.000Z',
  domains: { 'package-0': { source: 'powercap', quality: 'measured' } },
  absent_sources: { hwmon: 'no sensors' },
} as unknown as HostRecord;

const STATUS: HostStatus = {
  host: 'n1',
  nowMs: NOW_MS,
  hardware: { cpu: 'A CPU', threads: 4 },
  policy: 'usage',
  agent: {
    pid: 77,
    uid: 0,
    gid: 0,
    sinceMs: NOW_MS - 600_000,
    aliveS: 600,
    cpuS: 0.6,
    rssBytes: 51_200_000,
    anonymousBytes: 12_288_000,
  },
  checkpoint: checkpoint({ a: running() }),
  lastRecord: RECORD,
  troubles: { shipper: null, records: null },
  spool: {
    waitingLines: 2,
    waitingBytes: 1500,
    oldestWaitingMs: NOW_MS - 90_000,
    refusedLines: 0,
    totalBytes: 3000,
    pruned: null,
    clusters: ['lab'],
  },
};
const text = (status: HostStatus): string => [...statusText(status)].join('');

describe('what is printed', () => {
  test('what cannot be written is said beside a spool in which nothing waits', () => {
    const troubles = { shipper: null, records: 'EIT_SPOOL: cannot write /x: ENOSPC' };
    const printed = [...statusText({ ...STATUS, troubles })].join('');
    expect(printed).toMatch(/^Trouble +EIT_SPOOL: cannot write \/x: ENOSPC$/m);
  });

  test('the agent, its cost, the last reading, sources, spool and ledger, and the runs', () => {
    const lines = text(STATUS).split('\n');
    expect(lines[1]).toMatch(/^Agent {9}runs since 20.* \(00:10:00\), process 77, version 0\.9\.9$/);
    expect(lines.slice(2, 8)).toEqual([
      'Own cost      0.1 % of one CPU since it began, 51.2 MB of memory (12.3 MB of its own)',
      'Last reading  12 s ago, as of the checkpoint (one each 30 s)',
      'Sources       package-0 (powercap, measured)',
      'Not used      hwmon: no sensors',
      'Spool         2 records (1.5 kB) wait for the ledger',
      'Ledger        00:01:30 behind',
    ]);
    expect(lines[10]).toMatch(/^ 12 {2}ada {3}n1 {4}20.* {2}00:01:30 {2}1\.00 Wh {2}package-0 1\.00 Wh$/);
  });

  test('the energy is that of the policy that is configured', () => {
    expect(text({ ...STATUS, policy: 'allocation' })).toContain('package-0 278 mWh');
    expect(statusJson({ ...STATUS, policy: 'hybrid' })).toMatchObject({
      runs: [{ job: 12, energy_j: { 'package-0': 2000 }, cpu_s: 90 }],
    });
  });

  test("each job's GPUs: by name where they are known, by Slurm's index where not", () => {
    const claimed = {
      by: 'index' as const,
      held: [{ name: 'gpu-0' }, { name: 'gpu-1', instance: { gpu: 3, compute: 0 } }],
      unknown: 0,
      words: '',
    };
    const start = { ...running().start, gpu_ids: '0,2' };
    const status = {
      ...STATUS,
      checkpoint: checkpoint({ a: running({ gpus: { claimed } }), b: running({ start, startedMs: NOW_MS }) }),
    };
    expect(text(status)).toMatch(/^ 12 {2}ada .* {2}gpu-0,gpu-1\/3 {2}package-0 /m);
    expect(text(status)).toMatch(/^ 12 {2}ada .* {2}#0,#2 {10}package-0 /m);
    expect(statusJson(status)).toMatchObject({
      runs: [{ gpus: ['gpu-0', 'gpu-1/3'] }, { gpus: ['#0', '#2'] }],
    });
    expect(text(STATUS)).not.toContain('GPUs');
    expect(statusJson(STATUS)).toMatchObject({ runs: [{ gpus: [] }], gpus_released_until: null });
  });

  test('GPUs that are let go, until they are not', () => {
    const gpuRelease = { untilMs: NOW_MS + 60_000, isHeld: false };
    expect(text({ ...STATUS, gpuRelease })).toMatch(/^GPUs +let go until 20\S+ \S+ \(eit gpu take\)$/m);
    expect(text({ ...STATUS, gpuRelease: { ...gpuRelease, isHeld: true } })).toContain('still holds them');
    expect(statusJson({ ...STATUS, gpuRelease })).toMatchObject({
      gpus_released_until: '2026-05-01T12:01:00.000Z',
    });
    expect(text({ ...STATUS, gpuRelease: { ...gpuRelease, untilMs: NOW_MS } })).not.toContain('let go');
    tree.write('gpu-released', `${NOW_MS} held\n`);
    expect(readGpuRelease(tree.dir)).toEqual({ untilMs: NOW_MS, isHeld: true });
    expect(readGpuRelease(tree.path('none'))).toBeNull();
  });

  test('runs that have ended are none; CPU time that nobody could read is not 0', () => {
    const ended = running({ end: { atMs: NOW_MS, monoNs: 0n, by: 'epilog' } });
    expect(text({ ...STATUS, checkpoint: checkpoint({ a: ended }) })).toContain('No run is being measured.');
    const unread = running({ line: emptyRunLine({ monoNs: 0n, wallMs: NOW_MS }) });
    const status = { ...STATUS, checkpoint: checkpoint({ a: unread }) };
    expect(text(status)).toMatch(/^ 12 {2}ada .* \? +-$/m);
    expect(statusJson(status)).toMatchObject({ runs: [{ cpu_s: null }] });
  });

  test('without an agent the checkpoint is of no use', () => {
    const status = { ...STATUS, agent: { missing: 'no agent runs' } };
    expect(text(status)).toContain('Agent         no agent runs\nLast reading  unknown while no agent runs');
    expect(statusJson(status)).toMatchObject({
      agent: { missing: 'no agent runs' },
      runs: { missing: expect.any(String) as string },
    });
  });

  test("another host's checkpoint is not taken for this one's", () => {
    expect(text({ ...STATUS, host: 'n2' })).toContain('the checkpoint is of host n1');
  });

  test('the version is not that of a record of the agent before', () => {
    const old = { ...RECORD, to: '2026-05-01T11:00:00.000Z' };
    expect(text({ ...STATUS, lastRecord: old })).toContain('version unknown until its first record');
  });

  test('what users chose cannot reach the terminal', () => {
    const hostile = running({ identity: { ...identity, user: '\u001b[2J\u202eeve\n', node: 'n\u009b1' } });
    const status = { ...STATUS, checkpoint: checkpoint({ a: hostile }) };
    expect(text(status).replaceAll('\n', '')).not.toMatch(/\p{Cc}|\u202e/u);
    expect(text(status)).toContain('\\u{1b}[2J\\u{202e}eve\\u{a}');
  });
});

asRoot("the checkpoint and the spool are root's, and others are told so", () => {
  finishNow(writeCheckpoint(tree.dir, checkpoint({}), false));
  tree.write('spool/lab/2026-05-01.ndjson', '{}\n');
  expect(readAgentState(tree.dir)).toMatchObject({ host: 'n1', state: { runs: {} } });
  asNobody(() => {
    expect(readAgentState(tree.dir)).toEqual({ missing: expect.stringContaining('only root') as string });
  });
});

test('a checkpoint that makes no sense is missing, with the reason', () => {
  tree.write('agent-checkpoint.json', '{"version": 1}');
  expect(readAgentState(tree.dir)).toEqual({ missing: expect.stringContaining('has version 1') as string });
  expect(readAgentState(tree.path('nowhere'))).toEqual({
    missing: expect.stringContaining('there is no checkpoint') as string,
  });
});
