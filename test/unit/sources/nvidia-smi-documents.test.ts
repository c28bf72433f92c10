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
  const ends = document.split('</supported_clocks>');
  const last = ends.pop() ?? '';
  const parts = ends.map((part) => {
    const begin = part.lastIndexOf('<supported_clocks>');
    if (begin === -1) return part;
    const inside = begin + '<supported_clocks>'.length;
    const rest = part
      .slice(inside)
      .replaceAll(
        /<value>\d+ MHz<\/value>|<supported_graphics_clock>\d+ MHz<\/supported_graphics_clock>/g,
        '',
      )
      .replaceAll(/<\/?supported_mem_clock>/g, '');
    return rest.trim() === '' ? part.slice(0, inside) : part;
  });
  return [...parts, last].join('</supported_clocks>');
}

/** What comes of what is printed, in so many bursts with nothing in between; each is cut at the given places. */
function split(bursts: readonly string[], cuts: readonly number[] = [], most?: number): Outcome {
  const splitter = new NvidiaSmiDocuments(most);
  const documents = bursts.map((burst) => {
    const { length } = burst;
    const at = [0, ...cuts.map((cut) => cut % (length + 1)).sort((a, b) => a - b), length];
    for (const [index, begin] of at.entries()) splitter.push(burst.slice(begin, at[index + 1]));
    return splitter.settle();
  });
  return {
    documents: documents.filter((document) => document !== null),
    noise: splitter.noise,
    dropped: splitter.dropped,
  };
}

test('documents one after the other, whole and in their order', () => {
  expect(split(ANSWERS.map(answer))).toEqual({
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
      expect(split([whole], [cut, cut + end - begin - 100]).documents).toEqual([withoutClocks(whole)]);
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
    expect(split([document]).documents).toEqual([document]);
  });

  test('that is torn takes no other document with it', () => {
    for (const next of [SMALL, BARE]) {
      const torn = '<nvidia_smi_log><gpu><supported_clocks>\n<supported_mem_clock>\n<value>1 MHz</va';
      expect(split([torn, next])).toEqual({ documents: [next], noise: null, dropped: 1 });
    }
  });

  test('that has no end is not held', () => {
    const splitter = new NvidiaSmiDocuments(1000);
    splitter.push('<nvidia_smi_log><supported_clocks>');
    for (let count = 0; count < 100; count += 1) splitter.push('<value>1 MHz</value>\n');
    expect(splitter.heldBytes).toBe(0);
    splitter.push('</supported_clocks></nvidia_smi_log>');
    expect(splitter.settle()).toBeNull();
    splitter.push(SMALL);
    expect([splitter.settle(), splitter.dropped]).toEqual([SMALL, 1]);
  });

  test('of any length and lists without number are gone through in time', () => {
    const many = '<supported_clocks> </supported_clocks>'.repeat(150_000);
    const long = `<supported_clocks>${'<value>1 MHz</value>\n'.repeat(350_000)}</supported_clocks>`;
    const strange = `<supported_clocks>${' '.repeat(7_000_000)}x</supported_clocks>`;
    for (const lists of [many, long, strange]) {
      const document = `<nvidia_smi_log>${lists}</nvidia_smi_log>`;
      expect(split([document]).documents[0] === withoutClocks(document)).toBe(true);
    }
  });
});

test('what a document says is the same with the line ends of a terminal', () => {
  const { documents } = split(ANSWERS.map((name) => answer(name).replaceAll('\n', '\r\n')));
  expect(documents.map((xml) => parseNvidiaSmi(xml))).toEqual(
    ANSWERS.map((name) => parseNvidiaSmi(answer(name))),
  );
});

test('a document is there when its last byte is and nothing has come for a while', () => {
  const splitter = new NvidiaSmiDocuments();
  for (const byte of SMALL) {
    expect(splitter.settle()).toBeNull();
    splitter.push(byte);
  }
  expect(splitter.settle()).toBe(SMALL);
  expect(splitter.heldBytes).toBe(0);
  expect(splitter.settle()).toBeNull();
});

test('a declaration is not needed', () => {
  expect(split([BARE, BARE]).documents).toEqual([BARE, BARE]);
});

describe('text outside documents', () => {
  test('is not part of one, and its first line is kept', () => {
    expect(split([`\r\n  ${LOST}\r\nmore\r\n${SMALL}\r\n`])).toEqual({
      documents: [SMALL],
      noise: LOST,
      dropped: 0,
    });
    expect(split([`${LOST}\r\n${SMALL}\r\n`, BARE])).toEqual({
      documents: [SMALL, BARE],
      noise: null,
      dropped: 0,
    });
    expect(split([`${SMALL}\r\n`, `\r\n${LOST}\r\nmore`])).toEqual({
      documents: [SMALL],
      noise: LOST,
      dropped: 0,
    });
  });

  test('is told before anything has ended', () => {
    const splitter = new NvidiaSmiDocuments();
    splitter.push(`${LOST}\n<?xml ?>`);
    expect(splitter.noise).toBe(LOST);
  });

  test('alone is no document', () => {
    expect(split([LOST])).toEqual({ documents: [], noise: LOST, dropped: 0 });
    expect(split([' \r\n\n'])).toEqual({ documents: [], noise: null, dropped: 0 });
    expect(split([''])).toEqual({ documents: [], noise: null, dropped: 0 });
  });

  test('is kept short and can be shown', () => {
    expect(split([`\u001b]0;x\u0007${'y'.repeat(1_000_000)}`]).noise).toBe(`?]0;x?${'y'.repeat(194)}`);
  });

  test('with what only looks like tags stays text', () => {
    const text = 'a < b <gpu> <?xm </nvidia_smi_log> <nvidia_smi_logs> <!DOCTYPE nvidia_smi_log>';
    expect(split([text])).toEqual({ documents: [], noise: text, dropped: 0 });
  });
});

