// The place of a measured table in docs/accuracy.md.
const BEGIN = '<!-- gpu-table -->';
const END = '<!-- /gpu-table -->';

/**
 * The page with the table between its marks, in place of what was there.
 * @throws Error where the page has not one such place
 */
export function withTable(page, table) {
  const [before, rest, more] = page.split(BEGIN);
  const after = rest?.split(END);
  if (after?.length !== 2 || more !== undefined) throw new Error(`the page has not one ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${table.trim()}\n\n${END}${after[1]}`;
}
