import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, type Environment, run, succeed, tail } from './processes';
import { slurmdbdConf } from './slurm-conf';
import { until } from './until';

/** Starts a munged of the cluster's own: own key, own socket (https://github.com/dun/munge/wiki/Man-8-munged). */
export async function startMunged(dir: string, env: Environment): Promise<Daemon> {
  const at = (name: string) => join(dir, 'munge', name);
  mkdirSync(join(dir, 'munge'), { mode: 0o755 });
  writeFileSync(at('key'), randomBytes(128), { mode: 0o400 });
  const options = {
    socket: 'socket',
    'key-file': 'key',
    'pid-file': 'pid',
    'log-file': 'log',
    'seed-file': 'seed',
  };
  const args = Object.entries(options).map(([option, name]) => `--${option}=${at(name)}`);
  const log = join(dir, 'log/munged.out');
  const munged = new Daemon('munged', 'munged', ['--foreground', ...args], env, log);
  await until(
    'munged to answer',
    10_000,
    async () => {
      if (munged.end !== undefined) throw new Error(`${munged.end}\n${tail(log)}`);
      const { status } = await run('munge', ['--no-input', '--socket', at('socket')], { env });
      return status === 0 || undefined;
    },
    () => tail(log),
  );
  return munged;
}

export interface Accounting {
  readonly mariadbd: Daemon;
  readonly slurmdbd: Daemon;
}

/** Starts a MariaDB on a data folder of its own, and slurmdbd on it. Order of the list: as they have to be stopped. */
export async function startAccounting(
  dir: string,
  ports: { readonly database: number; readonly slurmdbd: number },
  env: Environment,
  started: (daemon: Daemon) => void,
): Promise<void> {
  const password = randomBytes(16).toString('hex');
  const database = join(dir, 'mariadb');
  mkdirSync(database, { mode: 0o700 });
  await succeed('chown', ['mysql:mysql', database], { env });
  const common = ['--no-defaults', '--user=mysql', `--datadir=${database}/data`];
  await succeed(
    'mariadb-install-db',
    [...common, '--auth-root-authentication-method=socket', '--skip-test-db', '--skip-name-resolve'],
    { env },
  );
  const init = join(dir, 'mariadb.sql');
  writeFileSync(
    init,
    [
      'CREATE DATABASE slurm_acct_db;',
      `CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY '${password}';`,
      "GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1';",
    ].join('\n') + '\n',
    { mode: 0o600 },
  );
  await succeed('chown', ['mysql:mysql', init], { env });
  const mariadbd = new Daemon(
    'mariadbd',
    'mariadbd',
    [
      ...common,
      `--socket=${database}/socket`,
      `--pid-file=${database}/pid`,
      `--port=${ports.database}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      `--init-file=${init}`,
      // slurmdbd asks for these; durability is nothing to a database that is thrown away.
      '--innodb-buffer-pool-size=64M',
      '--innodb-lock-wait-timeout=900',
      '--innodb-flush-log-at-trx-commit=0',
    ],
    env,
    join(dir, 'log/mariadbd.out'),
  );
  started(mariadbd);
  const confFile = join(dir, 'slurmdbd.conf');
  writeFileSync(
    confFile,
    slurmdbdConf({ dir, port: ports.slurmdbd, databasePort: ports.database, password }),
  );
  chmodSync(confFile, 0o600);
  await until(
    'mariadbd to be ready',
    60_000,
    () => {
      if (mariadbd.end !== undefined)
        throw new Error(`${mariadbd.end}\n${tail(join(dir, 'log/mariadbd.out'))}`);
      return tail(join(dir, 'log/mariadbd.out')).includes('ready for connections') || undefined;
    },
    () => tail(join(dir, 'log/mariadbd.out')),
  );
  const slurmdbd = new Daemon('slurmdbd', 'slurmdbd', ['-D'], env, join(dir, 'log/slurmdbd.out'));
  started(slurmdbd);
  let answer = '';
  await until(
    'slurmdbd to answer',
    60_000,
    async () => {
      if (slurmdbd.end !== undefined)
        throw new Error(`${slurmdbd.end}\n${tail(join(dir, 'log/slurmdbd.log'))}`);
      const { status, stderr } = await run('sacctmgr', ['-n', 'show', 'cluster'], { env });
      answer = stderr;
      return status === 0 || undefined;
    },
    () => `${answer}\n${tail(join(dir, 'log/slurmdbd.log'))}`,
  );
}

/** Tells slurmdbd of the cluster, its accounts and users: each user belongs to every account, first one by default. */
export async function makeAccounts(
  clusterName: string,
  accounts: readonly string[],
  users: readonly string[],
  env: Environment,
): Promise<void> {
  const sacctmgr = (...args: string[]) => succeed('sacctmgr', ['-i', '-Q', ...args], { env });
  await sacctmgr('add', 'cluster', clusterName);
  await sacctmgr('add', 'account', accounts.join(','), `Cluster=${clusterName}`);
  await sacctmgr(
    'add',
    'user',
    users.join(','),
    `Account=${accounts.join(',')}`,
    `DefaultAccount=${accounts[0] ?? ''}`,
    `Cluster=${clusterName}`,
  );
}
