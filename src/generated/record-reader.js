// Generated from schemas/record.schema.json by `npm run generate`. Do not edit.
'use strict';
const PLAIN = 2048;
const CLASS = new Uint16Array(256);
for (const [of, bit] of [[/[0-9a-f]/, 1], [/[0-9]/, 2], [/[-]/, 4], [/[T]/, 8], [/[:]/, 16], [/[\.]/, 32], [/[Z]/, 64], [/[s]/, 128], [/[0-9A-HJKMNP-TV-Z]/, 256], [/[a-z]/, 512], [/[a-z0-9_.:-]/, 1024], [/[ -!#-\[\]-~]/, 2048]]) {
  for (let i = 0; i < 128; i++) if (of.test(String.fromCharCode(i))) CLASS[i] |= bit;
}
// What the generated reader of lines is made of: `npm run generate` copies it there. `c` is where it stands: { bytes, at, to }.

const NO_BYTES = Buffer.alloc(0);

/** Texts that were read lately: names and times come again line after line, and are made once. */
const KNOWN = Array.from({ length: 4096 }, () => '');
const LONGEST_KNOWN = 64;

/** Ends in a place from which nothing comes to the line's end: whoever reads on finds nothing more. */
function fail(c) {
  c.at = c.to + 1;
  c.bytes = NO_BYTES;
  return undefined;
}

/** Whether this byte comes next; it is then passed over. */
function isByte(c, byte) {
  if (c.bytes[c.at] !== byte) return false;
  c.at++;
  return true;
}

/** Whether what `is` looks for comes next; it stays before that. */
function begins(c, is) {
  const { at } = c;
  const isThere = is(c);
  c.at = at;
  return isThere;
}

/** Up to 15 digits are exact. */
function integer(c, least) {
  const { bytes, at } = c;
  let to = at;
  let value = 0;
  for (let digit; (digit = bytes[to] - 0x30) >= 0 && digit <= 9; to++) value = value * 10 + digit;
  const digits = to - at;
  if (digits === 0 || digits > 15 || (digits > 1 && bytes[at] === 0x30) || value < least) return fail(c);
  c.at = to;
  return value;
}

/** A quotient of two numbers that are exact is the double nearest to the decimal: what JSON.parse gives. */
function number(c, least, most) {
  const { bytes, at } = c;
  let to = at;
  let value = 0;
  for (let digit; (digit = bytes[to] - 0x30) >= 0 && digit <= 9; to++) value = value * 10 + digit;
  let digits = to - at;
  if (digits === 0 || (digits > 1 && bytes[at] === 0x30)) return fail(c);
  if (bytes[to] === 0x2e) {
    const point = to++;
    for (let digit; (digit = bytes[to] - 0x30) >= 0 && digit <= 9; to++) value = value * 10 + digit;
    const decimals = to - point - 1;
    if (decimals === 0) return fail(c);
    digits += decimals;
    value /= 10 ** decimals;
  }
  if (digits > 15 || value < least || value > most) return fail(c);
  c.at = to;
  return value;
}

/** Passes over bytes of a class, at most so many. @returns the hash going on from `hash` */
function run(c, bit, least, most, hash) {
  const { bytes, at } = c;
  let to = at;
  for (; to - at < most && (CLASS[bytes[to]] & bit) !== 0; to++) hash = (Math.imul(hash, 31) + bytes[to]) | 0;
  if (to - at < least) return fail(c);
  c.at = to;
  return hash;
}

/** A text without escapes. */
function text(c, least, most) {
  if (!isByte(c, 0x22)) return fail(c);
  const from = c.at;
  const hash = run(c, PLAIN, least, most, 0);
  return isByte(c, 0x22) ? known(c, from, hash) : fail(c);
}

/** The text from `from` to the quotation mark that was passed over last. */
function known(c, from, hash) {
  const { bytes } = c;
  const length = c.at - 1 - from;
  const place = (hash ^ (hash >>> 12)) & (KNOWN.length - 1);
  const found = KNOWN[place];
  if (found.length === length) {
    let i = 0;
    while (i < length && found.charCodeAt(i) === bytes[from + i]) i++;
    if (i === length) return found;
  }
  const made = bytes.toString('latin1', from, from + length);
  if (length <= LONGEST_KNOWN) KNOWN[place] = made;
  return made;
}

/** {"schema":1,"kind":"run", */
function is0(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 123 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 99 && bytes[at + 4] === 104 && bytes[at + 5] === 101 && bytes[at + 6] === 109 && bytes[at + 7] === 97 && bytes[at + 8] === 34 && bytes[at + 9] === 58 && bytes[at + 10] === 49 && bytes[at + 11] === 44 && bytes[at + 12] === 34 && bytes[at + 13] === 107 && bytes[at + 14] === 105 && bytes[at + 15] === 110 && bytes[at + 16] === 100 && bytes[at + 17] === 34 && bytes[at + 18] === 58 && bytes[at + 19] === 34 && bytes[at + 20] === 114 && bytes[at + 21] === 117 && bytes[at + 22] === 110 && bytes[at + 23] === 34 && bytes[at + 24] === 44)) return false;
  c.at = at + 25;
  return true;
}
/** "schema": */
function is1(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 115 && bytes[at + 2] === 99 && bytes[at + 3] === 104 && bytes[at + 4] === 101 && bytes[at + 5] === 109 && bytes[at + 6] === 97 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** ,"schema": */
function is2(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 99 && bytes[at + 4] === 104 && bytes[at + 5] === 101 && bytes[at + 6] === 109 && bytes[at + 7] === 97 && bytes[at + 8] === 34 && bytes[at + 9] === 58)) return false;
  c.at = at + 10;
  return true;
}
/** /runRecord/schema */
function read1(c) {
  if (isByte(c, 49)) return 1;
  return fail(c);
}
/** ,"kind": */
function is3(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 107 && bytes[at + 3] === 105 && bytes[at + 4] === 110 && bytes[at + 5] === 100 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** "run" */
function is4(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 114 && bytes[at + 2] === 117 && bytes[at + 3] === 110 && bytes[at + 4] === 34)) return false;
  c.at = at + 5;
  return true;
}
/** /runRecord/kind */
function read2(c) {
  if (is4(c)) return "run";
  return fail(c);
}
/** ,"tool": */
function is5(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 116 && bytes[at + 3] === 111 && bytes[at + 4] === 111 && bytes[at + 5] === 108 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** /runRecord/tool */
function read3(c) {
  return text(c, 0, 32);
}
/** ,"cluster": */
function is6(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 108 && bytes[at + 4] === 117 && bytes[at + 5] === 115 && bytes[at + 6] === 116 && bytes[at + 7] === 101 && bytes[at + 8] === 114 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** /name */
function read4(c) {
  return text(c, 1, 256);
}
/** ,"host": */
function is7(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 104 && bytes[at + 3] === 111 && bytes[at + 4] === 115 && bytes[at + 5] === 116 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"boot": */
function is8(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 98 && bytes[at + 3] === 111 && bytes[at + 4] === 111 && bytes[at + 5] === 116 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** /runRecord/boot */
function read5(c) {
  if (c.bytes[c.at] !== 0x22) return fail(c);
  const from = ++c.at;
  let hash = 0;
  hash = run(c, 1, 8, 8, hash);
  return c.bytes[c.at++] === 0x22 ? known(c, from, hash) : fail(c);
}
/** ,"instance": */
function is9(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 105 && bytes[at + 3] === 110 && bytes[at + 4] === 115 && bytes[at + 5] === 116 && bytes[at + 6] === 97 && bytes[at + 7] === 110 && bytes[at + 8] === 99 && bytes[at + 9] === 101 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** /runRecord/instance */
function read6(c) {
  if (c.bytes[c.at] !== 0x22) return fail(c);
  const from = ++c.at;
  let hash = 0;
  hash = run(c, 1, 12, 12, hash);
  return c.bytes[c.at++] === 0x22 ? known(c, from, hash) : fail(c);
}
/** ,"seq": */
function is10(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 101 && bytes[at + 4] === 113 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** /runRecord/seq */
function read7(c) {
  return integer(c, 0);
}
/** ,"from": */
function is11(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 102 && bytes[at + 3] === 114 && bytes[at + 4] === 111 && bytes[at + 5] === 109 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** /utcTime */
function read8(c) {
  if (c.bytes[c.at] !== 0x22) return fail(c);
  const from = ++c.at;
  let hash = 0;
  hash = run(c, 2, 4, 4, hash);
  hash = run(c, 4, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 4, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 8, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 16, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 16, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 2, 1, 1, hash);
  hash = run(c, 32, 1, 1, hash);
  hash = run(c, 2, 3, 3, hash);
  hash = run(c, 64, 1, 1, hash);
  return c.bytes[c.at++] === 0x22 ? known(c, from, hash) : fail(c);
}
/** ,"to": */
function is12(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 116 && bytes[at + 3] === 111 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** ,"ms": */
function is13(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 115 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** ,"node": */
function is14(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 110 && bytes[at + 3] === 111 && bytes[at + 4] === 100 && bytes[at + 5] === 101 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"job": */
function is15(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 106 && bytes[at + 3] === 111 && bytes[at + 4] === 98 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** /runRecord/job */
function read9(c) {
  return integer(c, 1);
}
/** ,"restart": */
function is16(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 101 && bytes[at + 4] === 115 && bytes[at + 5] === 116 && bytes[at + 6] === 97 && bytes[at + 7] === 114 && bytes[at + 8] === 116 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"started": */
function is17(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 116 && bytes[at + 4] === 97 && bytes[at + 5] === 114 && bytes[at + 6] === 116 && bytes[at + 7] === 101 && bytes[at + 8] === 100 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"sluid": */
function is18(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 108 && bytes[at + 4] === 117 && bytes[at + 5] === 105 && bytes[at + 6] === 100 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** /runRecord/sluid */
function read10(c) {
  if (c.bytes[c.at] !== 0x22) return fail(c);
  const from = ++c.at;
  let hash = 0;
  hash = run(c, 128, 1, 1, hash);
  hash = run(c, 256, 13, 13, hash);
  return c.bytes[c.at++] === 0x22 ? known(c, from, hash) : fail(c);
}
/** ,"slurm_start": */
function is19(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 108 && bytes[at + 4] === 117 && bytes[at + 5] === 114 && bytes[at + 6] === 109 && bytes[at + 7] === 95 && bytes[at + 8] === 115 && bytes[at + 9] === 116 && bytes[at + 10] === 97 && bytes[at + 11] === 114 && bytes[at + 12] === 116 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** ,"uid": */
function is20(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 117 && bytes[at + 3] === 105 && bytes[at + 4] === 100 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** ,"user": */
function is21(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 117 && bytes[at + 3] === 115 && bytes[at + 4] === 101 && bytes[at + 5] === 114 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"account": */
function is22(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 97 && bytes[at + 3] === 99 && bytes[at + 4] === 99 && bytes[at + 5] === 111 && bytes[at + 6] === 117 && bytes[at + 7] === 110 && bytes[at + 8] === 116 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"partition": */
function is23(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 112 && bytes[at + 3] === 97 && bytes[at + 4] === 114 && bytes[at + 5] === 116 && bytes[at + 6] === 105 && bytes[at + 7] === 116 && bytes[at + 8] === 105 && bytes[at + 9] === 111 && bytes[at + 10] === 110 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** ,"nodes": */
function is24(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 110 && bytes[at + 3] === 111 && bytes[at + 4] === 100 && bytes[at + 5] === 101 && bytes[at + 6] === 115 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** ,"cpus": */
function is25(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 115 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"gpus": */
function is26(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 103 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 115 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"cpu_us": */
function is27(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 95 && bytes[at + 6] === 117 && bytes[at + 7] === 115 && bytes[at + 8] === 34 && bytes[at + 9] === 58)) return false;
  c.at = at + 10;
  return true;
}
/** ,"overhead_us": */
function is28(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 111 && bytes[at + 3] === 118 && bytes[at + 4] === 101 && bytes[at + 5] === 114 && bytes[at + 6] === 104 && bytes[at + 7] === 101 && bytes[at + 8] === 97 && bytes[at + 9] === 100 && bytes[at + 10] === 95 && bytes[at + 11] === 117 && bytes[at + 12] === 115 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** ,"cpu_estimated_us": */
function is29(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 95 && bytes[at + 6] === 101 && bytes[at + 7] === 115 && bytes[at + 8] === 116 && bytes[at + 9] === 105 && bytes[at + 10] === 109 && bytes[at + 11] === 97 && bytes[at + 12] === 116 && bytes[at + 13] === 101 && bytes[at + 14] === 100 && bytes[at + 15] === 95 && bytes[at + 16] === 117 && bytes[at + 17] === 115 && bytes[at + 18] === 34 && bytes[at + 19] === 58)) return false;
  c.at = at + 20;
  return true;
}
/** ,"memory_bytes": */
function is30(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 101 && bytes[at + 4] === 109 && bytes[at + 5] === 111 && bytes[at + 6] === 114 && bytes[at + 7] === 121 && bytes[at + 8] === 95 && bytes[at + 9] === 98 && bytes[at + 10] === 121 && bytes[at + 11] === 116 && bytes[at + 12] === 101 && bytes[at + 13] === 115 && bytes[at + 14] === 34 && bytes[at + 15] === 58)) return false;
  c.at = at + 16;
  return true;
}
/** ,"io": */
function is31(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 105 && bytes[at + 3] === 111 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** "rb": */
function is32(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 114 && bytes[at + 2] === 98 && bytes[at + 3] === 34 && bytes[at + 4] === 58)) return false;
  c.at = at + 5;
  return true;
}
/** ,"rb": */
function is33(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 98 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** "wb": */
function is34(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 119 && bytes[at + 2] === 98 && bytes[at + 3] === 34 && bytes[at + 4] === 58)) return false;
  c.at = at + 5;
  return true;
}
/** ,"wb": */
function is35(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 119 && bytes[at + 3] === 98 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** "r": */
function is36(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 114 && bytes[at + 2] === 34 && bytes[at + 3] === 58)) return false;
  c.at = at + 4;
  return true;
}
/** ,"r": */
function is37(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 34 && bytes[at + 4] === 58)) return false;
  c.at = at + 5;
  return true;
}
/** "w": */
function is38(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 119 && bytes[at + 2] === 34 && bytes[at + 3] === 58)) return false;
  c.at = at + 4;
  return true;
}
/** ,"w": */
function is39(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 119 && bytes[at + 3] === 34 && bytes[at + 4] === 58)) return false;
  c.at = at + 5;
  return true;
}
/** /runRecord/io */
function read11(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is32(c) : is33(c))) { v0 = read9(c); isFirst = false; }
  let v1;
  if ((isFirst ? is34(c) : is35(c))) { v1 = read9(c); isFirst = false; }
  let v2;
  if ((isFirst ? is36(c) : is37(c))) { v2 = read9(c); isFirst = false; }
  let v3;
  if ((isFirst ? is38(c) : is39(c))) { v3 = read9(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "rb": v0, "wb": v1, "r": v2, "w": v3 };
}
/** ,"gpu": */
function is40(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 103 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** "ms": */
function is41(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 109 && bytes[at + 2] === 115 && bytes[at + 3] === 34 && bytes[at + 4] === 58)) return false;
  c.at = at + 5;
  return true;
}
/** ,"by": */
function is42(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 98 && bytes[at + 3] === 121 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** "cgroup" */
function is43(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 103 && bytes[at + 3] === 114 && bytes[at + 4] === 111 && bytes[at + 5] === 117 && bytes[at + 6] === 112 && bytes[at + 7] === 34)) return false;
  c.at = at + 8;
  return true;
}
/** "uuid" */
function is44(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 117 && bytes[at + 2] === 117 && bytes[at + 3] === 105 && bytes[at + 4] === 100 && bytes[at + 5] === 34)) return false;
  c.at = at + 6;
  return true;
}
/** "processes" */
function is45(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 112 && bytes[at + 2] === 114 && bytes[at + 3] === 111 && bytes[at + 4] === 99 && bytes[at + 5] === 101 && bytes[at + 6] === 115 && bytes[at + 7] === 115 && bytes[at + 8] === 101 && bytes[at + 9] === 115 && bytes[at + 10] === 34)) return false;
  c.at = at + 11;
  return true;
}
/** "index" */
function is46(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 105 && bytes[at + 2] === 110 && bytes[at + 3] === 100 && bytes[at + 4] === 101 && bytes[at + 5] === 120 && bytes[at + 6] === 34)) return false;
  c.at = at + 7;
  return true;
}
/** "count" */
function is47(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 111 && bytes[at + 3] === 117 && bytes[at + 4] === 110 && bytes[at + 5] === 116 && bytes[at + 6] === 34)) return false;
  c.at = at + 7;
  return true;
}
/** /runRecord/gpu/by */
function read13(c) {
  if (is43(c)) return "cgroup";
  if (is44(c)) return "uuid";
  if (is45(c)) return "processes";
  if (is46(c)) return "index";
  if (is47(c)) return "count";
  return fail(c);
}
/** ,"conflict": */
function is48(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 111 && bytes[at + 4] === 110 && bytes[at + 5] === 102 && bytes[at + 6] === 108 && bytes[at + 7] === 105 && bytes[at + 8] === 99 && bytes[at + 9] === 116 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** /runRecord/gpu/conflict */
function read14(c) {
  return text(c, 0, 512);
}
/** ,"busy_ms": */
function is49(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 98 && bytes[at + 3] === 117 && bytes[at + 4] === 115 && bytes[at + 5] === 121 && bytes[at + 6] === 95 && bytes[at + 7] === 109 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"told_ms": */
function is50(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 116 && bytes[at + 3] === 111 && bytes[at + 4] === 108 && bytes[at + 5] === 100 && bytes[at + 6] === 95 && bytes[at + 7] === 109 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"idle_uj": */
function is51(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 105 && bytes[at + 3] === 100 && bytes[at + 4] === 108 && bytes[at + 5] === 101 && bytes[at + 6] === 95 && bytes[at + 7] === 117 && bytes[at + 8] === 106 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** /byPolicy */
function read15(c) {
  const v0 = isByte(c, 91) ? read7(c) : fail(c);
  const v1 = isByte(c, 44) ? read7(c) : fail(c);
  const v2 = isByte(c, 44) ? read7(c) : fail(c);
  return isByte(c, 93) ? [v0, v1, v2] : fail(c);
}
/** ,"throttled_ms": */
function is52(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 116 && bytes[at + 3] === 104 && bytes[at + 4] === 114 && bytes[at + 5] === 111 && bytes[at + 6] === 116 && bytes[at + 7] === 116 && bytes[at + 8] === 108 && bytes[at + 9] === 101 && bytes[at + 10] === 100 && bytes[at + 11] === 95 && bytes[at + 12] === 109 && bytes[at + 13] === 115 && bytes[at + 14] === 34 && bytes[at + 15] === 58)) return false;
  c.at = at + 16;
  return true;
}
/** ,"p_state_ms": */
function is53(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 112 && bytes[at + 3] === 95 && bytes[at + 4] === 115 && bytes[at + 5] === 116 && bytes[at + 6] === 97 && bytes[at + 7] === 116 && bytes[at + 8] === 101 && bytes[at + 9] === 95 && bytes[at + 10] === 109 && bytes[at + 11] === 115 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** /runRecord/gpu/p_state_ms/name */
function read17(c) {
  const value = text(c, 0, Infinity);
  return /^P(\d|1[0-5])$/.test(value) ? value : fail(c);
}
/** /runRecord/gpu/p_state_ms */
function read16(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read17(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > Infinity) return fail(c);
    map[key] = read7(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** /runRecord/gpu */
function read12(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is41(c) : is13(c))) { v0 = read7(c); isFirst = false; } else return fail(c);
  let v1;
  if (is42(c)) { v1 = read13(c); isFirst = false; } else return fail(c);
  let v2;
  if (is48(c)) { v2 = read14(c); isFirst = false; }
  let v3;
  if (is49(c)) { v3 = read7(c); isFirst = false; }
  let v4;
  if (is50(c)) { v4 = read7(c); isFirst = false; }
  let v5;
  if (is51(c)) { v5 = read15(c); isFirst = false; }
  let v6;
  if (is30(c)) { v6 = read7(c); isFirst = false; }
  let v7;
  if (is52(c)) { v7 = read7(c); isFirst = false; }
  let v8;
  if (is53(c)) { v8 = read16(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "ms": v0, "by": v1, "conflict": v2, "busy_ms": v3, "told_ms": v4, "idle_uj": v5, "memory_bytes": v6, "throttled_ms": v7, "p_state_ms": v8 };
}
/** ,"package_split": */
function is54(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 112 && bytes[at + 3] === 97 && bytes[at + 4] === 99 && bytes[at + 5] === 107 && bytes[at + 6] === 97 && bytes[at + 7] === 103 && bytes[at + 8] === 101 && bytes[at + 9] === 95 && bytes[at + 10] === 115 && bytes[at + 11] === 112 && bytes[at + 12] === 108 && bytes[at + 13] === 105 && bytes[at + 14] === 116 && bytes[at + 15] === 34 && bytes[at + 16] === 58)) return false;
  c.at = at + 17;
  return true;
}
/** "percpu" */
function is55(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 112 && bytes[at + 2] === 101 && bytes[at + 3] === 114 && bytes[at + 4] === 99 && bytes[at + 5] === 112 && bytes[at + 6] === 117 && bytes[at + 7] === 34)) return false;
  c.at = at + 8;
  return true;
}
/** "cpuset" */
function is56(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 112 && bytes[at + 3] === 117 && bytes[at + 4] === 115 && bytes[at + 5] === 101 && bytes[at + 6] === 116 && bytes[at + 7] === 34)) return false;
  c.at = at + 8;
  return true;
}
/** "assumed" */
function is57(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 97 && bytes[at + 2] === 115 && bytes[at + 3] === 115 && bytes[at + 4] === 117 && bytes[at + 5] === 109 && bytes[at + 6] === 101 && bytes[at + 7] === 100 && bytes[at + 8] === 34)) return false;
  c.at = at + 9;
  return true;
}
/** /runRecord/package_split */
function read18(c) {
  if (is55(c)) return "percpu";
  if (is56(c)) return "cpuset";
  if (is57(c)) return "assumed";
  return fail(c);
}
/** ,"dram_split": */
function is58(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 100 && bytes[at + 3] === 114 && bytes[at + 4] === 97 && bytes[at + 5] === 109 && bytes[at + 6] === 95 && bytes[at + 7] === 115 && bytes[at + 8] === 112 && bytes[at + 9] === 108 && bytes[at + 10] === 105 && bytes[at + 11] === 116 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** "cpu_time" */
function is59(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 112 && bytes[at + 3] === 117 && bytes[at + 4] === 95 && bytes[at + 5] === 116 && bytes[at + 6] === 105 && bytes[at + 7] === 109 && bytes[at + 8] === 101 && bytes[at + 9] === 34)) return false;
  c.at = at + 10;
  return true;
}
/** /runRecord/dram_split */
function read19(c) {
  if (is45(c)) return "processes";
  if (is59(c)) return "cpu_time";
  return fail(c);
}
/** ,"measured_uj": */
function is60(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 101 && bytes[at + 4] === 97 && bytes[at + 5] === 115 && bytes[at + 6] === 117 && bytes[at + 7] === 114 && bytes[at + 8] === 101 && bytes[at + 9] === 100 && bytes[at + 10] === 95 && bytes[at + 11] === 117 && bytes[at + 12] === 106 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** /domainName */
function read21(c) {
  if (c.bytes[c.at] !== 0x22) return fail(c);
  const from = ++c.at;
  let hash = 0;
  hash = run(c, 512, 1, 1, hash);
  hash = run(c, 1024, 0, 63, hash);
  return c.bytes[c.at++] === 0x22 ? known(c, from, hash) : fail(c);
}
/** /energyByDomain */
function read20(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read21(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > Infinity) return fail(c);
    map[key] = read15(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** ,"modelled_uj": */
function is61(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 111 && bytes[at + 4] === 100 && bytes[at + 5] === 101 && bytes[at + 6] === 108 && bytes[at + 7] === 108 && bytes[at + 8] === 101 && bytes[at + 9] === 100 && bytes[at + 10] === 95 && bytes[at + 11] === 117 && bytes[at + 12] === 106 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** ,"estimated_uj": */
function is62(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 101 && bytes[at + 3] === 115 && bytes[at + 4] === 116 && bytes[at + 5] === 105 && bytes[at + 6] === 109 && bytes[at + 7] === 97 && bytes[at + 8] === 116 && bytes[at + 9] === 101 && bytes[at + 10] === 100 && bytes[at + 11] === 95 && bytes[at + 12] === 117 && bytes[at + 13] === 106 && bytes[at + 14] === 34 && bytes[at + 15] === 58)) return false;
  c.at = at + 16;
  return true;
}
/** ,"missing_ms": */
function is63(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 105 && bytes[at + 4] === 115 && bytes[at + 5] === 115 && bytes[at + 6] === 105 && bytes[at + 7] === 110 && bytes[at + 8] === 103 && bytes[at + 9] === 95 && bytes[at + 10] === 109 && bytes[at + 11] === 115 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** /runRecord/missing_ms */
function read22(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read21(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > Infinity) return fail(c);
    map[key] = read7(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** ,"start": */
function is64(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 116 && bytes[at + 4] === 97 && bytes[at + 5] === 114 && bytes[at + 6] === 116 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** "by": */
function is65(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 98 && bytes[at + 2] === 121 && bytes[at + 3] === 34 && bytes[at + 4] === 58)) return false;
  c.at = at + 5;
  return true;
}
/** "prolog" */
function is66(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 112 && bytes[at + 2] === 114 && bytes[at + 3] === 111 && bytes[at + 4] === 108 && bytes[at + 5] === 111 && bytes[at + 6] === 103 && bytes[at + 7] === 34)) return false;
  c.at = at + 8;
  return true;
}
/** "epilog" */
function is67(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 101 && bytes[at + 2] === 112 && bytes[at + 3] === 105 && bytes[at + 4] === 108 && bytes[at + 5] === 111 && bytes[at + 6] === 103 && bytes[at + 7] === 34)) return false;
  c.at = at + 8;
  return true;
}
/** /runStart/by */
function read24(c) {
  if (is66(c)) return "prolog";
  if (is67(c)) return "epilog";
  return fail(c);
}
/** ,"nodelist": */
function is68(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 110 && bytes[at + 3] === 111 && bytes[at + 4] === 100 && bytes[at + 5] === 101 && bytes[at + 6] === 108 && bytes[at + 7] === 105 && bytes[at + 8] === 115 && bytes[at + 9] === 116 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** /runStart/nodelist */
function read25(c) {
  return text(c, 0, 4096);
}
/** ,"cpus_per_node": */
function is69(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 115 && bytes[at + 6] === 95 && bytes[at + 7] === 112 && bytes[at + 8] === 101 && bytes[at + 9] === 114 && bytes[at + 10] === 95 && bytes[at + 11] === 110 && bytes[at + 12] === 111 && bytes[at + 13] === 100 && bytes[at + 14] === 101 && bytes[at + 15] === 34 && bytes[at + 16] === 58)) return false;
  c.at = at + 17;
  return true;
}
/** /runStart/cpus_per_node */
function read26(c) {
  return text(c, 0, 1024);
}
/** ,"gpu_ids": */
function is70(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 103 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 95 && bytes[at + 6] === 105 && bytes[at + 7] === 100 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"gpu_uuids": */
function is71(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 103 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 95 && bytes[at + 6] === 117 && bytes[at + 7] === 117 && bytes[at + 8] === 105 && bytes[at + 9] === 100 && bytes[at + 10] === 115 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** ,"het_job": */
function is72(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 104 && bytes[at + 3] === 101 && bytes[at + 4] === 116 && bytes[at + 5] === 95 && bytes[at + 6] === 106 && bytes[at + 7] === 111 && bytes[at + 8] === 98 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"qos": */
function is73(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 113 && bytes[at + 3] === 111 && bytes[at + 4] === 115 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** ,"reservation": */
function is74(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 101 && bytes[at + 4] === 115 && bytes[at + 5] === 101 && bytes[at + 6] === 114 && bytes[at + 7] === 118 && bytes[at + 8] === 97 && bytes[at + 9] === 116 && bytes[at + 10] === 105 && bytes[at + 11] === 111 && bytes[at + 12] === 110 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** ,"late_ms": */
function is75(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 108 && bytes[at + 3] === 97 && bytes[at + 4] === 116 && bytes[at + 5] === 101 && bytes[at + 6] === 95 && bytes[at + 7] === 109 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** /runStart */
function read23(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is65(c) : is42(c))) { v0 = read24(c); isFirst = false; } else return fail(c);
  let v1;
  if (is68(c)) { v1 = read25(c); isFirst = false; }
  let v2;
  if (is69(c)) { v2 = read26(c); isFirst = false; }
  let v3;
  if (is70(c)) { v3 = read26(c); isFirst = false; }
  let v4;
  if (is71(c)) { v4 = read25(c); isFirst = false; }
  let v5;
  if (is72(c)) { v5 = read9(c); isFirst = false; }
  let v6;
  if (is73(c)) { v6 = read4(c); isFirst = false; }
  let v7;
  if (is74(c)) { v7 = read4(c); isFirst = false; }
  let v8;
  if (is75(c)) { v8 = read7(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "by": v0, "nodelist": v1, "cpus_per_node": v2, "gpu_ids": v3, "gpu_uuids": v4, "het_job": v5, "qos": v6, "reservation": v7, "late_ms": v8 };
}
/** ,"end": */
function is76(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 101 && bytes[at + 3] === 110 && bytes[at + 4] === 100 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** "superseded" */
function is77(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 115 && bytes[at + 2] === 117 && bytes[at + 3] === 112 && bytes[at + 4] === 101 && bytes[at + 5] === 114 && bytes[at + 6] === 115 && bytes[at + 7] === 101 && bytes[at + 8] === 100 && bytes[at + 9] === 101 && bytes[at + 10] === 100 && bytes[at + 11] === 34)) return false;
  c.at = at + 12;
  return true;
}
/** "vanished" */
function is78(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 118 && bytes[at + 2] === 97 && bytes[at + 3] === 110 && bytes[at + 4] === 105 && bytes[at + 5] === 115 && bytes[at + 6] === 104 && bytes[at + 7] === 101 && bytes[at + 8] === 100 && bytes[at + 9] === 34)) return false;
  c.at = at + 10;
  return true;
}
/** "reboot" */
function is79(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 114 && bytes[at + 2] === 101 && bytes[at + 3] === 98 && bytes[at + 4] === 111 && bytes[at + 5] === 111 && bytes[at + 6] === 116 && bytes[at + 7] === 34)) return false;
  c.at = at + 8;
  return true;
}
/** /runEnd/by */
function read28(c) {
  if (is67(c)) return "epilog";
  if (is77(c)) return "superseded";
  if (is78(c)) return "vanished";
  if (is79(c)) return "reboot";
  return fail(c);
}
/** ,"exit_code": */
function is80(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 101 && bytes[at + 3] === 120 && bytes[at + 4] === 105 && bytes[at + 5] === 116 && bytes[at + 6] === 95 && bytes[at + 7] === 99 && bytes[at + 8] === 111 && bytes[at + 9] === 100 && bytes[at + 10] === 101 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** /runEnd/exit_code */
function read29(c) {
  if (c.bytes[c.at] !== 0x22) return fail(c);
  const from = ++c.at;
  let hash = 0;
  hash = run(c, 2, 1, 10, hash);
  hash = run(c, 16, 1, 1, hash);
  hash = run(c, 2, 1, 10, hash);
  return c.bytes[c.at++] === 0x22 ? known(c, from, hash) : fail(c);
}
/** ,"derived_exit_code": */
function is81(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 100 && bytes[at + 3] === 101 && bytes[at + 4] === 114 && bytes[at + 5] === 105 && bytes[at + 6] === 118 && bytes[at + 7] === 101 && bytes[at + 8] === 100 && bytes[at + 9] === 95 && bytes[at + 10] === 101 && bytes[at + 11] === 120 && bytes[at + 12] === 105 && bytes[at + 13] === 116 && bytes[at + 14] === 95 && bytes[at + 15] === 99 && bytes[at + 16] === 111 && bytes[at + 17] === 100 && bytes[at + 18] === 101 && bytes[at + 19] === 34 && bytes[at + 20] === 58)) return false;
  c.at = at + 21;
  return true;
}
/** ,"allocated": */
function is82(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 97 && bytes[at + 3] === 108 && bytes[at + 4] === 108 && bytes[at + 5] === 111 && bytes[at + 6] === 99 && bytes[at + 7] === 97 && bytes[at + 8] === 116 && bytes[at + 9] === 101 && bytes[at + 10] === 100 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** "slurm" */
function is83(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 115 && bytes[at + 2] === 108 && bytes[at + 3] === 117 && bytes[at + 4] === 114 && bytes[at + 5] === 109 && bytes[at + 6] === 34)) return false;
  c.at = at + 7;
  return true;
}
/** "unknown" */
function is84(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 117 && bytes[at + 2] === 110 && bytes[at + 3] === 107 && bytes[at + 4] === 110 && bytes[at + 5] === 111 && bytes[at + 6] === 119 && bytes[at + 7] === 110 && bytes[at + 8] === 34)) return false;
  c.at = at + 9;
  return true;
}
/** /runEnd/allocated/by */
function read31(c) {
  if (is56(c)) return "cpuset";
  if (is83(c)) return "slurm";
  if (is84(c)) return "unknown";
  return fail(c);
}
/** /runEnd/allocated */
function read30(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is65(c) : is42(c))) { v0 = read31(c); isFirst = false; } else return fail(c);
  let v1;
  if (is25(c)) { v1 = read7(c); isFirst = false; }
  let v2;
  if (is30(c)) { v2 = read7(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "by": v0, "cpus": v1, "memory_bytes": v2 };
}
/** ,"wraps": */
function is85(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 119 && bytes[at + 3] === 114 && bytes[at + 4] === 97 && bytes[at + 5] === 112 && bytes[at + 6] === 115 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** ,"resets": */
function is86(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 101 && bytes[at + 4] === 115 && bytes[at + 5] === 101 && bytes[at + 6] === 116 && bytes[at + 7] === 115 && bytes[at + 8] === 34 && bytes[at + 9] === 58)) return false;
  c.at = at + 10;
  return true;
}
/** ,"agent_restarts": */
function is87(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 97 && bytes[at + 3] === 103 && bytes[at + 4] === 101 && bytes[at + 5] === 110 && bytes[at + 6] === 116 && bytes[at + 7] === 95 && bytes[at + 8] === 114 && bytes[at + 9] === 101 && bytes[at + 10] === 115 && bytes[at + 11] === 116 && bytes[at + 12] === 97 && bytes[at + 13] === 114 && bytes[at + 14] === 116 && bytes[at + 15] === 115 && bytes[at + 16] === 34 && bytes[at + 17] === 58)) return false;
  c.at = at + 18;
  return true;
}
/** ,"coverage": */
function is88(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 111 && bytes[at + 4] === 118 && bytes[at + 5] === 101 && bytes[at + 6] === 114 && bytes[at + 7] === 97 && bytes[at + 8] === 103 && bytes[at + 9] === 101 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** "cpu" */
function is89(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 112 && bytes[at + 3] === 117 && bytes[at + 4] === 34)) return false;
  c.at = at + 5;
  return true;
}
/** "dram" */
function is90(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 100 && bytes[at + 2] === 114 && bytes[at + 3] === 97 && bytes[at + 4] === 109 && bytes[at + 5] === 34)) return false;
  c.at = at + 6;
  return true;
}
/** "gpu" */
function is91(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 103 && bytes[at + 2] === 112 && bytes[at + 3] === 117 && bytes[at + 4] === 34)) return false;
  c.at = at + 5;
  return true;
}
/** "other" */
function is92(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 111 && bytes[at + 2] === 116 && bytes[at + 3] === 104 && bytes[at + 4] === 101 && bytes[at + 5] === 114 && bytes[at + 6] === 34)) return false;
  c.at = at + 7;
  return true;
}
/** /domainClass */
function read33(c) {
  if (is89(c)) return "cpu";
  if (is90(c)) return "dram";
  if (is91(c)) return "gpu";
  if (is92(c)) return "other";
  return fail(c);
}
/** /ratio */
function read34(c) {
  return number(c, 0, 1);
}
/** /runEnd/coverage */
function read32(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read33(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > Infinity) return fail(c);
    map[key] = read34(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** /runEnd */
function read27(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is65(c) : is42(c))) { v0 = read28(c); isFirst = false; } else return fail(c);
  let v1;
  if (is80(c)) { v1 = read29(c); isFirst = false; }
  let v2;
  if (is81(c)) { v2 = read3(c); isFirst = false; }
  let v3;
  if (is82(c)) { v3 = read30(c); isFirst = false; }
  let v4;
  if (is85(c)) { v4 = read9(c); isFirst = false; }
  let v5;
  if (is86(c)) { v5 = read9(c); isFirst = false; }
  let v6;
  if (is87(c)) { v6 = read9(c); isFirst = false; }
  let v7;
  if (is88(c)) { v7 = read32(c); isFirst = false; } else return fail(c);
  if (!isByte(c, 125)) return fail(c);
  return { "by": v0, "exit_code": v1, "derived_exit_code": v2, "allocated": v3, "wraps": v4, "resets": v5, "agent_restarts": v6, "coverage": v7 };
}
/** /runRecord */
function read0(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is1(c) : is2(c))) { v0 = read1(c); isFirst = false; } else return fail(c);
  let v1;
  if (is3(c)) { v1 = read2(c); isFirst = false; } else return fail(c);
  let v2;
  if (is5(c)) { v2 = read3(c); isFirst = false; } else return fail(c);
  let v3;
  if (is6(c)) { v3 = read4(c); isFirst = false; } else return fail(c);
  let v4;
  if (is7(c)) { v4 = read4(c); isFirst = false; } else return fail(c);
  let v5;
  if (is8(c)) { v5 = read5(c); isFirst = false; } else return fail(c);
  let v6;
  if (is9(c)) { v6 = read6(c); isFirst = false; } else return fail(c);
  let v7;
  if (is10(c)) { v7 = read7(c); isFirst = false; } else return fail(c);
  let v8;
  if (is11(c)) { v8 = read8(c); isFirst = false; } else return fail(c);
  let v9;
  if (is12(c)) { v9 = read8(c); isFirst = false; } else return fail(c);
  let v10;
  if (is13(c)) { v10 = read7(c); isFirst = false; } else return fail(c);
  let v11;
  if (is14(c)) { v11 = read4(c); isFirst = false; } else return fail(c);
  let v12;
  if (is15(c)) { v12 = read9(c); isFirst = false; } else return fail(c);
  let v13;
  if (is16(c)) { v13 = read7(c); isFirst = false; }
  let v14;
  if (is17(c)) { v14 = read8(c); isFirst = false; } else return fail(c);
  let v15;
  if (is18(c)) { v15 = read10(c); isFirst = false; }
  let v16;
  if (is19(c)) { v16 = read7(c); isFirst = false; }
  let v17;
  if (is20(c)) { v17 = read7(c); isFirst = false; }
  let v18;
  if (is21(c)) { v18 = read4(c); isFirst = false; }
  let v19;
  if (is22(c)) { v19 = read4(c); isFirst = false; }
  let v20;
  if (is23(c)) { v20 = read4(c); isFirst = false; }
  let v21;
  if (is24(c)) { v21 = read9(c); isFirst = false; }
  let v22;
  if (is25(c)) { v22 = read7(c); isFirst = false; }
  let v23;
  if (is26(c)) { v23 = read9(c); isFirst = false; }
  let v24;
  if (is27(c)) { v24 = read7(c); isFirst = false; }
  let v25;
  if (is28(c)) { v25 = read7(c); isFirst = false; }
  let v26;
  if (is29(c)) { v26 = read7(c); isFirst = false; }
  let v27;
  if (is30(c)) { v27 = read7(c); isFirst = false; }
  let v28;
  if (is31(c)) { v28 = read11(c); isFirst = false; }
  let v29;
  if (is40(c)) { v29 = read12(c); isFirst = false; }
  let v30;
  if (is54(c)) { v30 = read18(c); isFirst = false; }
  let v31;
  if (is58(c)) { v31 = read19(c); isFirst = false; }
  let v32;
  if (is60(c)) { v32 = read20(c); isFirst = false; } else return fail(c);
  let v33;
  if (is61(c)) { v33 = read20(c); isFirst = false; }
  let v34;
  if (is62(c)) { v34 = read20(c); isFirst = false; }
  let v35;
  if (is63(c)) { v35 = read22(c); isFirst = false; }
  let v36;
  if (is64(c)) { v36 = read23(c); isFirst = false; }
  let v37;
  if (is76(c)) { v37 = read27(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "schema": v0, "kind": v1, "tool": v2, "cluster": v3, "host": v4, "boot": v5, "instance": v6, "seq": v7, "from": v8, "to": v9, "ms": v10, "node": v11, "job": v12, "restart": v13, "started": v14, "sluid": v15, "slurm_start": v16, "uid": v17, "user": v18, "account": v19, "partition": v20, "nodes": v21, "cpus": v22, "gpus": v23, "cpu_us": v24, "overhead_us": v25, "cpu_estimated_us": v26, "memory_bytes": v27, "io": v28, "gpu": v29, "package_split": v30, "dram_split": v31, "measured_uj": v32, "modelled_uj": v33, "estimated_uj": v34, "missing_ms": v35, "start": v36, "end": v37 };
}
/** {"schema":1,"kind":"host", */
function is93(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 123 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 99 && bytes[at + 4] === 104 && bytes[at + 5] === 101 && bytes[at + 6] === 109 && bytes[at + 7] === 97 && bytes[at + 8] === 34 && bytes[at + 9] === 58 && bytes[at + 10] === 49 && bytes[at + 11] === 44 && bytes[at + 12] === 34 && bytes[at + 13] === 107 && bytes[at + 14] === 105 && bytes[at + 15] === 110 && bytes[at + 16] === 100 && bytes[at + 17] === 34 && bytes[at + 18] === 58 && bytes[at + 19] === 34 && bytes[at + 20] === 104 && bytes[at + 21] === 111 && bytes[at + 22] === 115 && bytes[at + 23] === 116 && bytes[at + 24] === 34 && bytes[at + 25] === 44)) return false;
  c.at = at + 26;
  return true;
}
/** "host" */
function is94(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 104 && bytes[at + 2] === 111 && bytes[at + 3] === 115 && bytes[at + 4] === 116 && bytes[at + 5] === 34)) return false;
  c.at = at + 6;
  return true;
}
/** /hostRecord/kind */
function read36(c) {
  if (is94(c)) return "host";
  return fail(c);
}
/** /hostRecord/nodes */
function read37(c) {
  if (!isByte(c, 91)) return fail(c);
  const items = [];
  if (!isByte(c, 93)) {
    do items.push(read4(c));
    while (isByte(c, 44));
    if (!isByte(c, 93)) return fail(c);
  }
  return items.length >= 0 && items.length <= Infinity ? items : fail(c);
}
/** ,"domains": */
function is95(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 100 && bytes[at + 3] === 111 && bytes[at + 4] === 109 && bytes[at + 5] === 97 && bytes[at + 6] === 105 && bytes[at + 7] === 110 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** "class": */
function is96(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 108 && bytes[at + 3] === 97 && bytes[at + 4] === 115 && bytes[at + 5] === 115 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"class": */
function is97(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 108 && bytes[at + 4] === 97 && bytes[at + 5] === 115 && bytes[at + 6] === 115 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** ,"source": */
function is98(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 111 && bytes[at + 4] === 117 && bytes[at + 5] === 114 && bytes[at + 6] === 99 && bytes[at + 7] === 101 && bytes[at + 8] === 34 && bytes[at + 9] === 58)) return false;
  c.at = at + 10;
  return true;
}
/** /hostDomain/source */
function read40(c) {
  return text(c, 0, 64);
}
/** ,"quality": */
function is99(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 113 && bytes[at + 3] === 117 && bytes[at + 4] === 97 && bytes[at + 5] === 108 && bytes[at + 6] === 105 && bytes[at + 7] === 116 && bytes[at + 8] === 121 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** "measured" */
function is100(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 109 && bytes[at + 2] === 101 && bytes[at + 3] === 97 && bytes[at + 4] === 115 && bytes[at + 5] === 117 && bytes[at + 6] === 114 && bytes[at + 7] === 101 && bytes[at + 8] === 100 && bytes[at + 9] === 34)) return false;
  c.at = at + 10;
  return true;
}
/** "modelled" */
function is101(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 109 && bytes[at + 2] === 111 && bytes[at + 3] === 100 && bytes[at + 4] === 101 && bytes[at + 5] === 108 && bytes[at + 6] === 108 && bytes[at + 7] === 101 && bytes[at + 8] === 100 && bytes[at + 9] === 34)) return false;
  c.at = at + 10;
  return true;
}
/** /hostDomain/quality */
function read41(c) {
  if (is100(c)) return "measured";
  if (is101(c)) return "modelled";
  return fail(c);
}
/** ,"counter_uj": */
function is102(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 111 && bytes[at + 4] === 117 && bytes[at + 5] === 110 && bytes[at + 6] === 116 && bytes[at + 7] === 101 && bytes[at + 8] === 114 && bytes[at + 9] === 95 && bytes[at + 10] === 117 && bytes[at + 11] === 106 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** ,"runs_uj": */
function is103(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 117 && bytes[at + 4] === 110 && bytes[at + 5] === 115 && bytes[at + 6] === 95 && bytes[at + 7] === 117 && bytes[at + 8] === 106 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"system_uj": */
function is104(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 121 && bytes[at + 4] === 115 && bytes[at + 5] === 116 && bytes[at + 6] === 101 && bytes[at + 7] === 109 && bytes[at + 8] === 95 && bytes[at + 9] === 117 && bytes[at + 10] === 106 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** ,"missing_reason": */
function is105(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 105 && bytes[at + 4] === 115 && bytes[at + 5] === 115 && bytes[at + 6] === 105 && bytes[at + 7] === 110 && bytes[at + 8] === 103 && bytes[at + 9] === 95 && bytes[at + 10] === 114 && bytes[at + 11] === 101 && bytes[at + 12] === 97 && bytes[at + 13] === 115 && bytes[at + 14] === 111 && bytes[at + 15] === 110 && bytes[at + 16] === 34 && bytes[at + 17] === 58)) return false;
  c.at = at + 18;
  return true;
}
/** ,"idle_w": */
function is106(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 105 && bytes[at + 3] === 100 && bytes[at + 4] === 108 && bytes[at + 5] === 101 && bytes[at + 6] === 95 && bytes[at + 7] === 119 && bytes[at + 8] === 34 && bytes[at + 9] === 58)) return false;
  c.at = at + 10;
  return true;
}
/** /hostDomain/idle_w */
function read42(c) {
  return number(c, 0, Infinity);
}
/** ,"idle_by": */
function is107(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 105 && bytes[at + 3] === 100 && bytes[at + 4] === 108 && bytes[at + 5] === 101 && bytes[at + 6] === 95 && bytes[at + 7] === 98 && bytes[at + 8] === 121 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** "calibrated" */
function is108(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 97 && bytes[at + 3] === 108 && bytes[at + 4] === 105 && bytes[at + 5] === 98 && bytes[at + 6] === 114 && bytes[at + 7] === 97 && bytes[at + 8] === 116 && bytes[at + 9] === 101 && bytes[at + 10] === 100 && bytes[at + 11] === 34)) return false;
  c.at = at + 12;
  return true;
}
/** /hostDomain/idle_by */
function read43(c) {
  if (is108(c)) return "calibrated";
  if (is101(c)) return "modelled";
  return fail(c);
}
/** ,"calibration": */
function is109(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 97 && bytes[at + 4] === 108 && bytes[at + 5] === 105 && bytes[at + 6] === 98 && bytes[at + 7] === 114 && bytes[at + 8] === 97 && bytes[at + 9] === 116 && bytes[at + 10] === 105 && bytes[at + 11] === 111 && bytes[at + 12] === 110 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** ,"note": */
function is110(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 110 && bytes[at + 3] === 111 && bytes[at + 4] === 116 && bytes[at + 5] === 101 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** /hostDomain */
function read39(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is96(c) : is97(c))) { v0 = read33(c); isFirst = false; } else return fail(c);
  let v1;
  if (is98(c)) { v1 = read40(c); isFirst = false; } else return fail(c);
  let v2;
  if (is99(c)) { v2 = read41(c); isFirst = false; } else return fail(c);
  let v3;
  if (is102(c)) { v3 = read7(c); isFirst = false; } else return fail(c);
  let v4;
  if (is103(c)) { v4 = read15(c); isFirst = false; } else return fail(c);
  let v5;
  if (is51(c)) { v5 = read15(c); isFirst = false; } else return fail(c);
  let v6;
  if (is104(c)) { v6 = read15(c); isFirst = false; } else return fail(c);
  let v7;
  if (is63(c)) { v7 = read7(c); isFirst = false; } else return fail(c);
  let v8;
  if (is105(c)) { v8 = read14(c); isFirst = false; }
  let v9;
  if (is85(c)) { v9 = read9(c); isFirst = false; }
  let v10;
  if (is86(c)) { v10 = read9(c); isFirst = false; }
  let v11;
  if (is106(c)) { v11 = read42(c); isFirst = false; }
  let v12;
  if (is107(c)) { v12 = read43(c); isFirst = false; }
  let v13;
  if (is109(c)) { v13 = read9(c); isFirst = false; }
  let v14;
  if (is110(c)) { v14 = read14(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "class": v0, "source": v1, "quality": v2, "counter_uj": v3, "runs_uj": v4, "idle_uj": v5, "system_uj": v6, "missing_ms": v7, "missing_reason": v8, "wraps": v9, "resets": v10, "idle_w": v11, "idle_by": v12, "calibration": v13, "note": v14 };
}
/** /hostRecord/domains */
function read38(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read21(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > Infinity) return fail(c);
    map[key] = read39(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** ,"whole": */
function is111(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 119 && bytes[at + 3] === 104 && bytes[at + 4] === 111 && bytes[at + 5] === 108 && bytes[at + 6] === 101 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** "source": */
function is112(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 115 && bytes[at + 2] === 111 && bytes[at + 3] === 117 && bytes[at + 4] === 114 && bytes[at + 5] === 99 && bytes[at + 6] === 101 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** /wholeDomain */
function read45(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is112(c) : is98(c))) { v0 = read40(c); isFirst = false; } else return fail(c);
  let v1;
  if (is102(c)) { v1 = read7(c); isFirst = false; } else return fail(c);
  let v2;
  if (is63(c)) { v2 = read7(c); isFirst = false; } else return fail(c);
  let v3;
  if (is105(c)) { v3 = read14(c); isFirst = false; }
  let v4;
  if (is110(c)) { v4 = read14(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "source": v0, "counter_uj": v1, "missing_ms": v2, "missing_reason": v3, "note": v4 };
}
/** /hostRecord/whole */
function read44(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read21(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > Infinity) return fail(c);
    map[key] = read45(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** ,"absent_sources": */
function is113(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 97 && bytes[at + 3] === 98 && bytes[at + 4] === 115 && bytes[at + 5] === 101 && bytes[at + 6] === 110 && bytes[at + 7] === 116 && bytes[at + 8] === 95 && bytes[at + 9] === 115 && bytes[at + 10] === 111 && bytes[at + 11] === 117 && bytes[at + 12] === 114 && bytes[at + 13] === 99 && bytes[at + 14] === 101 && bytes[at + 15] === 115 && bytes[at + 16] === 34 && bytes[at + 17] === 58)) return false;
  c.at = at + 18;
  return true;
}
/** /hostRecord/absent_sources/name */
function read47(c) {
  return text(c, 0, Infinity);
}
/** /hostRecord/absent_sources */
function read46(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read47(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > Infinity) return fail(c);
    map[key] = read14(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** ,"cpu": */
function is114(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** "cpus": */
function is115(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 112 && bytes[at + 3] === 117 && bytes[at + 4] === 115 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** ,"busy_us": */
function is116(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 98 && bytes[at + 3] === 117 && bytes[at + 4] === 115 && bytes[at + 5] === 121 && bytes[at + 6] === 95 && bytes[at + 7] === 117 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"runs_us": */
function is117(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 117 && bytes[at + 4] === 110 && bytes[at + 5] === 115 && bytes[at + 6] === 95 && bytes[at + 7] === 117 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"nice_us": */
function is118(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 110 && bytes[at + 3] === 105 && bytes[at + 4] === 99 && bytes[at + 5] === 101 && bytes[at + 6] === 95 && bytes[at + 7] === 117 && bytes[at + 8] === 115 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** ,"iowait_us": */
function is119(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 105 && bytes[at + 3] === 111 && bytes[at + 4] === 119 && bytes[at + 5] === 97 && bytes[at + 6] === 105 && bytes[at + 7] === 116 && bytes[at + 8] === 95 && bytes[at + 9] === 117 && bytes[at + 10] === 115 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** ,"steal_us": */
function is120(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 115 && bytes[at + 3] === 116 && bytes[at + 4] === 101 && bytes[at + 5] === 97 && bytes[at + 6] === 108 && bytes[at + 7] === 95 && bytes[at + 8] === 117 && bytes[at + 9] === 115 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** ,"guest_us": */
function is121(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 103 && bytes[at + 3] === 117 && bytes[at + 4] === 101 && bytes[at + 5] === 115 && bytes[at + 6] === 116 && bytes[at + 7] === 95 && bytes[at + 8] === 117 && bytes[at + 9] === 115 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** /hostRecord/cpu */
function read48(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is115(c) : is25(c))) { v0 = read9(c); isFirst = false; } else return fail(c);
  let v1;
  if (is116(c)) { v1 = read7(c); isFirst = false; } else return fail(c);
  let v2;
  if (is117(c)) { v2 = read7(c); isFirst = false; } else return fail(c);
  let v3;
  if (is118(c)) { v3 = read7(c); isFirst = false; }
  let v4;
  if (is119(c)) { v4 = read7(c); isFirst = false; }
  let v5;
  if (is120(c)) { v5 = read7(c); isFirst = false; }
  let v6;
  if (is121(c)) { v6 = read7(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "cpus": v0, "busy_us": v1, "runs_us": v2, "nice_us": v3, "iowait_us": v4, "steal_us": v5, "guest_us": v6 };
}
/** ,"memory": */
function is122(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 101 && bytes[at + 4] === 109 && bytes[at + 5] === 111 && bytes[at + 6] === 114 && bytes[at + 7] === 121 && bytes[at + 8] === 34 && bytes[at + 9] === 58)) return false;
  c.at = at + 10;
  return true;
}
/** "total_bytes": */
function is123(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 116 && bytes[at + 2] === 111 && bytes[at + 3] === 116 && bytes[at + 4] === 97 && bytes[at + 5] === 108 && bytes[at + 6] === 95 && bytes[at + 7] === 98 && bytes[at + 8] === 121 && bytes[at + 9] === 116 && bytes[at + 10] === 101 && bytes[at + 11] === 115 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** ,"total_bytes": */
function is124(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 116 && bytes[at + 3] === 111 && bytes[at + 4] === 116 && bytes[at + 5] === 97 && bytes[at + 6] === 108 && bytes[at + 7] === 95 && bytes[at + 8] === 98 && bytes[at + 9] === 121 && bytes[at + 10] === 116 && bytes[at + 11] === 101 && bytes[at + 12] === 115 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** ,"held_bytes": */
function is125(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 104 && bytes[at + 3] === 101 && bytes[at + 4] === 108 && bytes[at + 5] === 100 && bytes[at + 6] === 95 && bytes[at + 7] === 98 && bytes[at + 8] === 121 && bytes[at + 9] === 116 && bytes[at + 10] === 101 && bytes[at + 11] === 115 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** ,"runs_bytes": */
function is126(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 117 && bytes[at + 4] === 110 && bytes[at + 5] === 115 && bytes[at + 6] === 95 && bytes[at + 7] === 98 && bytes[at + 8] === 121 && bytes[at + 9] === 116 && bytes[at + 10] === 101 && bytes[at + 11] === 115 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** /hostRecord/memory */
function read49(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is123(c) : is124(c))) { v0 = read7(c); isFirst = false; } else return fail(c);
  let v1;
  if (is125(c)) { v1 = read7(c); isFirst = false; } else return fail(c);
  let v2;
  if (is126(c)) { v2 = read7(c); isFirst = false; } else return fail(c);
  if (!isByte(c, 125)) return fail(c);
  return { "total_bytes": v0, "held_bytes": v1, "runs_bytes": v2 };
}
/** ,"context": */
function is127(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 111 && bytes[at + 4] === 110 && bytes[at + 5] === 116 && bytes[at + 6] === 101 && bytes[at + 7] === 120 && bytes[at + 8] === 116 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** "looks": */
function is128(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 108 && bytes[at + 2] === 111 && bytes[at + 3] === 111 && bytes[at + 4] === 107 && bytes[at + 5] === 115 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"looks": */
function is129(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 108 && bytes[at + 3] === 111 && bytes[at + 4] === 111 && bytes[at + 5] === 107 && bytes[at + 6] === 115 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** ,"load1": */
function is130(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 108 && bytes[at + 3] === 111 && bytes[at + 4] === 97 && bytes[at + 5] === 100 && bytes[at + 6] === 49 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** "mean": */
function is131(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 109 && bytes[at + 2] === 101 && bytes[at + 3] === 97 && bytes[at + 4] === 110 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** ,"mean": */
function is132(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 101 && bytes[at + 4] === 97 && bytes[at + 5] === 110 && bytes[at + 6] === 34 && bytes[at + 7] === 58)) return false;
  c.at = at + 8;
  return true;
}
/** ,"max": */
function is133(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 97 && bytes[at + 4] === 120 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** /hostRecord/context/load1 */
function read51(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is131(c) : is132(c))) { v0 = read42(c); isFirst = false; } else return fail(c);
  let v1;
  if (is133(c)) { v1 = read42(c); isFirst = false; } else return fail(c);
  if (!isByte(c, 125)) return fail(c);
  return { "mean": v0, "max": v1 };
}
/** ,"cpu_mhz": */
function is134(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 99 && bytes[at + 3] === 112 && bytes[at + 4] === 117 && bytes[at + 5] === 95 && bytes[at + 6] === 109 && bytes[at + 7] === 104 && bytes[at + 8] === 122 && bytes[at + 9] === 34 && bytes[at + 10] === 58)) return false;
  c.at = at + 11;
  return true;
}
/** "min": */
function is135(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 109 && bytes[at + 2] === 105 && bytes[at + 3] === 110 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** ,"min": */
function is136(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 105 && bytes[at + 4] === 110 && bytes[at + 5] === 34 && bytes[at + 6] === 58)) return false;
  c.at = at + 7;
  return true;
}
/** /hostRecord/context/cpu_mhz */
function read52(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is135(c) : is136(c))) { v0 = read42(c); isFirst = false; } else return fail(c);
  let v1;
  if (is132(c)) { v1 = read42(c); isFirst = false; } else return fail(c);
  let v2;
  if (is133(c)) { v2 = read42(c); isFirst = false; } else return fail(c);
  if (!isByte(c, 125)) return fail(c);
  return { "min": v0, "mean": v1, "max": v2 };
}
/** ,"major_faults": */
function is137(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 109 && bytes[at + 3] === 97 && bytes[at + 4] === 106 && bytes[at + 5] === 111 && bytes[at + 6] === 114 && bytes[at + 7] === 95 && bytes[at + 8] === 102 && bytes[at + 9] === 97 && bytes[at + 10] === 117 && bytes[at + 11] === 108 && bytes[at + 12] === 116 && bytes[at + 13] === 115 && bytes[at + 14] === 34 && bytes[at + 15] === 58)) return false;
  c.at = at + 16;
  return true;
}
/** ,"pressure_us": */
function is138(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 112 && bytes[at + 3] === 114 && bytes[at + 4] === 101 && bytes[at + 5] === 115 && bytes[at + 6] === 115 && bytes[at + 7] === 117 && bytes[at + 8] === 114 && bytes[at + 9] === 101 && bytes[at + 10] === 95 && bytes[at + 11] === 117 && bytes[at + 12] === 115 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** "cpu": */
function is139(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 112 && bytes[at + 3] === 117 && bytes[at + 4] === 34 && bytes[at + 5] === 58)) return false;
  c.at = at + 6;
  return true;
}
/** "memory": */
function is140(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 109 && bytes[at + 2] === 101 && bytes[at + 3] === 109 && bytes[at + 4] === 111 && bytes[at + 5] === 114 && bytes[at + 6] === 121 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** "io": */
function is141(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 105 && bytes[at + 2] === 111 && bytes[at + 3] === 34 && bytes[at + 4] === 58)) return false;
  c.at = at + 5;
  return true;
}
/** /hostRecord/context/pressure_us */
function read53(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is139(c) : is114(c))) { v0 = read7(c); isFirst = false; }
  let v1;
  if ((isFirst ? is140(c) : is122(c))) { v1 = read7(c); isFirst = false; }
  let v2;
  if ((isFirst ? is141(c) : is31(c))) { v2 = read7(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "cpu": v0, "memory": v1, "io": v2 };
}
/** ,"disks": */
function is142(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 100 && bytes[at + 3] === 105 && bytes[at + 4] === 115 && bytes[at + 5] === 107 && bytes[at + 6] === 115 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** /hostRecord/context/disks/name */
function read55(c) {
  return text(c, 1, 64);
}
/** "read_bytes": */
function is143(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 114 && bytes[at + 2] === 101 && bytes[at + 3] === 97 && bytes[at + 4] === 100 && bytes[at + 5] === 95 && bytes[at + 6] === 98 && bytes[at + 7] === 121 && bytes[at + 8] === 116 && bytes[at + 9] === 101 && bytes[at + 10] === 115 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** ,"read_bytes": */
function is144(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 101 && bytes[at + 4] === 97 && bytes[at + 5] === 100 && bytes[at + 6] === 95 && bytes[at + 7] === 98 && bytes[at + 8] === 121 && bytes[at + 9] === 116 && bytes[at + 10] === 101 && bytes[at + 11] === 115 && bytes[at + 12] === 34 && bytes[at + 13] === 58)) return false;
  c.at = at + 14;
  return true;
}
/** ,"written_bytes": */
function is145(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 119 && bytes[at + 3] === 114 && bytes[at + 4] === 105 && bytes[at + 5] === 116 && bytes[at + 6] === 116 && bytes[at + 7] === 101 && bytes[at + 8] === 110 && bytes[at + 9] === 95 && bytes[at + 10] === 98 && bytes[at + 11] === 121 && bytes[at + 12] === 116 && bytes[at + 13] === 101 && bytes[at + 14] === 115 && bytes[at + 15] === 34 && bytes[at + 16] === 58)) return false;
  c.at = at + 17;
  return true;
}
/** ,"read_ops": */
function is146(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 101 && bytes[at + 4] === 97 && bytes[at + 5] === 100 && bytes[at + 6] === 95 && bytes[at + 7] === 111 && bytes[at + 8] === 112 && bytes[at + 9] === 115 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** ,"written_ops": */
function is147(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 119 && bytes[at + 3] === 114 && bytes[at + 4] === 105 && bytes[at + 5] === 116 && bytes[at + 6] === 116 && bytes[at + 7] === 101 && bytes[at + 8] === 110 && bytes[at + 9] === 95 && bytes[at + 10] === 111 && bytes[at + 11] === 112 && bytes[at + 12] === 115 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** /traffic */
function read56(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is143(c) : is144(c))) { v0 = read7(c); isFirst = false; } else return fail(c);
  let v1;
  if (is145(c)) { v1 = read7(c); isFirst = false; } else return fail(c);
  let v2;
  if (is146(c)) { v2 = read7(c); isFirst = false; } else return fail(c);
  let v3;
  if (is147(c)) { v3 = read7(c); isFirst = false; } else return fail(c);
  if (!isByte(c, 125)) return fail(c);
  return { "read_bytes": v0, "written_bytes": v1, "read_ops": v2, "written_ops": v3 };
}
/** /hostRecord/context/disks */
function read54(c) {
  if (!isByte(c, 123)) return fail(c);
  const map = {};
  if (isByte(c, 125)) return map;
  let count = 0;
  do {
    const key = read55(c);
    if (key === '__proto__' || !isByte(c, 58) || ++count > 8) return fail(c);
    map[key] = read56(c);
  } while (isByte(c, 44));
  return isByte(c, 125) ? map : fail(c);
}
/** ,"other_disks": */
function is148(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 111 && bytes[at + 3] === 116 && bytes[at + 4] === 104 && bytes[at + 5] === 101 && bytes[at + 6] === 114 && bytes[at + 7] === 95 && bytes[at + 8] === 100 && bytes[at + 9] === 105 && bytes[at + 10] === 115 && bytes[at + 11] === 107 && bytes[at + 12] === 115 && bytes[at + 13] === 34 && bytes[at + 14] === 58)) return false;
  c.at = at + 15;
  return true;
}
/** ,"network_files": */
function is149(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 110 && bytes[at + 3] === 101 && bytes[at + 4] === 116 && bytes[at + 5] === 119 && bytes[at + 6] === 111 && bytes[at + 7] === 114 && bytes[at + 8] === 107 && bytes[at + 9] === 95 && bytes[at + 10] === 102 && bytes[at + 11] === 105 && bytes[at + 12] === 108 && bytes[at + 13] === 101 && bytes[at + 14] === 115 && bytes[at + 15] === 34 && bytes[at + 16] === 58)) return false;
  c.at = at + 17;
  return true;
}
/** /hostRecord/context */
function read50(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is128(c) : is129(c))) { v0 = read9(c); isFirst = false; } else return fail(c);
  let v1;
  if (is130(c)) { v1 = read51(c); isFirst = false; }
  let v2;
  if (is134(c)) { v2 = read52(c); isFirst = false; }
  let v3;
  if (is137(c)) { v3 = read7(c); isFirst = false; }
  let v4;
  if (is138(c)) { v4 = read53(c); isFirst = false; }
  let v5;
  if (is142(c)) { v5 = read54(c); isFirst = false; }
  let v6;
  if (is148(c)) { v6 = read56(c); isFirst = false; }
  let v7;
  if (is149(c)) { v7 = read56(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "looks": v0, "load1": v1, "cpu_mhz": v2, "major_faults": v3, "pressure_us": v4, "disks": v5, "other_disks": v6, "network_files": v7 };
}
/** ,"agent": */
function is150(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 97 && bytes[at + 3] === 103 && bytes[at + 4] === 101 && bytes[at + 5] === 110 && bytes[at + 6] === 116 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** "cpu_us": */
function is151(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 34 && bytes[at + 1] === 99 && bytes[at + 2] === 112 && bytes[at + 3] === 117 && bytes[at + 4] === 95 && bytes[at + 5] === 117 && bytes[at + 6] === 115 && bytes[at + 7] === 34 && bytes[at + 8] === 58)) return false;
  c.at = at + 9;
  return true;
}
/** ,"rss_bytes": */
function is152(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 115 && bytes[at + 4] === 115 && bytes[at + 5] === 95 && bytes[at + 6] === 98 && bytes[at + 7] === 121 && bytes[at + 8] === 116 && bytes[at + 9] === 101 && bytes[at + 10] === 115 && bytes[at + 11] === 34 && bytes[at + 12] === 58)) return false;
  c.at = at + 13;
  return true;
}
/** ,"readings": */
function is153(c) {
  const { bytes, at } = c;
  if (!(bytes[at + 0] === 44 && bytes[at + 1] === 34 && bytes[at + 2] === 114 && bytes[at + 3] === 101 && bytes[at + 4] === 97 && bytes[at + 5] === 100 && bytes[at + 6] === 105 && bytes[at + 7] === 110 && bytes[at + 8] === 103 && bytes[at + 9] === 115 && bytes[at + 10] === 34 && bytes[at + 11] === 58)) return false;
  c.at = at + 12;
  return true;
}
/** /hostRecord/agent */
function read57(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is151(c) : is27(c))) { v0 = read7(c); isFirst = false; } else return fail(c);
  let v1;
  if (is152(c)) { v1 = read7(c); isFirst = false; } else return fail(c);
  let v2;
  if (is153(c)) { v2 = read7(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "cpu_us": v0, "rss_bytes": v1, "readings": v2 };
}
/** /hostRecord */
function read35(c) {
  if (!isByte(c, 123)) return fail(c);
  let isFirst = true;
  let v0;
  if ((isFirst ? is1(c) : is2(c))) { v0 = read1(c); isFirst = false; } else return fail(c);
  let v1;
  if (is3(c)) { v1 = read36(c); isFirst = false; } else return fail(c);
  let v2;
  if (is5(c)) { v2 = read3(c); isFirst = false; } else return fail(c);
  let v3;
  if (is6(c)) { v3 = read4(c); isFirst = false; } else return fail(c);
  let v4;
  if (is7(c)) { v4 = read4(c); isFirst = false; } else return fail(c);
  let v5;
  if (is8(c)) { v5 = read5(c); isFirst = false; } else return fail(c);
  let v6;
  if (is9(c)) { v6 = read6(c); isFirst = false; } else return fail(c);
  let v7;
  if (is10(c)) { v7 = read7(c); isFirst = false; } else return fail(c);
  let v8;
  if (is11(c)) { v8 = read8(c); isFirst = false; } else return fail(c);
  let v9;
  if (is12(c)) { v9 = read8(c); isFirst = false; } else return fail(c);
  let v10;
  if (is13(c)) { v10 = read7(c); isFirst = false; } else return fail(c);
  let v11;
  if (is24(c)) { v11 = read37(c); isFirst = false; } else return fail(c);
  let v12;
  if (is95(c)) { v12 = read38(c); isFirst = false; } else return fail(c);
  let v13;
  if (is111(c)) { v13 = read44(c); isFirst = false; }
  let v14;
  if (is113(c)) { v14 = read46(c); isFirst = false; }
  let v15;
  if (is114(c)) { v15 = read48(c); isFirst = false; } else return fail(c);
  let v16;
  if (is122(c)) { v16 = read49(c); isFirst = false; }
  let v17;
  if (is127(c)) { v17 = read50(c); isFirst = false; }
  let v18;
  if (is150(c)) { v18 = read57(c); isFirst = false; }
  if (!isByte(c, 125)) return fail(c);
  return { "schema": v0, "kind": v1, "tool": v2, "cluster": v3, "host": v4, "boot": v5, "instance": v6, "seq": v7, "from": v8, "to": v9, "ms": v10, "nodes": v11, "domains": v12, "whole": v13, "absent_sources": v14, "cpu": v15, "memory": v16, "context": v17, "agent": v18 };
}
module.exports = (bytes, from, to) => {
  const c = { bytes, at: from, to };
  const record = begins(c, is0) ? read0(c) : begins(c, is93) ? read35(c) : fail(c);
  return c.at === to ? record : null;
};
