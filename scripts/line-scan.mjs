// What the generated reader of lines is made of: `npm run generate` copies it there. `c` is where it stands: { bytes, at, to }.

const NO_BYTES = Buffer.alloc(0);

/** Texts that were read lately: names and times come again line after line, and are made once. */
const KNOWN = Array.from({ length: 4096 }, () => '');
const LONGEST_KNOWN = 64;

/** Ends in a place from which nothing comes to the line's end: whoever reads on finds nothing more. */
export function fail(c) {
  c.at = c.to + 1;
  c.bytes = NO_BYTES;
  return undefined;
}

/** Whether this byte comes next; it is then passed over. */
export function isByte(c, byte) {
  if (c.bytes[c.at] !== byte) return false;
  c.at++;
  return true;
}

/** Whether what `is` looks for comes next; it stays before that. */
export function begins(c, is) {
  const { at } = c;
  const isThere = is(c);
  c.at = at;
  return isThere;
}

/** Up to 15 digits are exact. */
export function integer(c, least) {
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
export function number(c, least, most) {
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
export function run(c, bit, least, most, hash) {
  const { bytes, at } = c;
  let to = at;
  for (; to - at < most && (CLASS[bytes[to]] & bit) !== 0; to++) hash = (Math.imul(hash, 31) + bytes[to]) | 0;
  if (to - at < least) return fail(c);
  c.at = to;
  return hash;
}

/** A text without escapes. */
export function text(c, least, most) {
  if (!isByte(c, 0x22)) return fail(c);
  const from = c.at;
  const hash = run(c, PLAIN, least, most, 0);
  return isByte(c, 0x22) ? known(c, from, hash) : fail(c);
}

/** The text from `from` to the quotation mark that was passed over last. */
export function known(c, from, hash) {
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
