import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppendixFolder } from '../../../src/appendix/appendix-folder';
import { namedApart, plainName, sourceFile, textOfFile } from '../../../src/appendix/attached-file';

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'eit-appendix-'));
  mkdirSync(join(top, 'paper/figures'), { recursive: true });
  writeFileSync(join(top, 'paper/figures/a.txt'), 'abc');
  writeFileSync(join(top, 'secret'), 'secret');
  symlinkSync(join(top, 'secret'), join(top, 'paper/out'));
  symlinkSync('figures/a.txt', join(top, 'paper/in'));
  symlinkSync(top, join(top, 'paper/up'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

describe('files beside a spec', () => {
  test.each(['figures/a.txt', './figures/a.txt', 'in'])('%s is attached', (named) => {
    expect(sourceFile(join(top, 'paper'), named)).toMatchObject({
      path: join(top, 'paper/figures/a.txt'),
      bytes: 3,
    });
  });

  test.each([
    ['../secret', 'without ..'],
    ['figures/../../secret', 'without ..'],
    ['/etc/passwd', 'a path from the folder'],
    ['out', 'leads out of the folder'],
    ['up/secret', 'leads out of the folder'],
    ['figures', 'no plain file'],
    ['nothing', 'no such file'],
    ['a\u0000b', 'cannot be attached'],
  ])('%j is refused: %s', (named, why) => {
    expect(() => sourceFile(join(top, 'paper'), named)).toThrow(
      expect.objectContaining({ code: 'EIT_APPENDIX', message: expect.stringContaining(why) as string }),
    );
  });

  test.each<[string, Buffer, string, string | null]>([
    ['UTF-8', Buffer.from('by müller'), 'by müller', null],
    ['Latin-1', Buffer.from('by müller', 'latin1'), 'by müller', null],
    ['a picture', Buffer.from('\x89PNG\0by müller'), 'by müller', 'it is no plain text'],
    ['PDF', Buffer.from('%PDF-1.7 by müller'), 'by müller', 'it is no plain text'],
    ['a long one', Buffer.alloc((8 << 20) + 1, 'müller'), '', 'it has more than 8 MiB'],
  ])('%s is looked through, or told of', (_, data, text, unseen) => {
    writeFileSync(join(top, 'paper/x'), data);
    expect(textOfFile(sourceFile(join(top, 'paper'), 'x'))).toEqual({
      text: expect.stringContaining(text) as string,
      unseen,
    });
  });

  test('names are plain, not hidden, and each once', () => {
    expect(
      ['.htaccess', 'a b<c>.html', '-rf', 'größe.csv', 'x"y\'z', 'a\u202Egnp.exe'].map(plainName),
    ).toEqual(['_htaccess', 'a_b_c_.html', '_rf', 'größe.csv', 'x_y_z', 'a_gnp.exe']);
    const file = (name: string) => ({ path: '/x', name, bytes: 0 });
    expect(namedApart(['a.txt', 'A.txt', 'b', 'b'].map(file)).map(({ name }) => name)).toEqual([
      'a.txt',
      'A-2.txt',
      'b',
      'b-2',
    ]);
  });
});

describe('the folder of an appendix', () => {
  const out = () => join(top, 'pages');
  const write = (pages: Record<string, string>) => {
    const folder = AppendixFolder.open(out());
    for (const [path, text] of Object.entries(pages)) folder.write(path, text);
    folder.finish({ title: 't' });
  };

  test('a renewed one has the new pages and none of the old; what is not its own stays', () => {
    write({ 'index.html': 'old', 'runs/1.html': 'one', 'runs/2.html': 'two', 'sets/1.html': 's' });
    mkdirSync(join(out(), '.git'));
    writeFileSync(join(out(), 'CNAME'), 'x');
    writeFileSync(join(out(), 'runs/own.txt'), 'x');
    write({ 'index.html': 'new', 'runs/1.html': 'one more' });
    expect(readdirSync(out(), { recursive: true, encoding: 'utf8' }).sort()).toEqual([
      '.git',
      'CNAME',
      'appendix.json',
      'index.html',
      'runs',
      'runs/1.html',
      'runs/own.txt',
    ]);
    expect(readFileSync(join(out(), 'index.html'), 'utf8')).toBe('new');
    expect(JSON.parse(readFileSync(join(out(), 'appendix.json'), 'utf8'))).toMatchObject({
      kind: 'eit-appendix',
      title: 't',
      files: ['index.html', 'runs/1.html'],
    });
  });

  test('appended lines come in order, whatever is between', () => {
    const folder = AppendixFolder.open(out());
    for (let i = 0; i < 5; i++) {
      folder.append('data/run-1.ndjson', `${i}\n`);
      if (i % 2 === 0) folder.flush();
    }
    folder.finish({});
    expect(readFileSync(join(out(), 'data/run-1.ndjson'), 'utf8')).toBe('0\n1\n2\n3\n4\n');
  });

  test('given up, nothing of it is left', () => {
    const folder = AppendixFolder.open(join(top, 'new/below'));
    folder.write('index.html', 'x');
    folder.abandon();
    expect(existsSync(join(top, 'new'))).toBe(false);
  });

  test('a repository in which nothing is yet takes pages', () => {
    mkdirSync(join(out(), '.git'), { recursive: true });
    writeFileSync(join(out(), '.gitattributes'), 'x');
    write({ 'index.html': 'x' });
    expect(readdirSync(out()).sort()).toEqual(['.git', '.gitattributes', 'appendix.json', 'index.html']);
  });

  test("what a killed run left is in nobody's way, and goes; what a run is at stays", () => {
    const running = AppendixFolder.open(out());
    const [stage = ''] = readdirSync(out());
    running.write('index.html', 'x');
    const { pid } = spawnSync('true');
    const ofPid = (other: number) => stage.replace(/\d+$/, String(other));
    const [gone, alive] = [ofPid(pid), ofPid(process.ppid)];
    const elsewhere = gone.replace(/-[0-9a-f]{8}-/, (host) => host.replaceAll(/[0-9a-f]/g, '0'));
    for (const name of [gone, alive, elsewhere]) {
      mkdirSync(join(out(), name));
      writeFileSync(join(out(), name, 'index.html'), 'x');
    }
    AppendixFolder.open(out()).abandon();
    expect(readdirSync(out()).sort()).toEqual([alive, elsewhere].sort());
  });

  test.each<[string, () => void, string]>([
    ['something else', () => writeFileSync(join(out(), 'thesis.tex'), 'x'), 'has no appendix.json'],
    ['a damaged summary', () => writeFileSync(join(out(), 'appendix.json'), '{'), 'damaged'],
    [
      "another's appendix.json",
      () => writeFileSync(join(out(), 'appendix.json'), '{"files":["index.html"]}'),
      'of something else',
    ],
  ])('a folder with %s is refused, and left as it was', (_, fill, why) => {
    mkdirSync(out());
    fill();
    const before = readdirSync(out());
    expect(() => AppendixFolder.open(out())).toThrow(
      expect.objectContaining({ code: 'EIT_PAGES', message: expect.stringContaining(why) as string }),
    );
    expect(readdirSync(out())).toEqual(before);
  });

  test.each([
    ['a file in its place', 'pages'],
    ['a file on the way', 'pages/below/it'],
    ['a file system that makes no folders', '/proc/nothing/pages'],
  ])('%s is refused', (_, dir) => {
    writeFileSync(out(), 'x');
    const at = dir.startsWith('/') ? dir : join(top, dir);
    expect(() => AppendixFolder.open(at)).toThrow(expect.objectContaining({ code: 'EIT_PAGES' }));
  });

  test('no list of files makes it take away what lies elsewhere, and no link leads pages out', () => {
    write({ 'index.html': 'x', 'runs/1.html': 'x' });
    const list = [
      '../secret',
      'runs/../../secret',
      '/etc/passwd',
      'runs/1.html',
      'sets/1.html',
      'thesis.tex',
    ];
    writeFileSync(join(out(), 'thesis.tex'), 'x');
    writeFileSync(join(out(), 'appendix.json'), JSON.stringify({ kind: 'eit-appendix', files: list }));
    symlinkSync(top, join(out(), 'sets'));
    writeFileSync(join(top, '1.html'), 'not ours');
    write({ 'index.html': 'y' });
    expect(
      [join(top, 'secret'), join(top, '1.html'), join(out(), 'thesis.tex')].map((path) => existsSync(path)),
    ).toEqual([true, true, true]);
    expect(existsSync(join(out(), 'runs/1.html'))).toBe(false);
    const folder = AppendixFolder.open(out());
    folder.write('sets/1.html', 'x');
    expect(() => folder.finish({})).toThrow(expect.objectContaining({ code: 'EIT_PAGES' }));
    folder.abandon();
    expect(readFileSync(join(top, '1.html'), 'utf8')).toBe('not ours');
  });
});
