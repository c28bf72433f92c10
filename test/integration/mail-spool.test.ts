import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/until';
import { scaled } from '../scale';
import { runEit } from './eit-command';
import { MailHome, MailServer, headersOf, jobEnv } from './mail-home';

let home: MailHome;
let server: MailServer;
const smtp = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  transport: 'smtp',
  domain: 'example.org',
  wait_seconds: 0,
  max_per_user_hour: 100_000,
  smtp: { host: '127.0.0.1', port: server.port },
  ...more,
});

beforeEach(async () => {
  server = new MailServer();
  await server.start();
  home = new MailHome(smtp());
});
afterEach(async () => {
  await home.remove();
  await server.stop();
});

const send = (job: number, more: Readonly<Record<string, string>> = {}, to = 'ada'): void => {
  const { status, stdout, stderr } = home.mail(['-s', `Slurm Job_id=${job} Ended`, to], jobEnv(job, more));
  expect([status, stdout, stderr]).toEqual([0, '', '']);
};
const arrived = (count: number): Promise<true> =>
  until(
    `${count} mails`,
    60_000,
    () => server.taken.length >= count || undefined,
    () => home.log(),
  );

describe('with a spooler', () => {
  test('a mail goes to the SMTP server once, and eit-mail is back before', async () => {
    await home.startSpooler();
    send(17);
    await arrived(1);
    const [mail] = server.taken;
    expect([mail?.from, mail?.to]).toEqual(['slurm@example.org', ['ada@example.org']]);
    expect(mail?.headers.get('subject')).toBe('Slurm Job_id=17 Ended');
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail?.text).toContain('COMPLETED');
    await until('its end', 10_000, () => home.files('queue').length === 0 || undefined);
    expect(home.formerCalls()).toEqual([]);
  });

  test('each of several recipients gets it, with a message id of his own', async () => {
    await home.startSpooler();
    send(18, {}, 'ada,bob@example.com,ada');
    await arrived(2);
    expect(server.taken.flatMap(({ to }) => to).sort()).toEqual(['ada@example.org', 'bob@example.com']);
    expect(server.counts().size).toBe(2);
  });

  test('nothing in a name becomes a header, a recipient or a second mail', async () => {
    await home.startSpooler();
    const name = 'x\r\nBcc: eve@example.com\r\n\r\n.\r\nMAIL FROM:<eve@example.com>\u001b]0;t\u0007';
    const { status } = home.mail(
      ['-s', `Slurm Job_id=19 Name=${name} Ended`, 'ada'],
      jobEnv(19, { SLURM_JOB_NAME: name }),
    );
    expect(status).toBe(0);
    await arrived(1);
    await sleep(500);
    expect(server.taken.map(({ to }) => to)).toEqual([['ada@example.org']]);
    const [mail] = server.taken;
    expect([...(mail?.headers.keys() ?? [])].sort()).toEqual([
      'auto-submitted',
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-auto-response-suppress',
    ]);
    for (const character of ['\u001b', '\u0007']) expect(mail?.text).not.toContain(character);
    expect(mail?.text).not.toMatch(/^Bcc/m);
  });

  test('a server that is not there is tried again, and nothing is lost or doubled', async () => {
    const { port } = server;
    await server.stop();
    await home.startSpooler();
    send(20);
    await until(
      'a try',
      20_000,
      () => /tried again/.test(home.log()) || undefined,
      () => home.log(),
    );
    server = new MailServer();
    await server.start(port);
    await arrived(1);
    await until('its end', 20_000, () => home.files('queue').length === 0 || undefined);
    expect([...server.counts().values()]).toEqual([1]);
  });

  test('what is beyond the most of an hour is held, and in the next process too', async () => {
    home.configure(smtp({ max_per_user_hour: 2 }));
    await home.startSpooler();
    for (const job of [1, 2, 3, 4]) send(job);
    send(5, {}, 'bob');
    await arrived(3);
    process.kill(home.spoolerPid(), 'SIGKILL');
    await home.startSpooler();
    send(6);
    await sleep(2500);
    expect(server.taken.map(({ to }) => to[0] ?? '').sort()).toEqual([
      'ada@example.org',
      'ada@example.org',
      'bob@example.org',
    ]);
    expect(home.files('queue')).toHaveLength(3);
  });

  test('a second one is told so and ends', async () => {
    await home.startSpooler();
    const second = home.spawnSpooler();
    const status = await new Promise((resolve) => second.once('exit', resolve));
    expect(status).toBe(1);
    send(7);
    await arrived(1);
  });
});

