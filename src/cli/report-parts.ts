/** The files in dist/ that eit-report is made of. */
export const PARTS = { help: 'eit-report-help.js', whole: 'eit-report-whole.js' } as const;
