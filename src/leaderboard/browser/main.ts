/** Sorts a table by a column: each cell that has a number says it in `data-value`. */
for (const table of document.querySelectorAll<HTMLTableElement>('table[data-sortable]')) {
  const heads = [...table.querySelectorAll<HTMLTableCellElement>('thead th')];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    button.addEventListener('click', () => {
      const isUp = head.getAttribute('aria-sort') !== 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', isUp ? 'ascending' : 'descending');
      sortRows(table, column, isUp);
    });
    head.append(button);
  });
}

/** Rows without a value stay last, whichever way. */
function sortRows(table: HTMLTableElement, column: number, isUp: boolean): void {
  const body = table.tBodies[0];
  if (body === undefined) return;
  const rows = [...body.rows].map((row) => {
    const cell = row.cells[column];
    const told = cell?.dataset['value'];
    return { row, value: told === undefined ? (cell?.textContent ?? '') : told === '' ? null : Number(told) };
  });
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    const order =
      typeof a.value === 'number' && typeof b.value === 'number'
        ? a.value - b.value
        : String(a.value).localeCompare(String(b.value), 'en');
    return isUp ? order : -order;
  });
  body.append(...rows.map(({ row }) => row));
}
