import { setTimeout as sleep } from 'node:timers/promises';
import type { JobQuestion } from '../../../src/mail/job-reader';
import { LookProcess } from '../../../src/mail/look-process';
import { until } from '../../cluster/until';

/** Real processes: what each of them does is its program. */
let log: string[];
let nowMs: number;
let look: LookProcess;
beforeEach(() => {
  log = [];
  nowMs = 0;
});
afterEach(() => look.close());

function open(program: string, longestMs = 20_000): LookProcess {
  look = new LookProcess({
    command: [process.execPath, '-e', program],
    env: { PATH: process.env['PATH'] },
    longestMs,
    now: () => nowMs,
    log: (level, text) => log.push(`${level} ${text}`),
  });
  return look;
}

/** Answers with its pid in place of nodes. */
const ANSWERS = `process.on('message', (questions) => process.send({ found: questions.map(({ nodes }) =>
  ({ endedNodes: [...nodes, String(process.pid)], mail: null, problem: null })) }));`;

const question: JobQuestion = {
  notice: { subject: 'a\u2028b\n"', recipient: 'ada', env: {}, receivedMs: 1 },
  nodes: ['n1'],
  isLast: true,
};
const pidOf = async (): Promise<number> => Number((await look.readAll([question]))[0]?.endedNodes[1]);
const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('one process answers look after look, and is another when it is old', async () => {
  open(ANSWERS);
  const first = await pidOf();
  expect(await pidOf()).toBe(first);
  nowMs += 600_001;
  expect(await pidOf()).toBe(first);
  expect(await pidOf()).not.toBe(first);
  await until('its end', 10_000, () => !isThere(first) || undefined);
});

test('an error in it is the error of the look, and no reason to look no more', async () => {
  open(
    `let n = 0; process.on('message', () => process.send(n++ === 0
      ? { code: 'EIT_LEDGER_UNREADABLE', message: 'no such folder' } : { found: [null] }));`,
  );
  await expect(look.readAll([question])).rejects.toMatchObject({
    code: 'EIT_LEDGER_UNREADABLE',
    message: 'no such folder',
  });
  expect(await look.readAll([question])).toEqual([null]);
});

test('one that hangs is given up in time; there is no other before it has ended, and then after a pause', async () => {
  open(`process.on('message', () => { for (;;); });`, 300);
  const beganMs = Date.now();
  await expect(look.readAll([question])).rejects.toThrow('took more than 0.3 s and was given up');
  expect(Date.now() - beganMs).toBeGreaterThanOrEqual(290);
  // Its end has not been told yet: as with one that the kernel does not let go.
  await expect(look.readAll([question])).rejects.toThrow(/hangs \(process \d+\)/);
  await sleep(500);
  await expect(look.readAll([question])).rejects.toThrow('was given up');
  nowMs += 30_000;
  await expect(look.readAll([question])).rejects.toThrow('took more than');
});

test('one that dies in the middle says how, and the next is begun after a pause', async () => {
  open(`process.on('message', () => { console.error('out of it'); process.kill(process.pid, 'SIGKILL'); });`);
  await expect(look.readAll([question])).rejects.toThrow('ended with SIGKILL');
  await until('its words', 10_000, () => log.includes('warn out of it') || undefined);
  await expect(look.readAll([question])).rejects.toThrow('ended with SIGKILL');
  nowMs += 30_000;
  await expect(look.readAll([question])).rejects.toThrow('ended with SIGKILL');
  await sleep(300);
  // Said once, however often.
  expect(log).toEqual(['warn out of it']);
});

test('a program that is not there is an error', async () => {
  look = new LookProcess({
    command: ['/nowhere/node'],
    env: {},
    longestMs: 1000,
    now: () => nowMs,
    log: () => undefined,
  });
  await expect(look.readAll([question])).rejects.toThrow('cannot be started');
});

test('what is let go ends by itself', async () => {
  open(ANSWERS);
  const pid = await pidOf();
  look.close();
  await until('its end', 10_000, () => !isThere(pid) || undefined);
  await expect(look.readAll([question])).rejects.toThrow('the spooler ends');
});