describe('storage that hangs', () => {
  const fifo = (): void => {
    const day = new Date().toISOString().slice(0, 10);
    const folder = join(home.dir, 'ledger/alpha/inbox', day);
    mkdirSync(folder, { recursive: true });
    // Who opens it to read waits for a writer, as with a server that has gone.
    execFileSync('mkfifo', [join(folder, 'n1.ndjson')]);
  };
  /** The child of the spooler that looks into the ledger. */
  const looker = (): Promise<number> =>
    until('a look', 20_000, () => {
      const pid = home.spoolerPid();
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
      // Before it runs its program, the spooler itself waits for it.
      return children
        .map(Number)
        .find(
          (child) => child > 0 && readFileSync(`/proc/${child}/environ`, 'latin1').includes('EIT_MAIL_LOOK'),
        );
    });

  test('holds up no mail beyond its time, and those that want nothing of it not at all', async () => {
    fifo();
    home.configure(smtp({ wait_seconds: 4 }));
    await home.startSpooler();
    send(50);
    process.kill(await looker(), 'SIGSTOP');
    send(51, { SLURM_JOB_MAIL_TYPE: 'Began' });
    await arrived(2);
    expect(server.taken[0]?.headers.get('subject')).toBe('Slurm Job_id=51 Ended');
    expect(server.taken[1]?.text).toContain('within 4 s no record of the node arrived');
    const beat = (): number => Number(readFileSync(join(home.mailDir, 'beat'), 'utf8').split(' ')[1]);
    const before = beat();
    await until('a beat', 20_000, () => beat() > before || undefined);
    expect(home.formerCalls()).toEqual([]);
  });

  test('is nothing that a spooler waits for to end, nor the next one to begin', async () => {
    fifo();
    home.configure(smtp({ wait_seconds: 3600 }));
    const first = await home.startSpooler();
    send(52);
    process.kill(await looker(), 'SIGSTOP');
    const ended = new Promise((resolve) => first.once('exit', resolve));
    process.kill(home.spoolerPid(), 'SIGTERM');
    expect(await ended).toBe(0);

    await home.startSpooler();
    const stopped = await looker();
    process.kill(stopped, 'SIGSTOP');
    process.kill(home.spoolerPid(), 'SIGKILL');
    try {
      await home.startSpooler();
      send(53, { SLURM_JOB_MAIL_TYPE: 'Began' });
      await arrived(1);
      expect(home.files('queue').filter((name) => name.endsWith('.52.0'))).toHaveLength(1);
    } finally {
      process.kill(stopped, 'SIGKILL');
    }
  });
});

describe('with the sendmail program', () => {
  /** A real program: it writes down how it was called, and what came. */
  const program = (status: string): string =>
    home.script(
      join(home.dir, 'sendmail'),
      `d='${home.dir}/sent'/$$; mkdir -p "$d"; printf '%s\\n' "$@" >"$d/args"; cat >"$d/text"; sleep 0.2; ${status}`,
    );
  const config = (path: string): Record<string, unknown> => ({
    transport: 'sendmail',
    sendmail: path,
    wait_seconds: 0,
  });
  const sent = (): string[] => (existsSync(join(home.dir, 'sent')) ? home.files('../sent') : []);

  test('the mail is its input, the recipient an argument behind --', async () => {
    home.configure(config(program('exit 0')));
    await home.startSpooler();
    send(30);
    await until(
      'the end',
      30_000,
      () => / sent by sendmail/.test(home.log()) || undefined,
      () => home.log(),
    );
    const [call = ''] = sent();
    const [args, text] = ['args', 'text'].map((name) =>
      readFileSync(join(home.dir, 'sent', call, name), 'utf8'),
    );
    expect(args?.split('\n')).toEqual(['-i', '-f', expect.stringMatching(/^slurm@/), '--', 'ada', '']);
    expect(headersOf(text ?? '').get('to')).toBe('<ada>');
    expect(text).not.toContain('\r');
  });

  test.each([
    ['67', 'failed', / see failed\/: exit status 67/],
    ['75', 'queue', / not taken and is tried again: exit status 75/],
  ])('exit status %s leaves it in %s/', async (status, folder, message) => {
    home.configure(config(program(`exit ${status}`)));
    await home.startSpooler();
    send(31);
    await until(
      'that',
      30_000,
      () => message.test(home.log()) || undefined,
      () => home.log(),
    );
    await until(
      'the file',
      10_000,
      () => home.files(folder).some((name) => name.endsWith('.31.0')) || undefined,
    );
  });

  test('eit mail queue tells why, retry sends it once more, drop takes it away', async () => {
    home.configure(config(program('echo nobody of that name; exit 67')));
    await home.startSpooler();
    send(33);
    send(34);
    await until(
      'both',
      30_000,
      () => home.files('failed').filter((name) => name.endsWith('.0')).length === 2 || undefined,
    );
    const queue = async (): Promise<
      { id: string; state: string; to: string; job: string; why: string }[]
    > => {
      const { stdout } = await runEit(['mail', 'queue', '--json'], home.config);
      return (
        JSON.parse(stdout) as { mails: { id: string; state: string; to: string; job: string; why: string }[] }
      ).mails;
    };
    const failed = await queue();
    expect(failed.map(({ state, to, job, why }) => [state, to, job, why])).toEqual(
      ['33', '34'].map((job) => ['failed', 'ada', job, 'exit status 67: nobody of that name']),
    );
    const calls = sent().length;
    program('exit 0');
    const { status, stdout } = await runEit(['mail', 'retry', failed[0]?.id ?? ''], home.config);
    expect([status, stdout]).toEqual([0, '1 back in the queue.\n']);
    await until(
      'it',
      30_000,
      () => / sent by sendmail/.test(home.log()) || undefined,
      () => home.log(),
    );
    expect(sent()).toHaveLength(calls + 1);
    expect((await runEit(['mail', 'drop', 'all'], home.config)).stdout).toBe('1 dropped.\n');
    expect(await queue()).toEqual([]);
    expect(home.files('failed')).toEqual([]);
    const none = await runEit(['mail', 'retry', '1.2.3.0'], home.config);
    expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('no mail of that ID')]);
  });

  test('a spooler that is killed while it runs sends the mail once: the next one reads how it ended', async () => {
    home.configure(config(program('sleep 1')));
    await home.startSpooler();
    send(32);
    await until('a call', 30_000, () => sent().length > 0 || undefined);
    process.kill(home.spoolerPid(), 'SIGKILL');
    await home.startSpooler();
    await until(
      'the end',
      30_000,
      () => / sent by sendmail/.test(home.log()) || undefined,
      () => home.log(),
    );
    await sleep(1500);
    expect(sent()).toHaveLength(1);
    expect(home.files('queue')).toEqual([]);
  });
});

