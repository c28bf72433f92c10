import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TOP = join(__dirname, '../..');

// It starts a dozen commands; a busy machine takes its time.
jest.setTimeout(240_000);

test('the demo of a leaderboard measures three methods, hands them in, recomputes and ranks them', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'eit-demo-board-'));
  try {
    const dir = join(parent, 'demo');
    const child = spawn(process.execPath, [join(TOP, 'scripts/demo-leaderboard.mjs'), dir], {
      env: { ...process.env, EIT_DEMO_REPEATS: '1', EIT_CONFIG: '' },
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const status = await new Promise((resolve) => {
      child.on('close', resolve);
    });
    expect([status, status === 0 ? '' : stdout]).toEqual([0, '']);
    expect(stdout.match(/as it claims by its \d+ records? of 1 run/g)).toHaveLength(3);
    expect(stdout).toContain(`The page: ${dir}/site/index.html`);
    const { parts, refused } = JSON.parse(readFileSync(join(dir, 'site/leaderboard.json'), 'utf8')) as {
      parts: {
        entries: {
          entry: string;
          metric: { value: number };
          energy_kwh: { value: number };
          rankings: Record<string, { value: number }>;
        }[];
      }[];
      refused: unknown[];
    };
    expect(refused).toEqual([]);
    const entries = parts[0]?.entries ?? [];
    expect(entries.map(({ entry }) => entry).sort()).toEqual([
      'gradient-descent',
      'normal-equations',
      'random-search',
    ]);
    for (const { metric, energy_kwh: energy, rankings } of entries) {
      expect(energy.value).toBeGreaterThan(0);
      expect(rankings['efficiency']?.value).toBeCloseTo(metric.value / energy.value, 6);
    }
    // What solves the equations explains more than what tries at random.
    const reached = Object.fromEntries(entries.map(({ entry, metric }) => [entry, metric.value]));
    expect(reached['normal-equations']).toBeGreaterThan(reached['random-search']!);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
