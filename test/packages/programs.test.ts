import { cpSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands';
import { SYSTEM_PATH, run } from '../cluster/processes';
import { AgentHome } from '../integration/agent-home';
import { LEDGER } from '../integration/report-command';
import { TOP, describePackages, unpack } from './packages';

// As where there is no Node.js; with what a user's shell may have set for his own.
const env = { PATH: SYSTEM_PATH, NODE_OPTIONS: '--no-such-option', NODE_PATH: '/nowhere' };

describePackages('the programs of the archives, by the Node.js in them', () => {
  const homes: Record<string, string> = {};
  let dir = '';

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'eit-programs-'));
    for (const kind of ['node', 'full'] as const) homes[kind] = await unpack(kind);
  }, 120_000);
  afterAll(() => {
    for (const path of [dir, ...Object.values(homes)]) rmSync(path, { recursive: true, force: true });
  });
  const bin = (kind: string, program: string) => join(homes[kind]!, 'bin', program);

  test('each command has its help', async () => {
    for (const { name } of COMMANDS) {
      const { status, stdout, stderr } = await run(bin('node', 'eit'), [name, '--help'], { env });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`eit ${name}`);
    }
  });

  test('eit-report has the help and the version of eit report', async () => {
    for (const args of [['--help'], ['-h'], ['--version'], ['-a', '-V']]) {
      const short = await run(bin('full', 'eit-report'), args, { env });
      const long = await run(bin('full', 'eit'), ['report', ...args], { env });
      expect({ ...short, stdout: short.stdout.replaceAll('eit-report', 'eit report') }).toEqual({
        ...long,
        stdout: long.stdout.replaceAll('eit-report', 'eit report'),
      });
      expect(short.stdout).not.toBe('');
    }
    // The word is there, and asks for none.
    const args = ['--help', 'false', '--config', '/nowhere'];
    const { status, stdout, stderr } = await run(bin('full', 'eit-report'), args, { env });
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining('cannot read /nowhere')]);
  });

  test('a copy of eit-report.js alone says what it lacks', async () => {
    const alone = join(dir, 'alone.js');
    cpSync(join(homes['full']!, 'dist/eit-report.js'), alone);
    const { status, stderr } = await run(process.execPath, [alone], { env: { PATH: SYSTEM_PATH } });
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^eit-report: \S+eit-report-whole.js is not there: /),
    ]);
  });

  test('a config that is wrong is refused with its place, on compute nodes too', async () => {
    const config = join(dir, 'wrong.yaml');
    writeFileSync(config, 'ledger: /ledger\nspool_max_mb: many\n');
    for (const [kind, program, args] of [
      ['full', 'eit-report', []],
      ['node', 'eit', ['status']],
    ] as const) {
      const { status, stderr } = await run(bin(kind, program), [...args, '--config', config], { env });
      expect([status, stderr]).toEqual([2, expect.stringContaining(`${config}:2`)]);
    }
  });

  test('they find their folder by links of links, and run the Node.js that lies there', async () => {
    symlinkSync(bin('node', 'eit'), join(dir, 'first'));
    symlinkSync('first', join(dir, 'second'));
    const { stdout } = await run(join(dir, 'second'), ['doctor', '--json'], { env });
    const checks = (JSON.parse(stdout) as { checks: { check?: string; name?: string; text?: string }[] })
      .checks;
    expect(JSON.stringify(checks)).toContain(join(homes['node']!, 'node/bin/node'));
  });

  test('where that Node.js is not there they say so and what to do', async () => {
    const node = join(homes['full']!, 'node');
    renameSync(node, `${node}-away`);
    try {
      for (const shell of ['dash', 'bash']) {
        const { status, stderr } = await run(shell, [bin('full', 'eit-report')], { env });
        expect(status).toBeGreaterThan(125);
        expect(stderr).toContain(`cannot start: ${node}/bin/node is not there\nmend: `);
      }
    } finally {
      renameSync(`${node}-away`, node);
    }
  });

  test('the full one takes a ledger into its archive and reports what this checkout reports', async () => {
    const ledger = join(dir, 'ledger');
    cpSync(LEDGER, ledger, { recursive: true });
    const config = join(dir, 'eit.yaml');
    writeFileSync(config, `ledger: ${ledger}\nvar_dir: ${dir}/var\nspool_dir: ${dir}/spool\n`);
    const withConfig = { ...env, EIT_CONFIG: config };
    const compacted = await run(bin('full', 'eit'), ['ledger', 'compact'], { env: withConfig });
    expect(compacted).toMatchObject({ status: 0 });

    const args = ['-a', '-S', '2026-01-01', '-E', '2026-03-01', '--group-by', 'user', '--csv'];
    const packaged = await run(bin('full', 'eit-report'), args, { env: withConfig });
    const ours = await run(process.execPath, [join(TOP, 'dist/eit-report.js'), ...args], {
      env: { PATH: SYSTEM_PATH, EIT_CONFIG: config },
    });
    expect(packaged.stdout.split('\n').length).toBeGreaterThan(3);
    expect(packaged).toEqual(ours);
  });

  test('the agent of the one for nodes measures a job and ends', async () => {
    const home = new AgentHome();
    try {
      await home.start({ command: [bin('node', 'eit-agent')], env: { NODE_OPTIONS: '--no-such-option' } });
      home.hook('prolog', 7);
      await home.read();
      home.setCpu(7, 3);
      home.spend(100, 4);
      await home.read();
      home.removeCgroup(7);
      home.hook('epilog', 7);
      const records = await home.ended(7);
      expect(records.at(-1)!.end).toMatchObject({ by: 'epilog' });
      const uj = records.reduce((sum, { measured_uj }) => sum + (measured_uj['package-0']?.[0] ?? 0), 0);
      expect(uj).toBe(75_000_000);
      await home.end();
    } finally {
      await home.remove();
    }
  });
});
