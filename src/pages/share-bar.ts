import { px } from './chart';
import { markup, type Html } from './html';

/**
 * A bar of a share. What it says stands beside it as text.
 * @param share of 1; more is shown as all
 * @param options.isOver whether it is drawn as too much; options.mark a second share, as a line
 */
export function shareBar(
  share: number,
  { isOver = false, mark }: { isOver?: boolean; mark?: number } = {},
): Html {
  const of = (part: number): string => px(Math.max(0, Math.min(1, part)) * 400);
  return markup`<svg viewBox="0 0 400 16" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="400" height="16" rx="3" /><rect class="fill${isOver ? ' over' : ''}" width="${of(share)}" height="16" rx="3" />${mark === undefined ? null : markup`<line class="mark" x1="${of(mark)}" x2="${of(mark)}" y1="0" y2="16" />`}</svg>`;
}
