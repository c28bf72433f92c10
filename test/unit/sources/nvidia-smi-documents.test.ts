import fc from 'fast-check';
import { NvidiaSmiDocuments } from '../../../src/sources/nvidia-smi-documents';
import { parseNvidiaSmi } from '../../../src/sources/nvidia-smi-xml';
import { ANSWERS, answer } from './nvidia-smi';

const LOST =
  'Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.  Reboot the system to recover';
const SMALL = '<?xml version="1.0" ?>\n<nvidia_smi_log>\n<gpu/>\n</nvidia_smi_log>';
const BARE = '<nvidia_smi_log><attached_gpus>0</attached_gpus></nvidia_smi_log>';

interface Outcome {
  readonly documents: readonly string[];
  readonly noise: string | null;
  readonly dropped: number;
}

/** What comes of what is printed, in so many bursts with nothing in between; each is cut at the given places. */
function split(bursts: readonly string[], cuts: readonly number[] = [], most?: number): Outcome {
  const splitter = new NvidiaSmiDocuments(most);
  const documents = bursts.map((burst) => {
    const bytes = Buffer.from(burst, 'latin1');
    const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
    for (const [index, begin] of at.entries()) splitter.push(bytes.subarray(begin, at[index + 1]));
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
    documents: ANSWERS.map((name) => answer(name).trimEnd()),
    noise: null,
    dropped: 0,
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
  for (const byte of Buffer.from(SMALL)) {
    expect(splitter.settle()).toBeNull();
    splitter.push(Uint8Array.of(byte));
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
    splitter.push(Buffer.from(`${LOST}\n<?xml ?>`));
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
    'x',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(marks, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (pieces, cuts) => {
      const named = `<?xml ?><nvidia_smi_log><process_name>${pieces.join('')}</process_name></nvidia_smi_log>`;
      expect(split([named, SMALL], cuts)).toEqual({ documents: [named, SMALL], noise: null, dropped: 0 });
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
      splitter.push(Buffer.from(begin));
      const chunk = Buffer.alloc(1024 * 1024, '< \n');
      for (let count = 0; count < 64; count += 1) {
        splitter.push(chunk);
        expect(splitter.heldBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
      }
      expect(splitter.heldBytes).toBe(0);
      splitter.settle();
      splitter.push(Buffer.from(`\n${SMALL}`));
      expect(splitter.settle()).toBe(SMALL);
      expect(splitter.dropped).toBe(1);
    }
  });
});

test('a million single bytes come to an end', () => {
  const splitter = new NvidiaSmiDocuments();
  const bytes = Buffer.from(`<nvidia_smi_log>${'<a>\n<?xm </process_name'.repeat(45_000)}</nvidia_smi_log>`);
  for (let at = 0; at < bytes.length; at += 1) splitter.push(bytes.subarray(at, at + 1));
  expect(splitter.settle()).toBe(bytes.toString('latin1'));
});
