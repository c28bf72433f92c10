import { XmlScanner } from './xml-scanner';

/** An element: its text, or its elements and attributes by name. */
export type XmlNode = string | Readonly<Record<string, unknown>>;

const ATTRIBUTE = '@';
const TEXT = '#text';
const CDATA = '<![CDATA[';

const ATTRIBUTES = /([\w.:-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;

/** An element whose end has not come. */
interface Begun {
  readonly name: string;
  text: string;
  /** Its elements, each an array of those of its name, and its attributes; null: it has none so far. */
  fields: Record<string, unknown> | null;
}

/**
 * Every value stays the text that it is: entities too. White space around a text is left out, comments and processing instructions
 * are passed over.
 * @returns an element that holds the document's; {@link childrenOf} gives them
 * @throws EitError EIT_NVIDIA_SMI for what {@link XmlScanner} refuses
 */
export function parseXml(xml: string): XmlNode {
  const scanner = new XmlScanner(xml, 0);
  const top: Begun = { name: '', text: '', fields: noFields() };
  const open: Begun[] = [top];
  for (let token = scanner.next(), from = 0; token !== null; from = scanner.end, token = scanner.next()) {
    const inner = open.at(-1) ?? top;
    const { start, end, name } = scanner;
    if (start > from) inner.text += xml.slice(from, start).trim();
    if (token === 'close') {
      open.pop();
      add(open.at(-1) ?? top, inner);
    } else if (token === 'aside') {
      if (xml.startsWith(CDATA, start)) inner.text += xml.slice(start + CDATA.length, end - ']]>'.length);
    } else {
      const begun: Begun = { name, text: '', fields: attributes(xml.slice(start + 1 + name.length, end)) };
      if (token === 'open') open.push(begun);
      else add(inner, begun);
    }
  }
  return top.fields ?? '';
}

function add(parent: Begun, { name, text, fields }: Begun): void {
  if (fields !== null && text !== '') fields[TEXT] = text;
  parent.fields ??= noFields();
  const found = parent.fields[name];
  if (Array.isArray(found)) found.push(fields ?? text);
  else parent.fields[name] = [fields ?? text];
}

/** What a tag says behind its name. */
function attributes(tag: string): Record<string, unknown> | null {
  if (!tag.includes('=')) return null;
  const fields = noFields();
  for (const [, name = '', double, single = ''] of tag.matchAll(ATTRIBUTES)) {
    fields[ATTRIBUTE + name] = (double ?? single).trim();
  }
  return fields;
}

/** Without those that objects have of their own: a tag may have any name. */
function noFields(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

/** The elements of a name in an element, in their order. */
export function childrenOf(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  if (node === undefined || typeof node === 'string' || !Object.hasOwn(node, name)) return [];
  const found = node[name];
  return Array.isArray(found) ? (found as XmlNode[]) : [];
}

/** The first element of a name, down a path of names. */
export function childOf(node: XmlNode | undefined, ...path: readonly string[]): XmlNode | undefined {
  let found = node;
  for (const name of path) [found] = childrenOf(found, name);
  return found;
}

/**
 * The text of the first element down a path of names, without white space around it.
 * @returns null where there is no such element, and for one that holds others
 */
export function textOf(node: XmlNode | undefined, ...path: readonly string[]): string | null {
  const found = childOf(node, ...path);
  if (found === undefined) return null;
  if (typeof found === 'string') return found.trim();
  const isLeaf = Object.keys(found).every((key) => key === TEXT || key.startsWith(ATTRIBUTE));
  const text = isLeaf && Object.hasOwn(found, TEXT) ? found[TEXT] : isLeaf ? '' : null;
  return typeof text === 'string' ? text.trim() : null;
}

/** The value of an attribute; null where the element has none of that name. */
export function attributeOf(node: XmlNode, name: string): string | null {
  const key = ATTRIBUTE + name;
  if (typeof node === 'string' || !Object.hasOwn(node, key)) return null;
  const value = node[key];
  return typeof value === 'string' ? value.trim() : null;
}
