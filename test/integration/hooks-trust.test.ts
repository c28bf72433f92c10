import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HookHome, noMounts, testUnless } from './hook-home';

const NOBODY = 65534;
const STAFF = 50; // any group that is not named as the owner is
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

describe('what somebody else could replace is refused, with the path and how to mend it', () => {
  const cases: ReadonlyArray<[what: string, spoil: () => string, mend: 'chown root' | 'chmod go-w']> = [
    [
      "another's config",
      () => {
        chownSync(home.config, NOBODY, NOBODY);
        return home.config;
      },
      'chown root',
    ],
    [
      'a config that all may write',
      () => {
        chmodSync(home.config, 0o646);
        return home.config;
      },
      'chmod go-w',
    ],
    [
      'a config that a group may write',
      () => {
        chownSync(home.config, 0, STAFF);
        chmodSync(home.config, 0o660);
        return home.config;
      },
      'chmod go-w',
    ],
    [
      "a config in another's folder",
      () => {
        chownSync(home.dir, NOBODY, NOBODY);
        return home.dir;
      },
      'chown root',
    ],
    [
      'a config that is not there yet, in a folder that all may write',
      () => {
        chmodSync(home.dir, 0o757);
        rmSync(home.config);
        return home.dir;
      },
      'chmod go-w',
    ],
    [
      "another's link to a config",
      () => {
        renameSync(home.config, `${home.config}.real`);
        symlinkSync(`${home.config}.real`, home.config);
        lchownSync(home.config, NOBODY, NOBODY);
        return home.config;
      },
      'chown root',
    ],
    [
      "a link by way of another's folder",
      () => {
        const between = join(home.dir, 'between');
        renameSync(home.config, `${home.config}.real`);
        mkdirSync(between);
        chownSync(between, NOBODY, NOBODY);
        symlinkSync(`${home.config}.real`, join(between, 'link'));
        symlinkSync('between/link', home.config);
        return between;
      },
      'chown root',
    ],
    [
      "another's state folder",
      () => {
        make(home.eventsDir);
        chownSync(home.stateDir, NOBODY, NOBODY);
        return home.stateDir;
      },
      'chown root',
    ],
    [
      "another's events folder",
      () => {
        make(home.eventsDir);
        chownSync(home.eventsDir, NOBODY, NOBODY);
        return home.eventsDir;
      },
      'chown root',
    ],
    [
      'an events folder that all may write',
      () => {
        make(home.eventsDir);
        chmodSync(home.eventsDir, 0o777);
        return home.eventsDir;
      },
      'chmod go-w',
    ],
    [
      'a state folder still to be made where all may write',
      () => {
        const open = join(home.dir, 'open');
        mkdirSync(open);
        chmodSync(open, 0o777);
        writeFileSync(home.config, `state_dir: ${open}/state\n`);
        return open;
      },
      'chmod go-w',
    ],
    [
      "another's program",
      () => {
        chownSync(home.program, NOBODY, NOBODY);
        return home.program;
      },
      'chown root',
    ],
    [
      'a program in a folder that all may write',
      () => {
        chmodSync(dirname(home.program), 0o777);
        return dirname(home.program);
      },
      'chmod go-w',
    ],
    [
      "another's node",
      () => {
        chownSync(home.node, NOBODY, NOBODY);
        return home.node;
      },
      'chown root',
    ],
  ];
  for (const [what, spoil, mend] of cases) {
    testUnless(noMounts)(what, () => {
      const path = spoil();
      expect(home.execWithMounts('')).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(home.eventNames()).toEqual([]);
      expect(home.processes()).toEqual([]);
      expect(home.log()).toEqual([expect.stringMatching(/^-t eit -p daemon.err -- prolog: refused: /)]);
      expect(home.log()[0]).toContain(` ${path} `);
      expect(home.log()[0]).toMatch(new RegExp(`mend: ${mend} '${path}'$`));
    });
  }
});

describe('what nobody else could replace is used', () => {
  test('an own folder in a sticky /tmp, made by the hook for itself alone', async () => {
    expect(home.run('prolog')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect((await home.agent()).env.EIT_CONFIG).toBe(home.config);
    expect(home.eventNames()).toHaveLength(1);
  });

  testUnless(noMounts)("what the owner's private group may write", () => {
    chmodSync(home.config, 0o664);
    chmodSync(home.dir, 0o775);
    home.execWithMounts('');
    expect(home.log()).toEqual([]);
    expect(home.eventNames()).toHaveLength(1);
  });

  testUnless(noMounts)("a folder whose name would be a pattern for another's", () => {
    const events = join(home.dir, '*', 'events');
    make(events);
    mkdirSync(join(home.dir, 'other', 'events'), { recursive: true });
    chownSync(join(home.dir, 'other'), NOBODY, NOBODY);
    writeFileSync(home.config, `state_dir: "${home.dir}/*"\n`);
    rmSync(home.program);
    home.execWithMounts('');
    expect(home.eventNamesIn(events)).toHaveLength(1);
  });

  testUnless(noMounts)('what belongs to the user eit', () => {
    make(home.eventsDir);
    chownSync(home.stateDir, SERVICE, SERVICE);
    chownSync(home.eventsDir, SERVICE, SERVICE);
    home.execWithMounts(WITH_USER_EIT);
    expect(home.log()).toEqual([]);
    expect(home.eventNames()).toHaveLength(1);
  });

  testUnless(noMounts)('an own config and an own state folder, by an ordinary user', async () => {
    for (const path of [home.dir, home.config]) chownSync(path, NOBODY, NOBODY);
    home.exec(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', home.path('prolog')], {
      PATH: '/usr/bin',
      ...home.env(),
    });
    await home.agent();
    expect(home.eventNames()).toHaveLength(1);
  });
});
