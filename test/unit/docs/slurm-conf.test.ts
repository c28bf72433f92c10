import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeBlocks, read } from './documents';

/** A paragraph of slurm-examples/slurm.conf: its options, and since which Slurm they are known. */
interface Paragraph {
  readonly title: string;
  readonly options: readonly string[];
  readonly since: string;
}

const OPTION = /^#?[A-Z]\w+=/;
const paragraphs: Paragraph[] = read('slurm-examples/slurm.conf')
  .text.split(/\n\n/)
  .map((text) => {
    const lines = text.split('\n').filter((line) => line !== '');
    return {
      title: lines[0] ?? '',
      options: lines.filter((line) => OPTION.test(line)).map((line) => line.replace('#', '')),
      since: /Slurm (\d\d\.\d\d) and later/.exec(text)?.[1] ?? '00.00',
    };
  })
  .filter(({ options }) => options.length > 0);
const usual = paragraphs[0]!;

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin';
const installed = /\b(\d\d\.\d\d)\.\d/.exec(
  spawnSync('slurmd', ['-V'], { encoding: 'utf8', env: { PATH } }).stdout ?? '',
)?.[1];

/** Whether slurmd takes a config with these lines in it: `slurmd -G` reads all of slurm.conf as a daemon does, and ends. */
function readBySlurmd(
  options: readonly string[],
  cgroupConf: string | null = null,
): { status: number | null; stderr: string } {
  const dir = mkdtempSync(join(tmpdir(), 'eit-slurm-conf-'));
  try {
    const host = hostname().split('.')[0];
    const lines = [
      'ClusterName=docs',
      `SlurmctldHost=${host}(127.0.0.1)`,
      `StateSaveLocation=${dir}`,
      `SlurmdSpoolDir=${dir}`,
      `NodeName=n1 NodeHostname=${host} NodeAddr=127.0.0.1 CPUs=1`,
      'PartitionName=batch Nodes=n1',
      ...options,
    ];
    if (cgroupConf !== null) writeFileSync(join(dir, 'cgroup.conf'), cgroupConf);
    writeFileSync(join(dir, 'slurm.conf'), `${lines.join('\n')}\n`);
    const env = { PATH, SLURM_CONF: join(dir, 'slurm.conf') };
    const { status, stderr } = spawnSync('slurmd', ['-G', '-N', 'n1'], { encoding: 'utf8', env });
    return { status, stderr };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('the lines of README.md and docs/install.md are those of slurm-examples/slurm.conf', () => {
  for (const page of ['README.md', 'docs/install.md']) {
    const blocks = codeBlocks(read(page), '').map((block) => block.trim().split(/\n\s*/));
    expect(blocks).toContainEqual(usual.options);
  }
});

describe('slurm-examples/slurm.conf', () => {
  if (installed === undefined) {
    const required = process.env.EIT_REQUIRE_CLUSTER === '1';
    if (required) {
      test('is read by slurmd', () => {
        throw new Error('required here (EIT_REQUIRE_CLUSTER=1), but slurmd is not installed');
      });
    } else test.skip('is read by slurmd: slurmd is not installed', () => undefined);
    return;
  }

  test.each(paragraphs)('$title', ({ options, since }) => {
    if (since > installed) {
      // Newer than this Slurm: no more is known than that it is not a misspelling of what it knows.
      for (const option of options) expect(option).toMatch(/^(?:Prolog|Epilog|PrologFlags)=/);
      return;
    }
    // Lines that stand for the same key are alternatives.
    const keys = options.map((option) => option.slice(0, option.indexOf('=')));
    const choices = new Set(keys).size === 1 ? options.map((option) => [option]) : [options];
    for (const choice of choices) expect(readBySlurmd(choice)).toEqual({ status: 0, stderr: '' });
  });

  test('as it stands', () => {
    const active = read('slurm-examples/slurm.conf')
      .text.split('\n')
      .filter((line) => !line.startsWith('#'));
    expect(readBySlurmd(active)).toEqual({ status: 0, stderr: '' });
  });

  const cgroup = ['ProctrackType=proctrack/cgroup', 'TaskPlugin=task/cgroup'];
  const cgroupLines = read('slurm-examples/cgroup.conf').text.split('\n');
  const variants = cgroupLines.filter((line) => /^#[A-Z]\w+=/.test(line)).map((line) => line.slice(1));
  const usualCgroup = cgroupLines.filter((line) => /^[A-Z]/.test(line));

  test.each([[''], ...variants.map((line) => [line])])('slurm-examples/cgroup.conf with %j', (line) => {
    const key = line.slice(0, line.indexOf('=') + 1);
    const others = usualCgroup.filter((one) => line === '' || !one.startsWith(key));
    const { stderr } = readBySlurmd(cgroup, `${[...others, line].join('\n')}\n`);
    // Which of the plugins can work is this machine's affair; what cannot be read is the file's.
    expect(stderr).not.toMatch(/pars|unrecognized|Could not open/i);
  });

  test('a cgroup.conf with a misspelt key would not be read', () => {
    expect(readBySlurmd(cgroup, 'ConstrianCores=yes\n').status).toBe(1);
  });

  test.each([['PrologFlags=Contian'], ['Prologue=/opt/eit/prolog']])('would not be read with %s', (line) => {
    expect(readBySlurmd([...usual.options, line]).status).toBe(1);
  });
});
