// Text as man(7) takes it: https://man7.org/linux/man-pages/man7/groff_man.7.html. mandoc reads the same.

/** A line of text: no character of it is taken for a request or an escape. */
export function escaped(text) {
  return text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll(
      /[^\0-\x7f]/gu,
      (letter) => `\\[u${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^\./, '\\&.');
}

/** Prose: paragraphs apart, words in backquotes in bold, no line long. */
export function prose(text) {
  return text
    .split(/\n+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => wrapped(paragraph).map(marked).join('\n'))
    .join('\n.PP\n');
}

/** A section of a page; nothing where it has no content. */
export function section(title, ...parts) {
  const content = parts.filter((part) => part !== '').join('\n');
  return content === '' ? '' : `.SH ${escaped(title)}\n${content}`;
}

/** A term in bold, and what it is. */
export function term(name, text) {
  return `.TP\n\\fB${escaped(name)}\\fR\n${prose(text) || '\\&'}`;
}

/** A page: its head, then its sections. @param dateS seconds since 1970 */
export function page({ name, volume, dateS, version }, sections) {
  const day = new Date(dateS * 1000).toISOString().slice(0, 10);
  const head = `.TH ${escaped(name.toUpperCase())} ${volume} ${day} "slurm\\-eit ${escaped(version)}" "EIT for Slurm"`;
  return `.\\" Made of the program's own help by scripts/man.\n${head}\n.nh\n.ad l\n${sections.filter((each) => each !== '').join('\n')}\n`;
}

function marked(line) {
  return line
    .split(/`([^`]*)`/)
    .map((part, i) =>
      i % 2 === 1 ? `\\fB${escaped(part)}\\fR` : i === 0 ? escaped(part) : escaped(part).replace(/^\\&/, ''),
    )
    .join('');
}

function wrapped(text) {
  const lines = [''];
  for (const word of text.split(/[ \t]+/)) {
    const last = lines.at(-1);
    // Within backquotes a line goes on: they are marked line by line.
    const isOpen = (last.match(/`/g) ?? []).length % 2 === 1;
    if (last !== '' && last.length + word.length > 75 && !isOpen) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
