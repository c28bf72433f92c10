import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobQuestion, JobReader } from '../../../src/mail/job-reader';
import type { Handing } from '../../../src/mail/handing-journal';
import { MailFolder } from '../../../src/mail/mail-folder';
import { nodemailer } from '../../../src/mail/nodemailer';
import { retriedBytes } from '../../../src/mail/notice-file';
import { SendmailTransport } from '../../../src/mail/sendmail-transport';
import { Spooler } from '../../../src/mail/spooler';
import { Throttle } from '../../../src/mail/throttle';
import { until } from '../../cluster/until';

/** With a sendmail program that writes down what it gets; time is the test's. */
let dir: string;
let nowMs: number;
let folder: MailFolder;
let looks: JobQuestion[][];
let ended: Set<string>;
let log: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-spooler-'));
  nowMs = 1_800_000_000_000;
  looks = [];
  ended = new Set();
  log = [];
  folder = new MailFolder(dir, 'example.org');
  folder.prepare();
  mkdirSync(join(dir, 'sent-texts'));
  program('sendmail', 'exit 0');
  program('former', 'exit 0');
});
afterEach(() => rmSync(dir, { recursive: true }));

function program(name: string, end: string): void {
  const body = `{ printf '%s ' "$@"; echo; cat; } >'${dir}/sent-texts'/${name}.$$; ${end}`;
  writeFileSync(join(dir, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

function drop(job: number, more: Readonly<Record<string, string>> = {}, to = 'ada'): void {
  const env = {
    SLURM_JOB_ID: String(job),
    SLURM_JOB_MAIL_TYPE: 'Ended',
    SLURM_JOB_NODELIST: 'n[1-2]',
    ...more,
  };
  const fields = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const head = ['eit-mail 1', `received=${nowMs / 1000}`, `subject=Job ${job}`, `recipient=${to}`];
  writeFileSync(join(dir, `new/${nowMs / 1000}.1.${job}`), [...head, ...fields, 'end', ''].join('\0'));
}

const jobReader: JobReader = {
  readAll: async (questions) => {
    looks.push([...questions]);
    return questions.map(({ nodes, isLast }) => {
      const missing = nodes.filter((node) => !ended.has(node));
      const subject = `found, missing ${missing.join('+')}`;
      return {
        endedNodes: nodes.filter((node) => ended.has(node)),
        mail:
          missing.length === 0 || isLast ? { subject, text: 'figures', html: '<body>figures</body>' } : null,
        problem: null,
      };
    });
  },
};

async function open(most = 100, boot = 'b'): Promise<Spooler> {
  const spooler = new Spooler({
    config: { wait_seconds: 60, types: ['END', 'FAIL'], give_up_hours: 1, footer: 'Ask <help>' },
    folder,
    transport: new SendmailTransport(join(dir, 'sendmail'), join(dir, 'sending')),
    carrier: 'sendmail',
    formerProgram: join(dir, 'former'),
    throttle: new Throttle({}, { most, windowMs: 3_600_000 }),
    onThrottle: () => undefined,
    jobReader,
    nodemailer: nodemailer(),
    from: 'slurm@example.org',
    host: 'ctl',
    boot,
    now: () => nowMs,
    log: (level, text) => log.push(`${level} ${text}`),
  });
  await spooler.start();
  return spooler;
}

const sent = (): string[] =>
  readdirSync(join(dir, 'sent-texts')).map(
    (name) => `${name.split('.')[0]} ${readFileSync(join(dir, 'sent-texts', name), 'utf8')}`,
  );
/** Passes, a second apart, until nothing is on its way. */
async function pass(spooler: Spooler, seconds = 1): Promise<void> {
  for (let i = 0; i < seconds; i += 1) {
    nowMs += 1000;
    await spooler.pass();
  }
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (existsSync(join(dir, 'sending')) && readdirSync(join(dir, 'sending')).length === 0) resolve();
      else setTimeout(look, 20);
    };
    setTimeout(look, 100);
  });
}

