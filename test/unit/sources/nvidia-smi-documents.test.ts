import fc from 'fast-check';
import { NvidiaSmiDocuments } from '../../../src/sources/nvidia-smi-documents';
import { parseNvidiaSmi } from '../../../src/sources/nvidia-smi-xml';
import { ANSWERS, answer, answerOf } from './nvidia-smi';

const LOST =
  'Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.  Reboot the system to recover';
const SMALL = '<?xml version="1.0" ?>\n<nvidia_smi_log>\n<gpu/>\n</nvidia_smi_log>';
const BARE = '<nvidia_smi_log><attached_gpus>0</attached_gpus></nvidia_smi_log>';

interface Outcome {
  readonly documents: readonly string[];
  readonly noise: string | null;
  readonly dropped: number;
}

/** As the splitter gives it: with nothing in the lists of clocks. */
function withoutClocks(document: string): string {
  return document.replaceAll(/(?<=<supported_clocks>)[\d\s\w<>/]*?(?=<\/supported_clocks>)/g, (list) =>
    list.includes('MHz') ? '' : list,
  );
}

/** What comes of a stream that is cut at the given places. */
function split(stream: string, cuts: readonly number[] = [], most?: number): Outcome {
  const splitter = new NvidiaSmiDocuments(most);
  const { length } = stream;
  const at = [0, ...[...cuts].map((cut) => cut % (length + 1)).sort((a, b) => a - b), length];
  const documents = at.flatMap((begin, index) => splitter.push(stream.slice(begin, at[index + 1])));
  return { documents, noise: splitter.noise, dropped: splitter.dropped };
}

test('documents one after the other, whole and in their order', () => {
  const stream = ANSWERS.map(answer).join('');
  expect(split(stream)).toEqual({
    documents: ANSWERS.map((name) => withoutClocks(answer(name)).trimEnd()),
    noise: null,
    dropped: 0,
  });
});

describe('a list of the clocks that a GPU supports', () => {
  const name = 'rtx-4000-sff-ada-v13';

  test('is left out, wherever the stream is cut', () => {
    const whole = answer(name).trimEnd();
    const [begin, end] = [whole.indexOf('<supported_clocks>'), whole.indexOf('</supported_clocks>')];
    for (let cut = begin; cut < begin + 200; cut += 1) {
      expect(split(whole, [cut, cut + end - begin - 100]).documents).toEqual([withoutClocks(whole)]);
    }
    expect(parseNvidiaSmi(withoutClocks(whole))).toEqual(parseNvidiaSmi(whole));
  });

  test('is not held, but for the one that is being read', () => {
    const splitter = new NvidiaSmiDocuments();
    splitter.push(answerOf(name, 8).slice(0, -'</nvidia_smi_log>\n'.length));
    expect(splitter.heldBytes).toBeLessThan(8 * 14_000);
  });

  test.each([
    '<supported_clocks>N/A</supported_clocks>',
    '<supported_clocks><value>1 MHz</value><uuid>GPU-1</uuid></supported_clocks>',
    '<supported_clocks><value>1 MHz</value></gpu><gpu id="1"><a></supported_clocks>',
    '<supported_clocks><value>1 MHz</value>',
    '<supported_clocks><!-- <value>1 MHz</value> --></supported_clocks>',
    '<supported_clocks><process_name></supported_clocks>',
  ])('of another form is kept: %s', (list) => {
    const document = `<nvidia_smi_log><gpu>${list}</gpu></nvidia_smi_log>`;
    expect(split(document).documents).toEqual([document]);
  });

  test('that is torn takes no other document with it', () => {
    for (const next of [SMALL, BARE]) {
      const torn = '<nvidia_smi_log><gpu><supported_clocks>\n<supported_mem_clock>\n<value>1 MHz</va';
      expect(split(torn + next)).toEqual({ documents: [next], noise: null, dropped: 1 });
    }
  });

  test('that has no end is not held', () => {
    const splitter = new NvidiaSmiDocuments(1000);
    splitter.push('<nvidia_smi_log><supported_clocks>');
    for (let count = 0; count < 100; count += 1) splitter.push('<value>1 MHz</value>\n');
    expect(splitter.heldBytes).toBeLessThan(20);
    expect([splitter.push(`</supported_clocks></nvidia_smi_log>${SMALL}`), splitter.dropped]).toEqual([
      [SMALL],
      1,
    ]);
  });
});

