/** Sequences of a terminal's keys (xterm, and the Linux console), by what is behind the ESC. */
const SEQUENCES: Readonly<Record<string, string>> = {
  '[A': 'up',
  '[B': 'down',
  OA: 'up',
  OB: 'down',
  '[5~': 'page-up',
  '[6~': 'page-down',
  '[H': 'home',
  '[F': 'end',
  OH: 'home',
  OF: 'end',
  '[1~': 'home',
  '[4~': 'end',
};

const NAMES: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'ctrl-c',
  '\x1a': 'ctrl-z',
  '\f': 'ctrl-l',
};

const ESC = '\x1b';

/** The keys of what a terminal in raw mode sent: printing characters as they are, others by a name; what is unknown is left out. */
export function parseKeys(text: string): string[] {
  const keys: string[] = [];
  let rest = text;
  while (rest !== '') {
    const sequence = rest.startsWith(ESC)
      ? /^(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/.exec(rest.slice(1))?.[0]
      : undefined;
    if (sequence !== undefined) {
      const name = SEQUENCES[sequence];
      if (name !== undefined) keys.push(name);
      rest = rest.slice(1 + sequence.length);
      continue;
    }
    const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    rest = rest.slice(character.length);
    if (character === ESC) keys.push('escape');
    else if (NAMES[character] !== undefined) keys.push(NAMES[character]);
    else if (!/\p{C}/u.test(character)) keys.push(character);
  }
  return keys;
}
