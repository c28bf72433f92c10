import { XMLParser } from 'fast-xml-parser';

/** An element: its text, or its elements and attributes by name. */
export type XmlNode = string | Readonly<Record<string, unknown>>;

const ATTRIBUTE = '@';
const TEXT = '#text';

/** Every value stays the text that it is, and every element is an array of those of its name. */
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: ATTRIBUTE,
  textNodeName: TEXT,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  trimValues: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  jPath: false,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
});

/**
 * @returns an element that holds the document's; {@link childrenOf} gives them
 * @throws what the parser throws: for names that objects have of their own, for tags that do not close
 */
export function parseXml(xml: string): XmlNode {
  return parser.parse(xml) as XmlNode;
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