test('a notice of two that was taken half is one mail for each', async () => {
  drop(1, {}, 'ada,bob');
  const name = readdirSync(join(dir, 'new'))[0]!;
  const bytes = readFileSync(join(dir, 'new', name));
  writeFileSync(join(dir, 'queue', name), bytes);
  writeFileSync(join(dir, 'queue', `${name}.1`), bytes);
  writeFileSync(join(dir, 'queue', `.${name}.1.tmp`), 'half');
  rmSync(join(dir, 'new', name));
  ended.add('n1').add('n2');
  const spooler = await open();
  await pass(spooler, 2);
  await spooler.close();
  expect(
    sent()
      .map((text) => /-- (\S+)/.exec(text)?.[1] ?? '')
      .sort((a, b) => a.localeCompare(b)),
  ).toEqual(['ada@example.org', 'bob@example.org']);
  expect(folder.queued()).toEqual([]);
});

test('a disk that is full leaves a notice where it is', async () => {
  drop(1, {}, 'ada,bob');
  const name = readdirSync(join(dir, 'new'))[0]!;
  // In the way of a copy: what no disk has room for.
  mkdirSync(join(dir, 'queue', `.${name}.1.tmp`));
  ended.add('n1').add('n2');
  const spooler = await open();
  await pass(spooler, 2);
  expect(readdirSync(join(dir, 'failed'))).toEqual([]);
  expect(log.filter((line) => line.includes('waits'))).toHaveLength(1);
  rmSync(join(dir, 'queue', `.${name}.1.tmp`), { recursive: true });
  await pass(spooler, 2);
  await spooler.close();
  expect(sent()).toHaveLength(2);
});

test('a ledger that hangs holds up no mail longer than its time', async () => {
  const spooler = await open();
  const hangs = jest.spyOn(jobReader, 'readAll').mockReturnValue(new Promise(() => undefined));
  try {
    drop(1);
    await spooler.pass();
    expect(folder.queued()).toHaveLength(1);
    nowMs += 61_000;
    await spooler.pass();
    await spooler.close();
    expect(sent()).toEqual([expect.stringContaining('Subject: Job 1')]);
  } finally {
    hangs.mockRestore();
  }
});

test('a mail waits for the records of all nodes, and all that wait are one look', async () => {
  const spooler = await open();
  drop(1);
  drop(2, {}, 'bob');
  await pass(spooler, 3);
  expect(looks.map((one) => one.length)).toEqual([2, 2, 2]);
  expect(looks[0]?.[0]?.nodes).toEqual(['n1', 'n2']);
  expect(sent()).toEqual([]);
  ended.add('n1').add('n2');
  await pass(spooler);
  expect(sent().map((text) => /Subject: (.*)/.exec(text)?.[1])).toEqual(['found, missing', 'found, missing']);
  expect(sent()[0]).toContain('Ask &lt;help&gt;');
  expect(await spooler.pass()).toBe(0);
  await spooler.close();
});

test('after the bound it goes without the nodes that are missing, which it names', async () => {
  const spooler = await open();
  drop(1);
  ended.add('n2');
  await pass(spooler, 59);
  expect(sent()).toEqual([]);
  await pass(spooler);
  expect(sent()[0]).toContain('Subject: found, missing n1');
  await spooler.close();
});

test('mails that tell of no end, or of types that are off, or of no node, wait for nothing', async () => {
  const spooler = await open();
  drop(1, { SLURM_JOB_MAIL_TYPE: 'Began' });
  drop(2, { SLURM_JOB_MAIL_TYPE: 'Requeued' });
  drop(3, { SLURM_JOB_NODELIST: '(null)' });
  await pass(spooler);
  expect(sent()).toHaveLength(3);
  expect(looks).toEqual([]);
  await spooler.close();
});

test('beyond the most of an hour there is one mail with all, and none is dropped', async () => {
  const spooler = await open(2);
  ended.add('n1').add('n2');
  for (const job of [1, 2, 3, 4, 5]) drop(job);
  await pass(spooler);
  expect(sent()).toHaveLength(2);
  nowMs += 3_590_000;
  await pass(spooler);
  expect(sent()).toHaveLength(2);
  nowMs += 10_000;
  await pass(spooler);
  const list = sent().filter((text) => text.includes('Slurm: 3 mails about jobs, in one'));
  expect(list).toHaveLength(1);
  expect(list[0]?.match(/^found, missing/gm)).toHaveLength(3);
  expect(list[0]?.match(/<p [^>]*>found, missing/g)).toHaveLength(3);
  expect(await spooler.pass()).toBe(0);
  await spooler.close();
});

