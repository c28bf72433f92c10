import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { Output } from '../../../src/cli/output';
import type { Surroundings } from '../../../src/cli/command';
import { wrapped } from '../../../src/cli/wrapped';

function surroundings(isTTY: boolean): Surroundings {
  const stdout = Object.assign(new PassThrough(), { isTTY, columns: 30 });
  const output = new Output('eit', stdout as never as WriteStream, new PassThrough() as never);
  return { env: {}, output } as unknown as Surroundings;
}

const LINES = [
  'Factor  Value\n',
  'pue      1.58  default  Henderson et al. 2020, section 3\n',
  '\n',
  '    indented, and longer than it is\n',
];

test('on a terminal a long line goes on below, and the others stay', () => {
  const text = wrapped(LINES, {}, surroundings(true)).join('');
  expect(text).toBe(
    'Factor  Value\npue      1.58  default \n  Henderson et al. 2020,\n  section 3\n\n    indented, and longer than\n      it is\n',
  );
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(30);
});

test('in a pipe lines are as they are', () => {
  expect(wrapped(LINES, {}, surroundings(false))).toEqual(LINES);
});
