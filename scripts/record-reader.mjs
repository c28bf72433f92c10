// Makes, of the record's schema, code that reads and checks a line in one go over its bytes: several times as fast as JSON.parse and a
// validator. It knows only the form in which agents write (keys in the schema's order, no blanks, no escapes, ASCII) and gives null for
// everything else, which then goes the slow way: it may refuse what is valid, and never accepts what is not.

import { readFileSync } from 'node:fs';

const SCAN = readFileSync(new URL('line-scan.mjs', import.meta.url), 'utf8').replaceAll(
  'export function',
  'function',
);

/** Printable ASCII but for the quotation mark and the backslash. */
const PLAIN = '[ -!#-\\[\\]-~]';

/**
 * @param schema draft-07, with definitions
 * @param kinds names of the definitions that a line can be, each beginning with constants that tell it from the others
 * @param slow names of properties that are left to the slow way
 */
export function readerCode(schema, kinds, slow) {
  const code = new ReaderCode(schema, slow);
  const readers = kinds.map((kind) => [
    code.opening(schema.definitions[kind]),
    code.reader(`/${kind}`, schema.definitions[kind]),
  ]);
  const choice = readers.map(([opening, reader]) => `begins(c, ${opening}) ? ${reader}(c)`).join(' : ');
  return `${code.text()}
module.exports = (bytes, from, to) => {
  const c = { bytes, at: from, to };
  const record = ${choice} : fail(c);
  return c.at === to ? record : null;
};
`;
}

class ReaderCode {
  #schema;
  #slow;
  #functions = [];
  /** Names of functions by what they read. */
  #readers = new Map();
  #literals = new Map();
  /** Classes of characters, each a bit of a table. */
  #classes = new Map();

  constructor(schema, slow) {
    this.#schema = schema;
    this.#slow = new Set(slow);
  }

  text() {
    const plain = this.#classBit(PLAIN);
    const classes = [...this.#classes].map(([of, bit]) => `[/${of}/, ${bit}]`).join(', ');
    return `'use strict';
const PLAIN = ${plain};
const CLASS = new Uint16Array(256);
for (const [of, bit] of [${classes}]) {
  for (let i = 0; i < 128; i++) if (of.test(String.fromCharCode(i))) CLASS[i] |= bit;
}
${SCAN}
${this.#functions.join('\n')}`;
  }

  /** The bytes with which an object of constants begins. */
  opening({ properties }) {
    const constants = Object.entries(properties).filter(([, { const: value }]) => value !== undefined);
    return this.#literal(
      `{${constants.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value.const)}`).join(',')},`,
    );
  }

  /** Name of a function that reads a value of the schema. */
  reader(path, schema) {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.split('/').at(-1);
      return this.reader(`/${name}`, this.#schema.definitions[name]);
    }
    const key = JSON.stringify(schema, (name, value) =>
      ['title', 'description'].includes(name) && typeof value === 'string' ? undefined : value,
    );
    const made = this.#readers.get(key);
    if (made !== undefined) return made;
    const name = `read${this.#readers.size}`;
    this.#readers.set(key, name);
    this.#functions.push(`/** ${path} */\nfunction ${name}(c) {\n  ${this.#body(path, schema)}\n}`);
    return name;
  }

