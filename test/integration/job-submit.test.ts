import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatStateFile, type QuotaLine, stateFileName } from '../../src/quota/state-file';
import { testUnless } from '../test-unless';

/** Slurm's plugin has Lua 5.1 on Debian, and later ones elsewhere. */
const INTERPRETERS = ['lua5.1', 'lua5.3', 'lua5.4', 'lua'];
const found = INTERPRETERS.filter((name) => spawnSync(name, ['-v']).status === 0);
const withLua = testUnless(found.length > 0 ? undefined : `needs one of ${INTERPRETERS.join(', ')}`);

const EXAMPLE = join(__dirname, '../../slurm-examples/job_submit.lua');
const nowS = Math.floor(Date.now() / 1000);

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'eit-job-submit-'));
  for (const kind of ['user', 'account', 'partition', 'qos']) state(`${kind}/@others`, []);
});
afterEach(() => rmSync(home, { recursive: true }));

function quota(used: number, limit: number, untilS: number | null = nowS + 3600): QuotaLine {
  return { used, limit, unit: 'kWh', period: '30 days', untilS };
}

function state(
  path: string,
  quotas: QuotaLine[],
  dataUntilS: number | null = nowS - 60,
  writtenS = nowS,
): void {
  mkdirSync(dirname(join(home, 'quota', path)), { recursive: true });
  writeFileSync(join(home, 'quota', path), formatStateFile({ dataUntilS, quotas }, writtenS));
}

/** What the example says to a job under each interpreter: `ERROR` or `SUCCESS`, and what it tells the user. */
function submit(job: Readonly<Record<string, string | number>>, edit = (script: string) => script): string[] {
  const script = edit(readFileSync(EXAMPLE, 'utf8')).replace('/var/lib/eit/quota', join(home, 'quota'));
  writeFileSync(join(home, 'job_submit.lua'), script);
  const fields = Object.entries(job).map(([key, value]) => `${key} = ${luaValue(value)}`);
  // As much of what slurmctld gives a script as the example uses.
  writeFileSync(
    join(home, 'driver.lua'),
    [
      'slurm = { ERROR = "ERROR", SUCCESS = "SUCCESS" }',
      'function slurm.log_user(form, ...) io.write(string.format(form, ...), "\\n") end',
      'function slurm.log_info(form, ...) io.write("info: ", string.format(form, ...), "\\n") end',
      'function slurm.log_error(form, ...) io.write("error: ", string.format(form, ...), "\\n") end',
      `dofile("${join(home, 'job_submit.lua')}")`,
      `io.write(slurm_job_submit({ ${fields.join(', ')} }, {}, 0), "\\n")`,
    ].join('\n'),
  );
  return [
    ...new Set(
      found.map((lua) => {
        const { stdout, stderr } = spawnSync(lua, [join(home, 'driver.lua')], { encoding: 'utf8' });
        expect(stderr).toBe('');
        return stdout.trimEnd();
      }),
    ),
  ];
}

