import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ignoringCommand, parseIgnored, readIgnoredSignals } from '../../../src/own-run/ignored-signals';

const TOP = join(__dirname, '../../..');

test.each([
  ['0000000000000000', []],
  ['0000000000000001', ['SIGHUP']],
  ['0000000001001006', ['SIGINT', 'SIGQUIT']],
  ['ffffffffffffffff', ['SIGHUP', 'SIGINT', 'SIGQUIT']],
  ['0000000000000005', ['SIGHUP']],
  ['', []],
  ['1;x', []],
])('SigIgn %j: %j', (mask, signals) => expect(parseIgnored(mask)).toEqual(signals));

test('what the launcher says holds, else what shows nohup', () => {
  const dir = mkdtempSync(join(tmpdir(), 'eit-proc-'));
  const parent = (pid: string, session: string, mask: string): string => {
    mkdirSync(join(dir, 'self'), { recursive: true });
    mkdirSync(join(dir, pid), { recursive: true });
    writeFileSync(join(dir, 'self/stat'), `5 (a) b) S ${pid} 5 ${session} 0 -1\n`);
    writeFileSync(join(dir, pid, 'status'), `Name:\tsh\nSigIgn:\t${mask}\nSigCgt:\t0000000000000001\n`);
    return dir;
  };
  try {
    const ignoring = parent('41', '7', '0000000000000001');
    expect(readIgnoredSignals({}, ignoring)).toEqual(['SIGHUP']);
    expect(readIgnoredSignals({ EIT_SIGNALS_IGNORED: '0000000000000000' }, ignoring)).toEqual([]);
    expect(readIgnoredSignals({}, parent('42', String(process.pid), '0000000000000001'))).toEqual([]);
    // Keys are the business of shells: what they ignore themselves their commands do not.
    const shell = parent('43', '7', '0000000000000006');
    expect(readIgnoredSignals({}, shell)).toEqual([]);
    expect(readIgnoredSignals({ _: '/usr/bin/nohup' }, shell)).toEqual(['SIGHUP']);
    expect(readIgnoredSignals({ _: '/usr/bin/nohup', SLURM_JOB_ID: '7' }, ignoring)).toEqual([]);
    expect(readIgnoredSignals({ EIT_SIGNALS_IGNORED: '1', SLURM_JOB_ID: '7' }, shell)).toEqual(['SIGHUP']);
    expect(readIgnoredSignals({}, join(dir, 'none'))).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.each([true, false])(
  'a command begins with signals ignored, its words as they are (env: %j)',
  (hasEnv) => {
    const script =
      'while read -r a b; do [ "$a" != SigIgn: ] || echo "$b"; done </proc/self/status; printf "%s|" "$@"';
    const words = ['sh', '-c', script, 'sh', 'a b', '$HOME', '', '"'];
    const [program = '', ...args] = ignoringCommand(words, ['SIGHUP', 'SIGINT'], hasEnv);
    const [mask = '', said] = execFileSync(program, args, { encoding: 'utf8' }).split('\n');
    expect(parseIgnored(mask)).toEqual(['SIGHUP', 'SIGINT']);
    expect(said).toBe('a b|$HOME||"|');
    expect(ignoringCommand(words, [], hasEnv)).toBe(words);
  },
);

test.each(['dash', 'bash'])(
  "the package's launcher tells eit run what %s sees ignored, and nobody else",
  (shell) => {
    const home = mkdtempSync(join(tmpdir(), 'eit-launcher-'));
    try {
      mkdirSync(join(home, 'bin'));
      mkdirSync(join(home, 'node/bin'), { recursive: true });
      const code = `import(${JSON.stringify(join(TOP, 'scripts/package/launchers.mjs'))}).then((m) => m.writeLaunchers(${JSON.stringify(home)}, ['eit']))`;
      execFileSync(process.execPath, ['-e', code]);
      writeFileSync(join(home, 'node/bin/node'), '#!/bin/sh\necho "$EIT_SIGNALS_IGNORED"\n');
      chmodSync(join(home, 'node/bin/node'), 0o755);
      const said = (setting: string, command: string): string =>
        execFileSync(shell, ['-c', `${setting}; ${shell} ${home}/bin/eit ${command}`], {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'] },
        }).trim();
      expect(parseIgnored(said('trap "" HUP', 'run -- true'))).toEqual(['SIGHUP']);
      expect(parseIgnored(said('trap "" INT QUIT', 'run -- true'))).toEqual(['SIGINT', 'SIGQUIT']);
      expect(parseIgnored(said(':', 'run -- true'))).toEqual([]);
      expect(said('trap "" HUP', 'report')).toBe('');
    } finally {
      rmSync(home, { recursive: true });
    }
  },
);
