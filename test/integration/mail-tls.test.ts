import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SMTPServerOptions } from 'smtp-server';
import { until } from '../cluster/until';
import { runEit } from './eit-command';
import { MailHome, MailServer, jobEnv } from './mail-home';

/** Certificates of this test's own, each its own authority. */
let keys: string;
let home: MailHome;
let server: MailServer;

beforeAll(() => {
  keys = mkdtempSync(join(tmpdir(), 'eit-mail-keys-'));
  for (const name of ['server', 'other'])
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
        ...['-keyout', join(keys, `${name}.key`), '-out', join(keys, `${name}.pem`)],
      ],
      { stdio: 'ignore' },
    );
});
afterAll(() => rmSync(keys, { recursive: true }));
afterEach(async () => {
  await home.remove();
  await server.stop();
});

const PASSWORD = 'o"f\\1$fnungs;wort';

async function begin(
  options: SMTPServerOptions,
  smtp: Readonly<Record<string, unknown>>,
  password = PASSWORD,
): Promise<void> {
  server = new MailServer({
    key: readFileSync(join(keys, 'server.key')),
    cert: readFileSync(join(keys, 'server.pem')),
    disabledCommands: ['AUTH'],
    onAuth: (auth, _session, done) =>
      auth.username === 'eit' && auth.password === PASSWORD
        ? done(null, { user: auth.username })
        : done(Object.assign(new Error('wrong'), { responseCode: 535 })),
    ...options,
  });
  await server.start();
  home = new MailHome({});
  writeFileSync(join(home.dir, 'password'), `${password}\n`, { mode: 0o600 });
  configure(smtp);
}

function configure(smtp: Readonly<Record<string, unknown>>): void {
  home.configure({
    transport: 'smtp',
    domain: 'example.org',
    wait_seconds: 0,
    types: [],
    smtp: { host: '127.0.0.1', port: server.port, ...smtp },
  });
}

const check = (): ReturnType<typeof runEit> => runEit(['mail', 'check', 'ada'], home.config);
const ca = (name: string): { ca_file: string } => ({ ca_file: join(keys, `${name}.pem`) });

test.each([
  ['starttls', {}],
  ['tls', { secure: true }],
])('%s with the authority of the config: the mail is taken', async (security, options) => {
  let wasSecure: boolean | undefined;
  await begin(
    { ...options, onMailFrom: (_address, session, done) => ((wasSecure = session.secure), done()) },
    { security, ...ca('server') },
  );
  const { status, stdout } = await check();
  expect([status, stdout]).toEqual([0, expect.stringContaining('Sent to ada@example.org')]);
  expect(wasSecure).toBe(true);
  expect(server.taken).toHaveLength(1);
});

test.each([
  ['starttls', 'another authority', {}, 'other'],
  ['starttls', 'none', {}, null],
  ['tls', 'another authority', { secure: true }, 'other'],
])('%s with %s: nothing is sent, and why is said', async (security, _, options, authority) => {
  await begin(options, { security, ...(authority === null ? {} : ca(authority)) });
  const { status, stdout } = await check();
  expect([status, stdout]).toEqual([1, expect.stringMatching(/Not sent to .*: .*certificate/)]);
  expect(server.taken).toEqual([]);
});

test('a server without STARTTLS gets no mail in clear text', async () => {
  await begin({ disabledCommands: ['AUTH', 'STARTTLS'] }, { security: 'starttls', ...ca('server') });
  const { status, stdout } = await check();
  expect([status, stdout]).toEqual([1, expect.stringContaining('Not sent to')]);
  expect(server.taken).toEqual([]);
});

describe('with a login', () => {
  const login = { disabledCommands: [], authOptional: false };
  const smtp = (): Readonly<Record<string, unknown>> => ({
    ...{ security: 'starttls', user: 'eit', password_file: join(home.dir, 'password') },
    ...ca('server'),
  });

  test('the password of the file is taken as it is, and read by its owner alone', async () => {
    await begin(login, {});
    configure(smtp());
    expect((await check()).status).toBe(0);
    expect(server.taken).toHaveLength(1);
    chmodSync(join(home.dir, 'password'), 0o644);
    const { status, stderr } = await check();
    expect([status, stderr]).toEqual([2, expect.stringContaining('EIT_TOKEN')]);
    expect(stderr).not.toContain(PASSWORD);
    expect(server.taken).toHaveLength(1);
  });

  test('with a wrong one mails wait, the log says why and not which, and they go when it is right', async () => {
    await begin(login, {}, 'nonsense');
    configure(smtp());
    const spooler = await home.startSpooler();
    home.mail(['-s', 'Slurm Job_id=60 Ended', 'ada'], jobEnv(60));
    await until(
      'a try',
      30_000,
      () => /tried again: .*535/.test(home.log()) || undefined,
      () => home.log(),
    );
    expect(home.log()).not.toContain('nonsense');
    expect(home.files('queue')).toHaveLength(1);
    expect(server.taken).toEqual([]);
    writeFileSync(join(home.dir, 'password'), `${PASSWORD}\n`);
    const ended = new Promise((resolve) => spooler.once('exit', resolve));
    spooler.kill('SIGTERM');
    await ended;
    await home.startSpooler();
    await until(
      'the mail',
      30_000,
      () => server.taken.length === 1 || undefined,
      () => home.log(),
    );
  });
});
