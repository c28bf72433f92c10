import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testUnless } from '../test-unless';

const EXAMPLES = join(__dirname, '../../slurm-examples');
const units = readdirSync(EXAMPLES).filter((name) => /\.(?:service|timer|path|socket)$/.test(name));
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const withSystemd = testUnless(hasSystemd ? undefined : 'needs systemd-analyze');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eit-units-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What systemd finds wrong with a unit among its fellows; Node.js may lie elsewhere on this machine. */
function complaints(unit: string, edit = (text: string) => text): string {
  for (const name of units) {
    const text = readFileSync(join(EXAMPLES, name), 'utf8').replaceAll('/usr/bin/node', process.execPath);
    writeFileSync(join(dir, name), name === unit ? edit(text) : text);
  }
  const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', join(dir, unit)], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  // Of other units of the machine it may say something too.
  const own = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('eit-'));
  return [...own, ...(status === 0 || own.length > 0 ? [] : [`status ${status}`])].join('\n');
}

describe('slurm-examples', () => {
  for (const unit of units)
    withSystemd(`${unit} is what systemd understands`, () => {
      expect(complaints(unit)).toBe('');
    });

  withSystemd('a misspelt key would be seen', () => {
    expect(
      complaints('eit-compact.service', (text) => text.replace('ProtectSystem=', 'ProtektSystem=')),
    ).toContain('ProtektSystem');
    expect(
      complaints('eit-compact.timer', (text) => text.replace('[Timer]', '[Timer]\nOnCalendar=dayly')),
    ).toContain('dayly');
  });

  test('each timer has its service, and each service that nobody starts for good a timer', () => {
    const named = (ending: string) =>
      units.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
    const oneshots = named('.service').filter((name) =>
      /^Type=oneshot/m.test(readFileSync(join(EXAMPLES, `${name}.service`), 'utf8')),
    );
    const starters = [...named('.timer'), ...named('.path')];
    for (const timer of named('.timer')) expect(named('.service')).toContain(timer);
    for (const service of oneshots) expect(starters).toContain(service);
  });
});
