const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A part of 1 as a bar of block characters, at most `width` columns long; what is not 0 shows. */
export function bar(part: number, width: number): string {
  const eighths = Math.max(part > 0 ? 1 : 0, Math.round(Math.min(1, part) * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