test('the list waits for one last look, and for a ledger that hangs no longer than half a minute', async () => {
  const spooler = await open(1);
  ended.add('n1');
  drop(1);
  drop(2);
  // Not all is there when their time is over: what came in the hour is in the list.
  await pass(spooler, 60);
  await until('the first', 20_000, () => sent().length === 1 || undefined);
  const hangs = jest.spyOn(jobReader, 'readAll').mockReturnValue(new Promise(() => undefined));
  try {
    nowMs += 3_601_000;
    await spooler.pass();
    await spooler.pass();
    expect(sent()).toHaveLength(1);
    nowMs += 30_000;
    await pass(spooler);
    await until(
      'the list',
      20_000,
      () => sent().some((text) => text.includes('mail about jobs, in one')) || undefined,
    );
  } finally {
    hangs.mockRestore();
    await spooler.close();
  }
});

test('a mail that should not wait has its first look all the same', async () => {
  let answer: (() => void) | undefined;
  const late = jest.spyOn(jobReader, 'readAll').mockImplementation(
    (questions) =>
      new Promise((resolve) => {
        answer = () =>
          resolve(
            questions.map(() => ({
              endedNodes: ['n1', 'n2'],
              mail: { subject: 'late but there', text: 'figures', html: '' },
              problem: null,
            })),
          );
      }),
  );
  try {
    drop(1);
    // A spooler that begins when the mail's time is over.
    nowMs += 600_000;
    const spooler = await open();
    await spooler.pass();
    expect(sent()).toEqual([]);
    answer?.();
    await pass(spooler);
    expect(sent()[0]).toContain('Subject: late but there');
    await spooler.close();
  } finally {
    late.mockRestore();
  }
});

test('what cannot be composed goes without its energy, and the log says why', async () => {
  const broken = jest
    .spyOn(jobReader, 'readAll')
    .mockImplementation((questions) =>
      Promise.resolve(
        questions.map(({ nodes }) => ({ endedNodes: nodes, mail: null, problem: 'no such zone' })),
      ),
    );
  try {
    const spooler = await open();
    drop(1);
    await pass(spooler);
    expect(sent()[0]).toContain('Subject: Job 1');
    expect(log.join('\n')).toMatch(/error .*1\.0 goes without its energy: no such zone/);
    await spooler.close();
  } finally {
    broken.mockRestore();
  }
});

test('what no server takes goes to the former program in the end, once', async () => {
  program('sendmail', 'exit 75');
  const spooler = await open();
  ended.add('n1').add('n2');
  drop(1);
  await pass(spooler);
  expect(sent().map((text) => text.split(' ')[0])).toEqual(['sendmail']);
  nowMs += 3_600_000;
  await pass(spooler);
  expect(sent().filter((text) => text.startsWith('former -s Job 1 ada@example.org'))).toHaveLength(1);
  expect(await spooler.pass()).toBe(0);
  await spooler.close();
});

test('a former program that always fails is tried for some hours, and the reason is kept', async () => {
  program('former', 'echo no such luck; exit 3');
  const spooler = await open();
  drop(1, { SLURM_JOB_MAIL_TYPE: 'Began' }, 'a@b@c');
  const file = (): string | undefined =>
    readdirSync(join(dir, 'failed')).find((name) => name.endsWith('.json'));
  for (let i = 0; i < 10 && file() === undefined; i += 1) {
    await pass(spooler);
    // give_up_hours is one.
    nowMs += 700_000;
  }
  await spooler.close();
  expect(JSON.parse(readFileSync(join(dir, 'failed', file() ?? ''), 'utf8'))).toMatchObject({
    carrier: 'former',
    reason: 'exit status 3: no such luck',
  });
  const tries = log.filter((line) => line.includes('tried again'));
  expect(tries.length).toBeGreaterThanOrEqual(4);
  expect(tries.length).toBeLessThan(9);
  expect(folder.queued()).toEqual([]);
});

test('a letter of last week that is retried has its days again, by the server first', async () => {
  drop(1, { SLURM_JOB_MAIL_TYPE: 'Began' });
  folder.takeNew(() => undefined);
  const [letter] = folder.queued();
  const path = join(dir, 'queue', letter!.name);
  nowMs += 6 * 86_400_000;
  writeFileSync(path, retriedBytes(readFileSync(path), nowMs));
  expect(folder.queued()).toMatchObject([
    { recipient: letter!.recipient, notice: { ...letter!.notice, retriedMs: nowMs } },
  ]);
  // Once more, and it is not longer.
  expect(retriedBytes(readFileSync(path), nowMs)).toEqual(readFileSync(path));
  program('sendmail', 'exit 75');
  const spooler = await open();
  await pass(spooler);
  expect(log.filter((line) => line.includes('tried again'))).toHaveLength(1);
  program('sendmail', 'exit 0');
  nowMs += 600_000;
  await pass(spooler, 2);
  await spooler.close();
  expect(sent().filter((text) => text.includes('Job 1') && text.startsWith('sendmail'))).not.toEqual([]);
  expect(folder.queued()).toEqual([]);
  expect(readdirSync(join(dir, 'failed'))).toEqual([]);
});

