import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Output } from '../../../src/cli/output';
import { filesBefore, metricsOfFiles } from '../../../src/cli/run-metrics';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'eit-results-'))));
afterEach(() => rmSync(dir, { recursive: true }));

/** What is taken when a command did `work`, and what is said. */
function taken(work: () => void, name = 'm.json'): { names: string[]; said: string } {
  const files = { json: join(dir, name), csv: join(dir, 'log.csv'), columns: ['loss'], step: undefined };
  const before = filesBefore(files);
  work();
  const stderr = new PassThrough({ encoding: 'utf8' });
  const output = new Output(
    'eit',
    new PassThrough() as unknown as NodeJS.WriteStream,
    stderr as unknown as NodeJS.WriteStream,
  );
  const names = Object.keys(metricsOfFiles(files, before, output));
  return { names, said: String(stderr.read() ?? '') };
}

test('a file that a run before has written is not of this one, however new it is', () => {
  const write = (): void => {
    writeFileSync(join(dir, 'm.json'), '{"acc": 1}');
    writeFileSync(join(dir, 'log.csv'), 'loss\n1\n');
  };
  expect(taken(write)).toEqual({ names: ['acc', 'loss'], said: '' });
  const { names, said } = taken(() => undefined);
  expect(names).toEqual([]);
  expect(said).toMatch(/m\.json is as it was before this run: .*\n.*log\.csv is as it was before this run/);
  // Written whole under another name, with the times of a copy.
  const again = taken(() => {
    write();
    writeFileSync(join(dir, 'new.json'), '{"acc": 2}');
    utimesSync(join(dir, 'new.json'), 1e9, 1e9);
    renameSync(join(dir, 'new.json'), join(dir, 'm.json'));
    utimesSync(join(dir, 'log.csv'), 1e9, 1e9);
  });
  expect(again).toEqual({ names: ['acc', 'loss'], said: '' });
});

test('a pipe, a folder and a file that is not there cost their own results alone', () => {
  const csv = (): void => writeFileSync(join(dir, 'log.csv'), `loss\n${Math.random()}\n`);
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  mkdirSync(join(dir, 'folder'));
  for (const [name, why] of [
    ['pipe', 'it is no plain file'],
    ['folder', 'it is no plain file'],
    ['absent', 'there is no such file'],
    ['folder/\0', 'null bytes'],
  ] as const) {
    rmSync(join(dir, 'log.csv'), { force: true });
    const { names, said } = taken(csv, name);
    expect({ name, names }).toEqual({ name, names: ['loss'] });
    expect(said).toContain(why);
    expect(said).toContain('say it later: eit metric RUN name=value --from DIR');
  }
});
