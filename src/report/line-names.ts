/** Names of lines that are of no group: of all, and of those that are not shown. */
export const TOTAL = 'Total';
export const OTHERS = '(others)';
