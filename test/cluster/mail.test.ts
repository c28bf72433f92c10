import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MailServer, PROGRAM, type Taken } from '../integration/mail-home';
import { scaled } from '../scale';
import { describeCluster } from './availability';
import { type MeasuredCluster, startMeasuredCluster, top } from './measured-cluster';
import { until } from './until';

const BURST = scaled(100, 500);

/** slurmctld calls eit-mail; a spooler reads the ledger and sends to a real SMTP server. */
describeCluster('the mails of jobs', 'v1', () => {
  let measured: MeasuredCluster;
  let server: MailServer;
  let spooler: ChildProcess | undefined;
  let mailDir: string;
  /** Begins first: a limit is a minute at least. */
  let slow: string;

  beforeAll(async () => {
    server = new MailServer();
    await server.start();
    measured = await startMeasuredCluster({
      cgroup: 'v1',
      nodePrefix: 'm',
      nodes: 2,
      cpusPerNode: 8,
      slurmConfExtra: 'JobRequeue=1\nMaxArraySize=1001',
      confFiles: (dir) => ({
        mailprog: `#!/bin/sh\nEIT_CONFIG='${dir}/eit.yaml' exec '${top}/eit-mail' "$@"\n`,
        former: `#!/bin/sh\nprintf '%s\\n' "$*" >>'${dir}/former.log'\n`,
      }),
      mailProg: (dir) => join(dir, 'mailprog'),
    });
    const { dir } = measured.slurm;
    mailDir = join(dir, 'mail');
    const mail = {
      transport: 'smtp',
      domain: 'example.org',
      wait_seconds: 30,
      max_per_user_hour: 10_000,
      smtp: { host: '127.0.0.1', port: server.port },
    };
    writeFileSync(
      measured.configPath,
      `mail_dir: ${mailDir}\nnext_mailprog: ${dir}/former\n${readFileSync(measured.configPath, 'utf8')}mail: ${JSON.stringify(mail)}\n`,
    );
    await startSpooler();
    slow = await submit('sleep 120', '-J', 'slow', '--time=1');
  });
  afterAll(async () => {
    await stopSpooler();
    await measured?.stop();
    await server?.stop();
  });

  async function startSpooler(): Promise<void> {
    spooler = spawn(process.execPath, [PROGRAM, 'mail', 'spool'], {
      cwd: '/',
      env: { ...measured.slurm.env, EIT_CONFIG: measured.configPath },
      stdio: 'ignore',
    });
    await until('a spooler', 30_000, () => existsSync(join(mailDir, 'beat')) || undefined, log);
  }

  async function stopSpooler(): Promise<void> {
    if (spooler === undefined) return;
    const ended = new Promise((resolve) => spooler?.once('exit', resolve));
    spooler.kill('SIGTERM');
    await ended;
    spooler = undefined;
  }

  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const log = (): string =>
    `${read(join(mailDir, 'mail.log'))}\n${measured.slurm.logs('slurmctld')}\n${measured.agentLog()}`;
  const subjects = (pattern: RegExp): Taken[] =>
    server.taken.filter(({ headers }) => pattern.test(headers.get('subject') ?? ''));
  const mailOf = (pattern: RegExp, count = 1): Promise<Taken[]> =>
    until(
      `${count} mails ${pattern}`,
      90_000,
      () => {
        const found = subjects(pattern);
        return found.length >= count ? found : undefined;
      },
      () => `${server.taken.map(({ headers }) => headers.get('subject')).join('\n')}\n${log()}`,
    );
  const submit = (work: string, ...args: string[]): Promise<string> =>
    measured.slurm.sbatch(work, { args: ['--mail-type=END,FAIL,REQUEUE,TIME_LIMIT', ...args] });

  test('END, FAIL, TIME_LIMIT and a requeue come with what the job used', async () => {
    const ended = await submit('sleep 2', '-J', 'ends');
    const failed = await submit('sleep 1; exit 3', '-J', 'fails', '--mail-user=bob@example.com');
    const [end] = await mailOf(new RegExp(`Job_id=${ended} Name=ends Ended.*Wh`));
    expect(end?.to).toEqual(['eitann@example.org']);
    expect(end?.text).toMatch(/multipart\/alternative/);
    const [fail] = await mailOf(new RegExp(`Job_id=${failed} Name=fails Failed.*ExitCode 3.*Wh`));
    expect(fail?.to).toEqual(['bob@example.com']);
    const requeued = await submit('sleep 30', '-J', 'again');
    await measured.slurm.waitForState(requeued, 'RUNNING');
    await measured.slurm.scontrol('requeue', requeued);
    await mailOf(new RegExp(`Job_id=${requeued} Name=again Requeued`));
    await measured.slurm.scancel(requeued);
  });

  test('both nodes of a job are waited for', async () => {
    const job = await submit('srun sleep 2', '-J', 'two', '-N2');
    const [mail] = await mailOf(new RegExp(`Job_id=${job} Name=two Ended.*Wh`));
    expect(mail?.text).not.toMatch(/missing/i);
  });

  test('an array has its one mail, and one a task where the user wants it', async () => {
    const whole = await submit('sleep 1', '-J', 'arr', '--array=1-3');
    await mailOf(new RegExp(`Array Summary Job_id=${whole}_`));
    const tasks = await submit('sleep 1', '-J', 'each', '--array=1-3', '--mail-type=END,ARRAY_TASKS');
    await mailOf(new RegExp(`Array Task Job_id=${tasks}_\\d`), 3);
  });

  test('a name with a line feed and `Bcc:` is nothing but a name', async () => {
    const before = server.taken.length;
    const job = await submit('sleep 1', '-J', 'x\nBcc: eve@example.com\n\n<script>');
    const [mail] = await mailOf(new RegExp(`Job_id=${job} `));
    expect(mail?.to).toEqual(['eitann@example.org']);
    expect([...(mail?.headers.keys() ?? [])]).not.toContain('bcc');
    expect(mail?.text).not.toMatch(/^bcc:/im);
    const html = mail?.text.slice(mail.text.indexOf('Content-Type: text/html'));
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script>');
    expect(server.taken.slice(before).flatMap(({ to }) => to)).not.toContain('eve@example.com');
  });

  test(`${BURST} jobs that end at once: a mail each, none twice`, async () => {
    const array = await submit(
      'sleep 0.2',
      '-J',
      'burst',
      `--array=1-${BURST}`,
      '--mail-type=END,ARRAY_TASKS',
      '-c1',
      '-s',
    );
    await until(
      'all mails',
      scaled(150_000, 900_000),
      () => subjects(new RegExp(`Job_id=${array}_\\d+ .*burst`)).length >= BURST || undefined,
      log,
    );
    expect([...server.counts().values()].every((times) => times === 1)).toBe(true);
    expect(subjects(/burst/)).toHaveLength(BURST);
    expect(read(join(measured.slurm.dir, 'former.log'))).toBe('');
  });

  test('without a spooler the former program sends', async () => {
    await stopSpooler();
    const job = await submit('true', '-J', 'plain');
    await until(
      'its call',
      60_000,
      () =>
        read(join(measured.slurm.dir, 'former.log')).includes(`-s Slurm Job_id=${job} Name=plain Ended`) ||
        undefined,
      log,
    );
    await startSpooler();
  });

  test('a time limit is a mail of its own', async () => {
    await mailOf(new RegExp(`Job_id=${slow} Name=slow Reached time limit`));
    await mailOf(new RegExp(`Job_id=${slow} Name=slow Failed.*TIMEOUT.*Wh`));
  });
});
