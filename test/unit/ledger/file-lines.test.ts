import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { fileLines, type LineBytes, textOf } from '../../../src/ledger/file-lines';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'eit-lines-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MIB = 1 << 20;
const tooLong = (text: string) => (Buffer.byteLength(text) > MIB ? null : text);

async function read(text: string, from = 0) {
  const path = join(folder, 'lines');
  writeFileSync(path, text);
  const file = await open(path);
  const said = (line: LineBytes | null) => (line === null ? null : textOf(line));
  const lines: (string | null)[] = [];
  const begins: number[] = [];
  try {
    const batches = fileLines(file, from);
    for (let end = from; ;) {
      const { done, value } = await batches.next();
      if (done === true) return { lines, begins, end, rest: value === null ? '' : said(value.line) };
      lines.push(...value.lines.map(said));
      begins.push(...value.begins);
      end = value.end;
    }
  } finally {
    await file.close();
  }
}

/** Lengths about those at which the reader goes on in another piece of memory. */
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3000) },
  ...[MIB / 4, MIB / 2, MIB].map((about) => fc.integer({ min: about - 3, max: about + 3 })),
  fc.integer({ min: MIB, max: 3 * MIB }),
);

test('gives each line and where it begins, whatever its length', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(length, { maxLength: 12 }),
      fc.constantFrom('', 'x', 'y'.repeat(5000), 'z'.repeat(MIB + 1)),
      async (lengths, rest) => {
        const texts = lengths.map((n, i) => `${i}ä`.repeat(n).slice(0, n));
        const begins: number[] = [];
        let at = 0;
        for (const text of texts) {
          begins.push(at);
          at += Buffer.byteLength(text) + 1;
        }
        const whole = texts.map((text) => `${text}\n`).join('');
        const found = await read(whole + rest);
        expect(found.lines.length).toBe(texts.length);
        expect(found.lines.every((line, i) => line === tooLong(texts[i]!))).toBe(true);
        expect(found.begins).toEqual(begins);
        expect(found.end).toBe(at);
        expect(found.rest === tooLong(rest)).toBe(true);
        // From the middle on it is the same.
        const half = Math.floor(begins.length / 2);
        expect((await read(whole, begins[half] ?? 0)).begins).toEqual(begins.slice(half));
      },
    ),
    { numRuns: 60 },
  );
});
