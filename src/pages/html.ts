/** Text that is HTML already; all else is escaped where it is put into a page. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand in a template: texts and numbers are escaped, lists are joined, nothing is left out for null and false. */
export type Piece = Html | string | number | null | undefined | false | readonly Piece[];

/** Makes HTML of a template: whatever is put in is text, unless it is {@link Html}. For elements and attributes in double quotes. */
export function markup(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let text = strings[0] ?? '';
  pieces.forEach((piece, i) => {
    text += asText(piece) + (strings[i + 1] ?? '');
  });
  return new Html(text);
}

function asText(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return '';
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'object') return piece.map(asText).join('');
  return escapeHtml(String(piece));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** JSON that can stand in a script element: no `<` of it ends the element or begins a comment. */
export function inlineJson(value: unknown): Html {
  return new Html(JSON.stringify(value).replace(/[<\u2028\u2029]/g, escapeUnit));
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