  #body(path, schema) {
    const { type, minimum = 0, maximum = Infinity, minLength = 0, maxLength = Infinity, pattern } = schema;
    const values = schema.enum ?? ('const' in schema ? [schema.const] : undefined);
    if (values !== undefined) {
      return [
        ...values.map((value) => `if (${this.#is(JSON.stringify(value))}) return ${JSON.stringify(value)};`),
        'return fail(c);',
      ].join('\n  ');
    }
    if (type === 'integer' && minimum >= 0 && maximum === Infinity) return `return integer(c, ${minimum});`;
    if (type === 'number' && minimum >= 0) return `return number(c, ${minimum}, ${maximum});`;
    if (type === 'string' && pattern === undefined) return `return text(c, ${minLength}, ${maxLength});`;
    if (type === 'string') return this.#patternBody(pattern);
    if (type === 'array') return this.#arrayBody(path, schema);
    if (type === 'object')
      return schema.properties === undefined ? this.#mapBody(path, schema) : this.#objectBody(path, schema);
    throw new Error(
      `${path}: the reader of lines does not know how to read this; write it, or name it among the slow ones`,
    );
  }

  /** Of a pattern of classes and characters in a row; what it takes greedily and then misses, the slow way may find. */
  #patternBody(pattern) {
    const steps = ['if (c.bytes[c.at] !== 0x22) return fail(c);', 'const from = ++c.at;', 'let hash = 0;'];
    if (!/^\^(\\d|\\\.|\[[^\]]*\]|[\w:-]|\{\d+(,\d+)?\})*\$$/.test(pattern)) {
      return `const value = text(c, 0, Infinity);\n  return /${pattern}/.test(value) ? value : fail(c);`;
    }
    for (const [, part, least = '1', most = least] of pattern
      .slice(1, -1)
      .matchAll(/(\\?[^{}[]|\[[^\]]*\])(?:\{(\d+)(?:,(\d+))?\})?/g)) {
      const of = part === '\\d' ? '[0-9]' : part.startsWith('[') ? part : `[${part}]`;
      steps.push(`hash = run(c, ${this.#classBit(of)}, ${least}, ${most}, hash);`);
    }
    return [...steps, 'return c.bytes[c.at++] === 0x22 ? known(c, from, hash) : fail(c);'].join('\n  ');
  }

  #arrayBody(path, { items, minItems = 0, maxItems = Infinity }) {
    const item = this.reader(`${path}/items`, items);
    if (minItems === maxItems) {
      const values = Array.from(
        { length: minItems },
        (_, i) => `const v${i} = ${this.#is(i === 0 ? '[' : ',')} ? ${item}(c) : fail(c);`,
      );
      return [
        ...values,
        `return ${this.#is(']')} ? [${values.map((_, i) => `v${i}`).join(', ')}] : fail(c);`,
      ].join('\n  ');
    }
    return `if (!${this.#is('[')}) return fail(c);
  const items = [];
  if (!${this.#is(']')}) {
    do items.push(${item}(c));
    while (${this.#is(',')});
    if (!${this.#is(']')}) return fail(c);
  }
  return items.length >= ${minItems} && items.length <= ${maxItems} ? items : fail(c);`;
  }

  /** Names chosen by who writes; `__proto__` would not become a property. */
  #mapBody(path, { propertyNames = {}, additionalProperties, maxProperties = Infinity }) {
    const key = this.reader(
      `${path}/name`,
      propertyNames.$ref === undefined ? { type: 'string', ...propertyNames } : propertyNames,
    );
    const value = this.reader(`${path}/value`, additionalProperties);
    return `if (!${this.#is('{')}) return fail(c);
  const map = {};
  if (${this.#is('}')}) return map;
  let count = 0;
  do {
    const key = ${key}(c);
    if (key === '__proto__' || !${this.#is(':')} || ++count > ${maxProperties}) return fail(c);
    map[key] = ${value}(c);
  } while (${this.#is(',')});
  return ${this.#is('}')} ? map : fail(c);`;
  }

  #objectBody(path, { properties, required = [], additionalProperties }) {
    if (additionalProperties !== false)
      throw new Error(`${path}: the reader of lines wants additionalProperties: false`);
    const steps = [`if (!${this.#is('{')}) return fail(c);`, 'let isFirst = true;'];
    const names = Object.keys(properties).filter((name) => !this.#slow.has(name));
    names.forEach((name, i) => {
      const key = `${JSON.stringify(name)}:`;
      const isThere = names.slice(0, i).some((earlier) => required.includes(earlier))
        ? this.#is(`,${key}`)
        : `(isFirst ? ${this.#is(key)} : ${this.#is(`,${key}`)})`;
      const read = this.reader(`${path}/${name}`, properties[name]);
      steps.push(
        `let v${i};`,
        `if (${isThere}) { v${i} = ${read}(c); isFirst = false; }${required.includes(name) ? ' else return fail(c);' : ''}`,
      );
    });
    steps.push(
      `if (!${this.#is('}')}) return fail(c);`,
      `return { ${names.map((name, i) => `${JSON.stringify(name)}: v${i}`).join(', ')} };`,
    );
    return steps.join('\n  ');
  }

  /** Condition that these bytes come next; they are then passed over. */
  #is(text) {
    if (text.length === 1) return `isByte(c, ${text.codePointAt(0)})`;
    return `${this.#literal(text)}(c)`;
  }

  /** Name of a function: byte by byte it is a third faster than a loop. */
  #literal(text) {
    const made = this.#literals.get(text);
    if (made !== undefined) return made;
    const name = `is${this.#literals.size}`;
    this.#literals.set(text, name);
    const bytes = [...Buffer.from(text)].map((byte, i) => `bytes[at + ${i}] === ${byte}`);
    this.#functions.push(`/** ${text} */
function ${name}(c) {
  const { bytes, at } = c;
  if (!(${bytes.join(' && ')})) return false;
  c.at = at + ${bytes.length};
  return true;
}`);
    return name;
  }

  #classBit(of) {
    if (!this.#classes.has(of)) this.#classes.set(of, 1 << this.#classes.size);
    if (this.#classes.size > 16) throw new Error('too many classes of characters for a table of 16 bits');
    return this.#classes.get(of);
  }
}
