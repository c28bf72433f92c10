import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adviceFor, parseShippedRules } from '../../../src/mail/advice';
import { NOWHERE } from '../../../src/mail/cleaner';
import { DATA } from './data';
import type { RunGpu } from '../../../src/generated/record';
import { runsOfJob } from '../../../src/mail/job-runs';
import { jobSummary } from '../../../src/mail/job-summary';
import type { JobSummary } from '../../../src/generated/report';
import { later } from '../report/records';
import { context, facts, hour, quota, runsOf, T, T_S } from './jobs';

const RULES = parseShippedRules(readFileSync(join(DATA, 'advice/advice.yaml'), 'utf8'), 'advice.yaml');

/** A job, and what Slurm's subject is. */
export interface MailCase {
  readonly name: string;
  readonly subject: string;
  readonly summary: JobSummary;
}

const GPU_UJ = 0.3 * 3.6e12;
const IDLE_UJ = 0.25 * 3.6e12;
/** Two GPUs for an hour, a kernel on them a tenth of the time. */
const IDLE_GPUS: RunGpu = {
  ms: 7_200_000,
  by: 'cgroup',
  busy_ms: 720_000,
  idle_uj: [IDLE_UJ, IDLE_UJ, IDLE_UJ],
};

const HOSTILE =
  'evil\r\nBcc: all@example.org\u001b]0;owned\u0007\u202etxt.exe <script>alert(1)</script> "&\'<img src=x onerror=y>';

function made(
  runs: Parameters<typeof runsOf>,
  jobId: number,
  given: Parameters<typeof context>[0] = {},
): JobSummary {
  const found = runsOfJob(runsOf(...runs), { jobId, scope: 'whole' });
  if (found === null) throw new Error(`no job ${jobId}`);
  const summary = jobSummary(found, context(given));
  return { ...summary, advice: adviceFor(summary, RULES, NOWHERE) };
}

function cpuJob(): JobSummary {
  return made([[hour({ job: 7 })], new Map([[7, [facts()]]])], 7, {
    quotas: [quota(), quota({ per: 'account', name: 'physics', used: 130, share: 1.3, state: 'over' })],
  });
}

function gpuJob(): JobSummary {
  const one = (node: string) =>
    hour({
      job: 8,
      node,
      nodes: 2,
      partition: 'gpu',
      gpus: 2,
      gpu: IDLE_GPUS,
      measured_uj: { 'package-0': [7.2e11, 7.2e11, 7.2e11], 'gpu-3b:00.0': [GPU_UJ, GPU_UJ, GPU_UJ] },
    });
  const told = facts({
    allocCpus: 16,
    name: 'train-resnet',
    reqMemoryBytes: 256 * 2 ** 30,
    timeLimitS: 86_400,
  });
  return made([[one('g1'), one('g2')], new Map([[8, [told]]])], 8);
}

function arrayOf(tasks: number): JobSummary {
  const ids = Array.from({ length: tasks }, (_, i) => 100 + i);
  const records = ids.map((job, i) =>
    hour({
      job,
      from: later(T, 60 * i),
      cpu_us: (i + 1) * 1e9,
      measured_uj: { 'package-0': [(i + 1) * 1e11, (i + 1) * 1e11, (i + 1) * 1e11] },
    }),
  );
  const told = ids.map(
    (job, i) =>
      [
        job,
        [
          facts({
            startS: T_S + 60 * i,
            endS: T_S + 60 * i + 3600,
            arrayJobId: 100,
            arrayTaskId: i,
            name: 'sweep',
            state: i === 2 ? 'FAILED' : 'COMPLETED',
          }),
        ],
      ] as const,
  );
  return made([records, new Map(told)], 100);
}

function requeued(): JobSummary {
  const second = later(T, 7200);
  return made(
    [
      [hour({ job: 9, seconds: 1800 }), hour({ job: 9, from: second, restart: 1 })],
      new Map([
        [
          9,
          [facts({ state: 'REQUEUED', endS: T_S + 1800 }), facts({ startS: T_S + 7200, endS: T_S + 10_800 })],
        ],
      ]),
    ],
    9,
  );
}

function het(): JobSummary {
  const start = { by: 'prolog' as const, het_job: 14 };
  return made(
    [
      [hour({ job: 14, start }), hour({ job: 15, start, node: 'g1', partition: 'gpu' })],
      new Map([
        [14, [facts({ hetJobId: 14, hetOffset: 0, name: 'coupled' })]],
        [15, [facts({ hetJobId: 14, hetOffset: 1, name: 'coupled', state: 'CANCELLED' })]],
      ]),
    ],
    14,
  );
}

function missing(): JobSummary {
  return made([[hour({ job: 10, nodes: 3 })], new Map([[10, [facts({ allocCpus: 24 })]]])], 10, {
    missingNodes: ['n2', 'n3'],
  });
}

function hostile(): JobSummary {
  const told = facts({ name: HOSTILE });
  return made(
    [
      [hour({ job: 11, user: '<b>x', account: '=cmd|calc', partition: 'a\u001b[31mb' })],
      new Map([[11, [told]]]),
    ],
    11,
  );
}

/** The mails that golden files show. */
export function mailCases(): MailCase[] {
  const subject = (id: string, name: string, state = 'COMPLETED', kind = 'Slurm'): string =>
    `${kind} Job_id=${id} Name=${name} Ended, Run time 01:00:00, ${state}, ExitCode 0`;
  return [
    { name: 'cpu', subject: subject('7', 'train'), summary: cpuJob() },
    { name: 'gpu-idle', subject: subject('8', 'train-resnet'), summary: gpuJob() },
    {
      name: 'array',
      subject: 'Slurm Array Summary Job_id=100_* (111) Name=sweep Ended, Mixed, ExitCode [0-1]',
      summary: arrayOf(12),
    },
    { name: 'requeued', subject: subject('9', 'train'), summary: requeued() },
    { name: 'het', subject: subject('14', 'coupled'), summary: het() },
    { name: 'missing-node', subject: subject('10', 'train'), summary: missing() },
    { name: 'hostile', subject: subject('11', HOSTILE), summary: hostile() },
  ];
}

/** One with three tasks: all are named. */
export function smallArray(): JobSummary {
  return arrayOf(3);
}