test('spoolers killed at random instants: each mail is sent once, or was in doubt and is kept', async () => {
  const count = scaled(50, 500);
  await home.startSpooler();
  let kills = 0;
  const done = new AbortController();
  const killer = (async () => {
    while (!done.signal.aborted) {
      // One in three lives long enough to look into the ledger.
      await sleep(kills % 3 === 2 ? 3000 * Math.random() : 50 + 400 * Math.random());
      const pid = home.spoolerPid();
      try {
        process.kill(pid, 'SIGKILL');
        kills += 1;
      } catch {
        // It had ended by itself, or was just being started.
      }
      await home.startSpooler();
    }
  })();
  const plain = (): string[] => home.formerCalls().map(({ args }) => args[1] ?? '');
  for (let job = 1; job <= count; job += 1) {
    send(job);
    await sleep(10);
  }
  const ids = (): string[] => [...server.counts().keys()].map((id) => id.split('.').at(-2) ?? '');
  const unsure = (): string[] =>
    home
      .files('unsure')
      .filter((name) => !name.endsWith('.json'))
      .map((name) => name.split('.')[2] ?? '');
  try {
    await until(
      'every mail',
      scaled(200_000, 600_000),
      () => home.files('queue').length + home.files('new').length === 0 || undefined,
      () => `${home.files('queue').join()}\n${home.log()}`,
    );
  } finally {
    done.abort();
    await killer;
  }
  expect(kills).toBeGreaterThan(0);
  // None twice, by whatever way, and none nowhere.
  expect([...server.counts().values()].every((times) => times === 1)).toBe(true);
  const plainJobs = plain().map((subject) => /Job_id=(\d+)/.exec(subject)?.[1] ?? '');
  expect(new Set([...ids(), ...plainJobs]).size).toBe(ids().length + plainJobs.length);
  const all = new Set([...ids(), ...plainJobs, ...unsure()]);
  expect([...all].map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
}, 660_000);

test('a notice that waited while no spooler lived is sent by the next one', async () => {
  const child = home.spawnSpooler('--once');
  await new Promise((resolve) => child.once('exit', resolve));
  mkdirSync(join(home.mailDir, 'new'), { recursive: true });
  const fields = [
    'eit-mail 1',
    'received=1',
    'subject=Old',
    'recipient=ada',
    'SLURM_JOB_ID=40',
    'SLURM_JOB_MAIL_TYPE=Ended',
    'end',
    '',
  ];
  writeFileSync(join(home.mailDir, 'new/1.2.40'), fields.join('\0'));
  writeFileSync(join(home.mailDir, 'new/1.2.41'), 'half a not');
  const next = home.spawnSpooler('--once');
  expect(await new Promise((resolve) => next.once('exit', resolve))).toBe(0);
  expect(server.taken.map(({ headers }) => headers.get('subject'))).toEqual(['Old']);
  expect(home.files('failed')).toEqual(['1.2.41']);
  rmSync(join(home.mailDir, 'failed/1.2.41'));
});