test('a list that no server takes goes to the former program, a mail each', async () => {
  program('sendmail', 'exit 75');
  const spooler = await open(1);
  for (const job of [1, 2, 3]) drop(job, { SLURM_JOB_MAIL_TYPE: 'Began' });
  // give_up_hours is one, and the list waits for one.
  for (let i = 0; i < 12; i += 1) {
    await pass(spooler);
    nowMs += 900_000;
  }
  await spooler.close();
  const byFormer = sent().filter((text) => text.startsWith('former'));
  expect(byFormer).toHaveLength(3);
  expect(new Set(byFormer.map((text) => /Job \d/.exec(text)?.[0]))).toEqual(
    new Set(['Job 1', 'Job 2', 'Job 3']),
  );
  expect(folder.queued()).toEqual([]);
});

test('what is old in failed/ goes, also where it is a folder', () => {
  const path = join(dir, 'failed/1.2.3');
  mkdirSync(join(path, 'x'), { recursive: true });
  utimesSync(path, 1, 1);
  folder.prune(nowMs);
  expect(readdirSync(join(dir, 'failed'))).toEqual([]);
});

test('who a letter is to stays, whatever mail.domain becomes', async () => {
  drop(1, {}, 'ada,ada@example.org,bob@x.org,bob');
  folder.takeNew(() => undefined);
  const before = new Set(['ada@example.org', 'bob@x.org', 'bob@example.org']);
  for (const domain of ['example.org', 'x.org', undefined]) {
    const letters = new MailFolder(dir, domain).queued();
    expect(letters).toHaveLength(before.size);
    expect(new Set(letters.map(({ recipient }) => recipient))).toEqual(before);
  }
});

test('a recipient that is none goes to the former program as Slurm gave it', async () => {
  const spooler = await open();
  drop(1, { SLURM_JOB_MAIL_TYPE: 'Began' }, 'a@b@c');
  await pass(spooler);
  expect(sent()).toEqual(['former -s Job 1 a@b@c \n']);
  await spooler.close();
});

describe('a mail that an earlier process was handing over by SMTP', () => {
  const begin = async (boot: string): Promise<void> => {
    drop(1, { SLURM_JOB_MAIL_TYPE: 'Began' });
    const [letter] = folder.takeNew(() => undefined);
    const handing: Handing = {
      id: letter?.name ?? '',
      letters: [letter?.name ?? ''],
      carrier: 'smtp',
      boot,
      sinceMs: nowMs,
    };
    await folder.begin(handing);
  };

  test('in this boot is in doubt: it is kept and not sent again', async () => {
    await begin('b');
    const spooler = await open();
    await pass(spooler, 2);
    expect(sent()).toEqual([]);
    expect(readdirSync(join(dir, 'unsure')).sort()).toEqual([
      expect.stringMatching(/\.1\.0$/),
      expect.stringMatching(/\.1\.0\.json$/),
    ]);
    expect(log.join('\n')).toMatch(/error .* may have arrived, see unsure\//);
    await spooler.close();
  });

  test('in an earlier boot is sent again with the same id', async () => {
    await begin('a');
    const spooler = await open();
    await pass(spooler);
    expect(sent()[0]).toMatch(/Message-ID: <eit\.\d+\.1\.1\.0@ctl>/);
    await spooler.close();
  });

  test('that had ended is not sent again, though its letter is there yet', async () => {
    await begin('b');
    const handing = folder.openHandings()[0] as Handing;
    const path = join(dir, 'queue', handing.id);
    const bytes = readFileSync(path);
    await folder.end(handing, 'sent');
    writeFileSync(path, bytes);
    const spooler = await open();
    await pass(spooler);
    expect(sent()).toEqual([]);
    expect(existsSync(path)).toBe(false);
    await spooler.close();
  });
});
