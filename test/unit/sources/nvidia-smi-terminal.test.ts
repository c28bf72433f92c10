import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ProgramEnd,
  type StartProgram,
  loadNodePty,
  startInPipes,
  startInTerminal,
} from '../../../src/sources/nvidia-smi-terminal';
import { describeTerminal } from '../../fake-nvidia-smi/describe-terminal';
import { isAlive, until } from '../../fake-nvidia-smi/reading';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-terminal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function program(script: string): string {
  const path = join(dir, 'program');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

interface Ended {
  readonly text: string;
  readonly complaint: string;
  readonly end: ProgramEnd;
}

/** Without the carriage returns that a terminal adds. */
function plain(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function run(start: StartProgram, path: string, args: readonly string[] = []): Promise<Ended> {
  return new Promise((resolve) => {
    let text = '';
    let complaint = '';
    start(path, args, {
      onText: (more) => (text += plain(more)),
      onComplaint: (more) => (complaint += more),
      onEnd: (end) => resolve({ text, complaint, end }),
    });
  });
}

/** What holds however a program is started. */
function surroundings(start: StartProgram, added: readonly string[]): void {
  test('nothing of our environment, in English, in /, as nice as anyone', async () => {
    process.env['EIT_SECRET'] = 'secret';
    try {
      const { text } = await run(start, program('env; pwd; nice; echo "args: $*"'), ['-q', 'a b', '$HOME']);
      const names = [...text.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
      // The shell adds some of its own.
      const ours = names.filter((name) => !['PWD', '_', 'OLDPWD', 'SHLVL'].includes(name ?? ''));
      expect(new Set(ours)).toEqual(new Set(['LC_ALL', 'PATH', ...added]));
      expect(text).toContain('LC_ALL=C\n');
      expect(text).toMatch(/\n\/\n0\nargs: -q a b \$HOME\n$/);
    } finally {
      delete process.env['EIT_SECRET'];
    }
  });

  test('status and signal of the end, after all text', async () => {
    expect(await run(start, program('echo last; exit 14'))).toMatchObject({
      text: 'last\n',
      end: { status: 14, signal: null },
    });
    expect((await run(start, program('kill -SEGV $$'))).end).toEqual({ status: null, signal: 'SIGSEGV' });
  });

  test('what is printed comes whole and in its order, each byte a character', async () => {
    const script = "printf 'a\\303\\244\\n'; sleep 0.05; seq 1 40000; sleep 0.05; echo last";
    const numbers = Array.from({ length: 40_000 }, (_, index) => `${index + 1}\n`).join('');
    expect((await run(start, program(script))).text).toBe(`a\u00c3\u00a4\n${numbers}last\n`);
  });

  test('a program whose interpreter is not there ends with a reason', async () => {
    const path = join(dir, 'program');
    writeFileSync(path, '#!/no/such/interpreter\n');
    chmodSync(path, 0o755);
    const { end, text } = await run(start, path);
    expect(end.status).not.toBe(0);
    expect(`${end.refusal} ${text}`).toMatch(/ENOENT|No such file/);
  });

  test('killed, it ends with all those it started; killed again, nothing happens', async () => {
    let text = '';
    const ended = new Promise<ProgramEnd>((resolve) => {
      const running = start(program("trap '' TERM HUP; sleep 1000 & echo $!; wait"), [], {
        onText: (more) => {
          text += plain(more);
          if (text.endsWith('\n')) running.kill();
        },
        onComplaint: () => undefined,
        onEnd: (end) => {
          running.kill();
          running.letGo();
          resolve(end);
        },
      });
    });
    expect(await ended).toEqual({ status: null, signal: 'SIGKILL' });
    await until(() => !isAlive(Number(text)));
  });

  test('let go, it is still told when it ends, and no more text', async () => {
    const texts: string[] = [];
    let pid: number | undefined;
    const end = await new Promise<ProgramEnd>((resolve) => {
      const running = start(program("trap '' HUP; echo first; sleep 0.2; exit 3"), [], {
        onText: (text) => {
          texts.push(plain(text));
          running.letGo();
        },
        onComplaint: () => undefined,
        onEnd: resolve,
      });
      pid = running.pid;
    });
    expect({ texts, end }).toEqual({ texts: ['first\n'], end: { status: 3, signal: null } });
    expect(isAlive(pid!)).toBe(false);
  });
}

describe('in pipes', () => {
  surroundings(startInPipes, []);

  test('it has no terminal, and complaints are told apart', async () => {
    const { text, complaint } = await run(startInPipes, program('test -t 1 || echo pipe; echo oh >&2'));
    expect({ text, complaint }).toEqual({ text: 'pipe\n', complaint: 'oh\n' });
  });
});

describeTerminal('in a terminal', (pty) => {
  surroundings(startInTerminal(pty), ['TERM']);

  test('it has a wide terminal that controls it', async () => {
    const { text } = await run(startInTerminal(pty), program('test -t 1 && stty size </dev/tty; tty'));
    expect(text).toMatch(/^50 1000\n\/dev\/pts\/\d+\n$/);
  });

  test('a line comes when it is printed, though the program goes on', async () => {
    let line = '';
    await new Promise<void>((resolve) => {
      const running = startInTerminal(pty)(program('echo now; sleep 1000'), [], {
        onText: (text) => {
          line += plain(text);
          running.kill();
        },
        onComplaint: () => undefined,
        onEnd: () => resolve(),
      });
    });
    expect(line).toBe('now\n');
  });

  test('its priority is that of others, also where ours is better', async () => {
    const before = getPriority(0);
    try {
      setPriority(0, -5);
    } catch {
      // Only root may; the test of the environment has shown 0 for who may not.
    }
    try {
      const { text } = await run(startInTerminal(pty), program('sleep 0.2; nice'));
      expect(text).toBe('0\n');
    } finally {
      setPriority(0, before);
    }
  });
});

describe('node-pty', () => {
  const thrown = (message: string, code?: string): unknown =>
    loadNodePty(() => {
      throw Object.assign(new Error(message), { code });
    });

  test('that is not installed is absent, with how to mend that', () => {
    expect(thrown("Cannot find module 'node-pty'\nRequire stack:\n- /x", 'MODULE_NOT_FOUND')).toEqual({
      missing: expect.stringMatching(/^node-pty is not installed; .* g\+\+, make and python3 .* scripts/),
    });
  });

  test('that was not compiled is absent, with what it says', () => {
    expect(
      thrown('Failed to load native module: pty.node, checked: build/Release\u001b: Error', 'ERR'),
    ).toEqual({
      missing: expect.stringMatching(
        /^node-pty cannot be loaded \("Failed to load native module: pty\.node, checked: build\/Release\?: Error"\); /,
      ),
    });
  });

  test('of which a part is not installed is absent for another reason', () => {
    expect(thrown("Cannot find module '../build/Debug/pty.node'", 'MODULE_NOT_FOUND')).toEqual({
      missing: expect.stringMatching(/^node-pty cannot be loaded \("Cannot find module '\.\.\/build/),
    });
  });

  test('is what require gives', () => {
    const pty = {};
    expect(loadNodePty((name) => (name === 'node-pty' ? pty : null))).toBe(pty);
  });
});