test('what a document says is the same with the line ends of a terminal', () => {
  const stream = ANSWERS.map(answer).join('').replaceAll('\n', '\r\n');
  const { documents } = split(stream);
  expect(documents.map(parseNvidiaSmi)).toEqual(ANSWERS.map((name) => parseNvidiaSmi(answer(name))));
});

test('a document is there as soon as its last byte is', () => {
  const splitter = new NvidiaSmiDocuments();
  for (const byte of SMALL.slice(0, -1)) expect(splitter.push(byte)).toEqual([]);
  expect(splitter.push(SMALL.slice(-1))).toEqual([SMALL]);
  expect(splitter.heldBytes).toBe(0);
});

test('a declaration is not needed', () => {
  expect(split(BARE + BARE).documents).toEqual([BARE, BARE]);
});

describe('text outside documents', () => {
  test('is not part of one, and its first line is kept', () => {
    const stream = `\r\n  ${LOST}\r\nmore\r\n${SMALL}\r\n${BARE}\n`;
    expect(split(stream)).toEqual({ documents: [SMALL, BARE], noise: null, dropped: 0 });
    expect(split(`\r\n  ${LOST}\r\nmore\r\n${SMALL}\r\n`)).toEqual({
      documents: [SMALL],
      noise: LOST,
      dropped: 0,
    });
    expect(split(`${SMALL}\r\n\r\n${LOST}\r\nmore`)).toEqual({ documents: [SMALL], noise: LOST, dropped: 0 });
    expect(split(`a\n${SMALL}b\n`).noise).toBe('b');
  });

  test('alone is no document', () => {
    expect(split(LOST)).toEqual({ documents: [], noise: LOST, dropped: 0 });
    expect(split(' \r\n\n')).toEqual({ documents: [], noise: null, dropped: 0 });
    expect(split('')).toEqual({ documents: [], noise: null, dropped: 0 });
  });

  test('is kept short and can be shown', () => {
    expect(split(`\u001b]0;x\u0007${'y'.repeat(1_000_000)}`).noise).toBe(`?]0;x?${'y'.repeat(194)}`);
  });

  test('with what only looks like tags stays text', () => {
    const stream = 'a < b <gpu> <?xm </nvidia_smi_log> <nvidia_smi_logs> <!DOCTYPE nvidia_smi_log>';
    expect(split(stream)).toEqual({ documents: [], noise: stream, dropped: 0 });
  });
});

describe('a document without its end', () => {
  test.each(['h100-590-load', 'h100-mig-590-load'])(
    'is dropped when the next begins, wherever it is cut off: %s',
    (name) => {
      const whole = answer(name).trimEnd();
      // From behind the declaration on, so that it has begun.
      for (let length = 6; length < whole.length - 1; length += 1) {
        for (const next of [SMALL]) {
          const { documents, dropped } = split(`${whole.slice(0, length)}\n${next}`);
          expect([length, documents, dropped]).toEqual([length, [next], 1]);
        }
      }
    },
  );

  test('in the name of a process is dropped, also where the stream is cut before the next', () => {
    const torn = '<nvidia_smi_log><process_name>x\n';
    for (let cut = torn.length - 1; cut < torn.length + 7; cut += 1) {
      expect(split(torn + SMALL, [cut])).toEqual({ documents: [SMALL], noise: null, dropped: 1 });
    }
  });

  test('is dropped also where the next has no declaration', () => {
    expect(split(`<nvidia_smi_log><gpu>${BARE}`)).toEqual({ documents: [BARE], noise: null, dropped: 1 });
    expect(split(`<?xml ?><?xml ?>${BARE}`)).toMatchObject({ documents: [`<?xml ?>${BARE}`], dropped: 1 });
  });

  test('or without its root is dropped', () => {
    expect(split(`<?xml ?></nvidia_smi_log>${BARE}`)).toEqual({ documents: [BARE], noise: null, dropped: 1 });
  });

  test('at the end of the stream is not given', () => {
    expect(split(`${BARE}<?xml version="1.0"?><nvidia_smi_log>`).documents).toEqual([BARE]);
  });
});