function luaValue(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return `"${[...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
}

/** In UTC, as the message has it. */
const ends = (untilS: number): string => new Date(untilS * 1000).toISOString().slice(0, 16).replace('T', ' ');
const OVER = `energy quota reached, user 1001: 612.5 of 500 kWh per 30 days, until ${ends(nowS + 3600)} UTC. See: eit-report`;
const REFUSED = `${OVER}\nERROR`;

withLua('a job of a user over his quota is refused, and he is told which', () => {
  state('user/1001', [quota(1, 10), quota(612.5, 500)]);
  expect(submit({ user_id: 1001 })).toEqual([REFUSED]);
  expect(submit({ user_id: 1002 })).toEqual(['SUCCESS']);
});

withLua('a site may only warn', () => {
  state('user/1001', [quota(612.5, 500)]);
  const warn = (script: string) => script.replace('WARN_ONLY = false', 'WARN_ONLY = true');
  expect(submit({ user_id: 1001 }, warn)).toEqual([`${OVER}\nSUCCESS`]);
});

withLua('of a quota of the last days no end is named', () => {
  state('user/1001', [quota(612.5, 500, null)]);
  expect(submit({ user_id: 1001 })).toEqual([
    'energy quota reached, user 1001: 612.5 of 500 kWh per 30 days. See: eit-report\nERROR',
  ]);
});

withLua('so is one of an account, a partition or a QOS, also of the default ones', () => {
  for (const [kind, name] of [
    ['account', 'astro.lab'],
    ['partition', 'gpu'],
    ['qos', 'high'],
  ] as const) {
    state(`${kind}/${stateFileName(name)}`, [quota(5, 5)]);
  }
  const states = (job: Readonly<Record<string, string>>) => submit({ user_id: 1001, ...job });
  expect(states({ account: 'astro.lab' })).toEqual([
    expect.stringContaining('account astro%2Elab: 5 of 5 kWh'),
  ]);
  expect(states({ default_account: 'astro.lab' })).toEqual([expect.stringMatching(/\nERROR$/)]);
  expect(states({ account: 'other', default_account: 'astro.lab' })).toEqual(['SUCCESS']);
  expect(states({ partition: 'cpu,gpu' })).toEqual([expect.stringMatching(/partition gpu.*\nERROR$/)]);
  expect(states({ qos: 'high' })).toEqual([expect.stringMatching(/qos high.*\nERROR$/)]);
  expect(states({ account: '', partition: 'cpu', qos: 'low' })).toEqual(['SUCCESS']);
});

withLua('who has no file has that of all others', () => {
  state('user/@others', [quota(0, 0)]);
  state('user/1001', []);
  expect(submit({ user_id: 1001 })).toEqual(['SUCCESS']);
  expect(submit({ user_id: 1002 })).toEqual([
    expect.stringMatching(/^energy quota reached, user 1002: 0 of 0 kWh/),
  ]);
});

withLua('what was used of a period that has ended counts no more', () => {
  state('user/1001', [quota(612.5, 500, nowS - 1)], nowS - 60, nowS - 60);
  expect(submit({ user_id: 1001 })).toEqual(['SUCCESS']);
});

withLua('what is unknown holds no job up, unless the site wants that', () => {
  const strict = (script: string) => script.replace('REFUSE_UNKNOWN = false', 'REFUSE_UNKNOWN = true');
  const refused = 'the energy quota of user 1001 is not known now. See: eit-report\nERROR';
  const check = (reason: RegExp): void => {
    const [logged = '', ...rest] = (submit({ user_id: 1001 })[0] ?? '').split('\n');
    expect(logged).toMatch(/^info: eit quota: that of user 1001 is unknown: /);
    expect(logged).toMatch(reason);
    expect(rest).toEqual(['SUCCESS']);
    expect(submit({ user_id: 1001 }, strict)).toEqual([`${logged}\n${refused}`]);
  };
  state('user/1001', [quota(612.5, 500)], nowS - 7300);
  check(/the data are 73\d\d s old$/);
  writeFileSync(join(home, 'quota/user/1001'), 'eit-quota 1 17');
  check(/its file is damaged$/);
  writeFileSync(join(home, 'quota/user/1001'), '');
  check(/its file is damaged$/);
  rmSync(join(home, 'quota/user'), { recursive: true });
  check(/No such file or directory$/);
});

withLua('names reach no other file, and a mistake no job', () => {
  state('escape', [quota(9, 1)]);
  for (const account of ['../escape', '..', '/', 'a\0b', '%', '\u001b[31m']) {
    expect(submit({ user_id: 1001, account })).toEqual(['SUCCESS']);
  }
  expect(
    submit({ user_id: 1001, account: 'x' }, (script) => script.replace('text:find(', 'text.find(')),
  ).toEqual([expect.stringMatching(/^error: eit quota: .*\nSUCCESS$/)]);
});
