// The Debian packages that some tests need (a real Slurm cluster, hanging storage, a whole machine, a browser), and their installation.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { run } from './child.mjs';

const PACKAGES = {
  cluster: [
    'acl',
    'slurm-wlm',
    'slurmctld',
    'slurmd',
    'slurmdbd',
    'slurm-client',
    'munge',
    'mariadb-server',
    'gcc',
    'libc6-dev',
    'strace',
    'shellcheck',
    'lua5.1',
    'procps',
  ],
  integration: [
    'acl',
    'bindfs',
    'fuse3',
    'faketime',
    'e2fsprogs',
    'prometheus',
    'prometheus-node-exporter',
    'logrotate',
    'systemd',
  ],
  packages: ['dpkg', 'rpm', 'binutils', 'mandoc', 'shellcheck', 'man-db', 'fish', 'zsh'],
  guest: ['qemu-system-x86', 'debootstrap', 'debian-archive-keyring', 'e2fsprogs'],
  browser: ['chromium', 'fonts-dejavu-core'],
};

const TESTS = {
  cluster: 'the tests on a real Slurm cluster',
  integration:
    'the tests of storage that hangs, of clocks that are moved, of units, log rules and Prometheus',
  packages: 'the tests of what npm run package makes',
  guest: 'the tests in a whole machine',
  browser: 'the tests of HTML pages in a real browser',
};

// invoke-rc.d asks this script whether a service may be started; 101 is "no".
const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_TEXT =
  '#!/bin/sh\n# EIT for Slurm, tests: no service starts while packages are installed.\nexit 101\n';

/**
 * Installs the packages that the tests of a project (`cluster`, `integration`, `packages`, `browser` or `guest`) lack, if this is Debian or Ubuntu and we are
 * root. Says in one line what it installs and why, or why it cannot; the tests then skip, or fail where they are
 * required, by themselves.
 */
export async function installDebianPackages(project) {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-query')) {
    console.log(
      `No Debian or Ubuntu: ${TESTS[project]} run only where this is installed: ${PACKAGES[project].join(' ')}`,
    );
    return;
  }
  const missing = findMissing(PACKAGES[project]);
  if (missing.length === 0) return;
  const what = `Debian packages for ${TESTS[project]}: ${missing.join(' ')}`;
  if (process.getuid() !== 0) {
    console.log(`Not root, so nothing is installed. Missing ${what}`);
    return;
  }
  console.log(`Installing ${what} (no service is started or enabled).`);
  const failure = await withoutServices(() => aptInstall(missing));
  if (failure) console.log(`They could not be installed: ${failure}`);
}

function findMissing(packages) {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev}${Package}\\n', ...packages], {
    encoding: 'utf8',
  });
  const installed = stdout
    .split('\n')
    .filter((line) => line.startsWith('ii '))
    .map((line) => line.slice(3));
  return packages.filter((name) => !installed.includes(name));
}

/** Gives what went wrong, in apt's last words, or nothing. */
async function aptInstall(packages) {
  const options = [
    '-q',
    '-o',
    'Acquire::http::Timeout=30',
    '-o',
    'Acquire::Retries=2',
    '-o',
    'DPkg::Lock::Timeout=120',
  ];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = await run('apt-get', [...options, 'update'], { env, capture: true });
  const install = await run(
    'apt-get',
    [...options, 'install', '-y', '--no-install-recommends', ...packages],
    {
      env,
      capture: true,
    },
  );
  if (install.status === 0) return undefined;
  return (
    lastErrors(install.output) || lastErrors(update.output) || `apt-get ended with status ${install.status}`
  );
}

function lastErrors(output) {
  return output
    .split('\n')
    .filter((line) => line.startsWith('E: '))
    .slice(-2)
    .join(' ');
}

/** Runs `install` such that no service starts then, nor with the next start of the machine. */
async function withoutServices(install) {
  const removePolicy = forbidStarts();
  const before = new Set(listEnabledUnits());
  try {
    return await install();
  } finally {
    removePolicy();
    const enabled = listEnabledUnits().filter((unit) => !before.has(unit));
    if (enabled.length > 0 && existsSync('/usr/bin/systemctl')) {
      spawnSync('systemctl', ['disable', '--quiet', ...enabled], { stdio: 'inherit' });
    }
  }
}

/** Puts the policy script there unless the machine has one of its own; gives what takes it away again. */
function forbidStarts() {
  const isOurs = () => existsSync(POLICY) && readFileSync(POLICY, 'utf8') === POLICY_TEXT;
  if (existsSync(POLICY) && !isOurs()) return () => {};
  const remove = () => {
    if (isOurs()) rmSync(POLICY);
  };
  writeFileSync(POLICY, POLICY_TEXT, { mode: 0o755 });
  process.once('exit', remove); // a signal ends us by process.exit
  return remove;
}

function listEnabledUnits() {
  const folder = '/etc/systemd/system';
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.wants'))
    .flatMap((name) => readdirSync(`${folder}/${name}`));
}
