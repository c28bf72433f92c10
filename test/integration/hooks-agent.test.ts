import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HookHome, noMounts, testUnless } from './hook-home';

const NOBODY = 65534;
const SERVICE = 54321;

/** A user `eit` without touching the machine's own: for the mount namespace alone. */
const WITH_USER_EIT = `
  mount -t tmpfs tmpfs /mnt
  cp /etc/passwd /mnt/passwd
  echo 'eit:x:${SERVICE}:${SERVICE}::/nonexistent:/usr/sbin/nologin' >>/mnt/passwd
  mount --bind /mnt/passwd /etc/passwd`;

let home: HookHome;
beforeEach(() => {
  home = new HookHome();
});
afterEach(() => home.remove());

const make = (dir: string): void => void mkdirSync(dir, { recursive: true, mode: 0o700 });

interface BesideOptions {
  uid?: number;
  hookUid?: number;
  cwd?: string;
  startTime?: string;
  /** Must be called `sleep`: by its name it is known to run. */
  program?: string;
  setup?: string;
}

describe('an agent that agent.pid names', () => {
  /** Runs the prolog beside a process with these properties; has the hook started another agent? */
  function startsBeside(options: BesideOptions): boolean {
    make(home.eventsDir);
    chmodSync(home.stateDir, 0o755);
    for (const dir of [home.stateDir, home.eventsDir]) chownSync(dir, options.hookUid ?? 0, 0);
    rmSync(home.program); // what would be started is told by the log
    const pidFile = join(home.stateDir, 'agent.pid');
    const script = `
      cd '${options.cwd ?? home.stateDir}'
      setpriv --reuid=${options.uid ?? 0} --clear-groups ${options.program ?? '/usr/bin/sleep'} 60 &
      while read -r pid name rest </proc/$!/stat && [ "$name" != "(sleep)" ]; do sleep 0.01; done
      set -- \${rest##*") "}
      echo "$! ${options.startTime ?? '${20}'}" >'${pidFile}'
      setpriv --reuid=${options.hookUid ?? 0} --clear-groups '${home.path('prolog')}'
      echo $? >'${home.dir}/status'
      kill $!`;
    const file = home.script(join(home.dir, 'beside'), script);
    home.execWithMounts(
      `${WITH_USER_EIT}
${options.setup ?? ''}`,
      home.env(),
      `PATH=/usr/bin:/bin ${file}`,
    );
    expect(readFileSync(join(home.dir, 'status'), 'utf8')).toBe('0\n');
    expect(home.eventNames()).toHaveLength(1);
    return home.log().some((line) => line.includes('agent not started: dist/eit-agent.js'));
  }

  testUnless(noMounts)('is taken for one where it is ours, alive, and in the state folder', () => {
    expect(startsBeside({})).toBe(false);
  });

  testUnless(noMounts)("is taken for one where it is the user eit's", () => {
    expect(startsBeside({ uid: SERVICE })).toBe(false);
  });

  testUnless(noMounts)("is taken for one where it is an ordinary user's, by a hook of that user", () => {
    for (const path of [home.dir, home.config]) chownSync(path, NOBODY, NOBODY);
    expect(startsBeside({ uid: NOBODY, hookUid: NOBODY })).toBe(false);
  });

  testUnless(noMounts)("is not where it is another user's", () => {
    expect(startsBeside({ uid: NOBODY })).toBe(true);
  });

  testUnless(noMounts)("is not where it is another user's setuid program", () => {
    const program = join(home.dir, 'setuid', 'sleep');
    mkdirSync(dirname(program));
    copyFileSync('/usr/bin/sleep', program);
    chmodSync(program, 0o4755);
    expect(startsBeside({ uid: NOBODY, program })).toBe(true);
  });

  testUnless(noMounts)('is not where another process has its place when the event is written', () => {
    const swap = [
      'read -r stat </proc/1/stat',
      'set -- "$@" ${stat##*") "}', // after the four arguments of `mv`
      'echo "1 ${24}" >' + join(home.stateDir, 'agent.pid'),
      'ln "$3" "$4" && rm "$3"',
    ];
    const mv = home.script(join(home.dir, 'mv'), swap.join('\n'));
    expect(startsBeside({ setup: `mount --bind '${mv}' "$(readlink -f "$(command -v mv)")"` })).toBe(true);
  });

  testUnless(noMounts)('is not where it left while the event was written', () => {
    const mv = home.script(join(home.dir, 'mv'), `rm '${home.stateDir}/agent.pid'; ln "$3" "$4" && rm "$3"`);
    expect(startsBeside({ setup: `mount --bind '${mv}' "$(readlink -f "$(command -v mv)")"` })).toBe(true);
  });

  testUnless(noMounts)('is not where it is somewhere else', () => {
    expect(startsBeside({ cwd: '/tmp' })).toBe(true);
  });

  testUnless(noMounts)('is not where it is another process with its number', () => {
    expect(startsBeside({ startTime: '1' })).toBe(true);
  });

  test.each([
    ['empty', ''],
    ['a number alone', '1'],
    ['a path', '../self 1'],
    ['not a number', 'x y'],
    ['long gone', '4194303 1'],
  ])('is not where agent.pid is %s', async (_what, text) => {
    make(home.eventsDir);
    writeFileSync(join(home.stateDir, 'agent.pid'), text);
    expect(home.run('prolog')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    await home.agent();
    expect(home.eventNames()).toHaveLength(1);
  });

  test('is not waited for where agent.pid is a pipe', async () => {
    make(home.eventsDir);
    home.exec(['/usr/bin/mkfifo', join(home.stateDir, 'agent.pid')]);
    expect(home.run('prolog').status).toBe(0);
    expect(home.eventNames()).toHaveLength(1);
    // The agent that it began has not been waited for.
    for (let i = 0; i < 100 && !existsSync(join(home.stateDir, 'agent.lock')); i++) await sleep(100);
    expect(existsSync(join(home.stateDir, 'agent.lock'))).toBe(true);
  });
});
