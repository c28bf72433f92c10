import { Terminal } from '@xterm/headless';
import fc from 'fast-check';
import { parseKeys } from '../../../src/live/keys';
import { type Line, line, plainText, span } from '../../../src/live/screen-line';
import { screenDiff } from '../../../src/live/screen-diff';

const ROWS = 4;
const COLUMNS = 16;

const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '7', '█', '漢', 'e\u0301'), maxLength: 7 });
const piece = fc.record({
  text,
  style: fc.constantFrom('plain' as const, 'bold' as const, 'green' as const),
});
const screen = fc.array(fc.array(piece, { maxLength: 2 }), { minLength: ROWS, maxLength: ROWS });

async function shown(...screens: readonly (readonly Line[])[]): Promise<string[]> {
  const terminal = new Terminal({ cols: COLUMNS * 2, rows: ROWS, allowProposedApi: true });
  let before: readonly Line[] | null = null;
  for (const after of screens) {
    const out: string = screenDiff(before, after, true);
    await new Promise<void>((resolve) => terminal.write(out, resolve));
    before = after;
  }
  const lines = Array.from(
    { length: ROWS },
    (_, i) => terminal.buffer.active.getLine(i)?.translateToString(true) ?? '',
  );
  terminal.dispose();
  return lines.map((each) => each.trimEnd());
}

test('whatever was shown before, the terminal shows the last screen', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(screen, { minLength: 1, maxLength: 4 }), async (screens) => {
      expect(await shown(...screens)).toEqual(screens.at(-1)!.map(plainText));
    }),
    { numRuns: 200 },
  );
});

test('what is the same is not written', () => {
  const before = [line('power 123 W'), line('b')];
  expect(screenDiff(before, [line('power 123 W'), line('b')], true)).toBe('');
  expect(screenDiff(before, [line('power 124 W'), line('b')], true)).toBe('\x1b[1;9H4');
  expect(screenDiff(before, [line('power 9 W'), line('b')], true)).toBe('\x1b[1;7H9 W\x1b[K');
});

test('a style is ended where it ends; without colours bold stays', () => {
  const styled = [[span('a', 'bold'), span('b', 'green')]];
  expect(screenDiff([[]], styled, true)).toBe('\x1b[1;1H\x1b[1ma\x1b[m\x1b[32mb\x1b[m');
  expect(screenDiff([[]], styled, false)).toBe('\x1b[1;1H\x1b[1ma\x1b[mb');
});

test.each([
  ['q', ['q']],
  ['\x1b[A\x1bOB', ['up', 'down']],
  ['\x1b', ['escape']],
  ['\x1b[5~x\r', ['page-up', 'x', 'enter']],
  ['\x1b[31;44H', []],
  ['é漢', ['é', '漢']],
  ['\x03\x1a\x7f', ['ctrl-c', 'ctrl-z', 'backspace']],
  ['\x00\u009b', []],
])('keys of %j', (sent, keys) => {
  expect(parseKeys(sent)).toEqual(keys);
});