describe('the name of a process', () => {
  const named = (name: string): string =>
    `<?xml ?><nvidia_smi_log><process_name>${name}</process_name></nvidia_smi_log>`;

  test.each([
    '</nvidia_smi_log>',
    '<?xml version="1.0"?>',
    '<nvidia_smi_log>',
    '<process_name>',
    '<',
    '\n<',
    '\n<?xmx ',
  ])('may be %j', (name) => {
    expect(split(named(name) + SMALL)).toEqual({ documents: [named(name), SMALL], noise: null, dropped: 0 });
  });
});

describe('a document that is too long', () => {
  test('is dropped, and those after it are not', () => {
    const long = `<nvidia_smi_log>${'x'.repeat(2000)}<process_name>y</process_name></nvidia_smi_log>`;
    expect(split(`${SMALL}${long}noise\n${SMALL}`, [], 1000)).toEqual({
      documents: [SMALL, SMALL],
      noise: 'noise',
      dropped: 1,
    });
    expect(split(`<nvidia_smi_log>${'x'.repeat(2000)}${SMALL}`, [], 1000)).toMatchObject({
      documents: [SMALL],
      dropped: 1,
    });
  });

  test('is too long wherever the stream is cut', () => {
    const inName = `\n<?xml <process_name>${SMALL}`;
    for (let cut = 0; cut < inName.length; cut += 1) {
      expect(split(inName, [cut], 30)).toEqual({ documents: [], noise: null, dropped: 1 });
    }
  });

  test('is one byte longer than the longest that is not', () => {
    expect(split(SMALL, [], SMALL.length).documents).toEqual([SMALL]);
    expect(split(SMALL, [], SMALL.length - 1)).toEqual({ documents: [], noise: null, dropped: 1 });
  });

  test('is not held, nor is text of any length', () => {
    for (const begin of ['<?xml ?>', '<nvidia_smi_log><process_name>', '']) {
      const splitter = new NvidiaSmiDocuments();
      splitter.push(begin);
      const chunk = '< \n'.repeat(1024 * 341);
      for (let count = 0; count < 64; count += 1) {
        expect(splitter.push(chunk)).toEqual([]);
        expect(splitter.heldBytes).toBeLessThanOrEqual(8 * 1024 * 1024 + 20);
      }
      expect(splitter.heldBytes).toBeLessThan(20);
      expect(splitter.push(`\n${SMALL}`)).toEqual([SMALL]);
      expect(splitter.dropped).toBe(begin === '' ? 0 : 1);
    }
  });
});

test('millions of single bytes come to an end', () => {
  const splitter = new NvidiaSmiDocuments();
  splitter.push('<nvidia_smi_log>');
  const text = '<a>\n<?xm </process_name'.repeat(130_000);
  for (const byte of text) splitter.push(byte);
  const [document] = splitter.push('</nvidia_smi_log>');
  expect(document).toBe(`<nvidia_smi_log>${text}</nvidia_smi_log>`);
});

const piece = fc.oneof(
  fc.constantFrom(
    SMALL,
    BARE,
    LOST,
    '<?xml ',
    '<?xml\n',
    '\n<?xml ',
    '<nvidia_smi_log>',
    '<nvidia_smi_log ',
    '</nvidia_smi_log>',
    '<process_name>',
    '</process_name>',
    '<',
    '</',
    '\n',
    '\r\n',
    '\u00e4',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 5 }),
);

test('any chunking gives the same', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 60 }),
      fc.constantFrom(undefined, 30, 60, 120),
      (pieces, cuts, most) => {
        const stream = pieces.join('');
        const expected = split(stream, [], most);
        expect(split(stream, cuts, most)).toEqual(expected);
        expect(
          split(
            stream,
            [...stream].map((_, index) => index),
            most,
          ),
        ).toEqual(expected);
      },
    ),
  );
});

test('whole documents come out as they went in, with any text between them and any chunking', () => {
  const between = fc
    .string({ unit: 'binary-ascii', maxLength: 40 })
    .map((text) => `${text.replaceAll('<', '')}\n`);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(between, fc.constantFrom(SMALL, BARE, answer('h100-590-load').trimEnd()))),
      fc.array(fc.nat(), { maxLength: 60 }),
      (parts, cuts) => {
        expect(split(parts.flat().join(''), cuts)).toMatchObject({
          documents: parts.map(([, document]) => document),
          dropped: 0,
        });
      },
    ),
  );
});