describe('a document without its end', () => {
  test('is dropped when the next begins after a while, wherever it is cut off', () => {
    const whole = answer('h100-590-load').trimEnd();
    // From behind the declaration on, so that it has begun.
    for (let length = 6; length < whole.length - 1; length += 1) {
      const { documents, dropped } = split([whole.slice(0, length), SMALL]);
      expect([length, documents, dropped]).toEqual([length, [SMALL], 1]);
    }
  });

  test('goes on after a while, as when a GPU takes long', () => {
    const half = Math.floor(SMALL.length / 2);
    expect(split([SMALL.slice(0, half), SMALL.slice(half)])).toMatchObject({
      documents: [SMALL],
      dropped: 0,
    });
  });

  test('at the end of the stream is not given', () => {
    expect(split([BARE, '<?xml version="1.0"?><nvidia_smi_log>']).documents).toEqual([BARE]);
  });
});

test('no mark in the name of a process ends a document or begins one, however the bytes come', () => {
  const marks = fc.constantFrom(
    '</nvidia_smi_log>',
    '</nvidia_smi_log>\n',
    '\n<?xml version="1.0" ?>\n',
    '<nvidia_smi_log>',
    '<process_name>',
    '</process_name>',
    '</processes>',
    '</gpu>',
    '<gpu id="00000000:01:00.0">',
    '<supported_clocks>',
    '<value>1 MHz</value>',
    '</supported_clocks>',
    'x',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(marks, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (pieces, cuts) => {
      const named = `<?xml ?><nvidia_smi_log><process_name>${pieces.join('')}</process_name></nvidia_smi_log>`;
      expect(split([named, SMALL], cuts)).toEqual({
        documents: [withoutClocks(named), SMALL],
        noise: null,
        dropped: 0,
      });
    }),
  );
});

describe('a document that is too long', () => {
  const long = `<nvidia_smi_log>${'x'.repeat(2000)}</nvidia_smi_log>`;

  test('is dropped, and those after it are not', () => {
    for (const bursts of [
      [SMALL, long, SMALL],
      [SMALL, long.slice(0, 1500), long.slice(1500), SMALL],
      [SMALL, long.slice(0, 1500), SMALL],
    ]) {
      expect(split(bursts, [200, 700, 1990], 1000)).toEqual({
        documents: [SMALL, SMALL],
        noise: null,
        dropped: 1,
      });
    }
  });

  test('is one byte longer than the longest that is not', () => {
    expect(split([SMALL], [], SMALL.length).documents).toEqual([SMALL]);
    expect(split([SMALL], [], SMALL.length - 1)).toEqual({ documents: [], noise: null, dropped: 1 });
  });

  test('is not held, nor is text of any length', () => {
    for (const begin of ['<?xml ?>', '<nvidia_smi_log><process_name>', '']) {
      const splitter = new NvidiaSmiDocuments();
      splitter.push(begin);
      const chunk = '< \n'.repeat(1024 * 341);
      for (let count = 0; count < 64; count += 1) {
        splitter.push(chunk);
        expect(splitter.heldBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
      }
      expect(splitter.heldBytes).toBe(0);
      splitter.settle();
      splitter.push(`\n${SMALL}`);
      expect(splitter.settle()).toBe(SMALL);
      expect(splitter.dropped).toBe(1);
    }
  });
});

test('a million single bytes come to an end', () => {
  const splitter = new NvidiaSmiDocuments();
  const text = `<nvidia_smi_log>${'<a>\n<?xm </process_name'.repeat(45_000)}</nvidia_smi_log>`;
  for (const byte of text) splitter.push(byte);
  expect(splitter.settle()).toBe(text);
});

const piece = fc.oneof(
  fc.constantFrom(
    SMALL,
    BARE,
    LOST,
    '<?xml ',
    '<nvidia_smi_log>',
    '</nvidia_smi_log>',
    '<process_name>',
    '</process_name>',
    '<supported_clocks>',
    '<supported_clocks>\n<value>1 MHz</value>\n',
    '<value>12 MHz</value>',
    '<supported_mem_clock>',
    '</supported_mem_clock>',
    '</supported_clocks>',
    '<',
    '</',
    '\n',
    '\r\n',
    '\u00e4',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 5 }),
);

test('any chunking gives the same, which has all but lists of clocks', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 60 }),
      fc.constantFrom(undefined, 30, 60, 120),
      (pieces, cuts, most) => {
        const burst = pieces.join('');
        const expected = split([burst], [], most);
        expect(split([burst], cuts, most)).toEqual(expected);
        const everywhere = [...burst].map((_, at) => at);
        expect(split([burst], everywhere, most)).toEqual(expected);
        if (most === undefined) expect(split([withoutClocks(burst)])).toEqual(expected);
      },
    ),
  );
});
