import { DateTime } from 'luxon';
import type { QuotaState } from '../generated/report';
import { bar } from './bar';
import type { View } from './format';
import { cut, displayWidth, pad, visible } from './printable';
import { quotaAmountText, shareText } from './units';

const GAP = '  ';
const TITLES = ['Quota', 'Used', 'Limit', 'Share', 'Forecast', 'Until'];
const WIDEST_NAME = 48;
const WIDEST_BAR = 20;
const NARROWEST_BAR = 8;

/** A line of the table of quotas, and whether its limit is reached. */
export interface QuotaLine {
  readonly text: string;
  readonly isOver: boolean;
}

/** Quotas as a table with a bar for each share, where the terminal has room for them; the first line is its head. */
export function quotaLines(
  quotas: readonly QuotaState[],
  { timeZone, terminal }: Pick<View, 'timeZone' | 'terminal'>,
): QuotaLine[] {
  const rows = [TITLES, ...quotas.map((quota) => cells(quota, timeZone))];
  const widths = TITLES.map((_, i) => Math.max(...rows.map((row) => displayWidth(row[i] ?? ''))));
  const width = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (TITLES.length - 1);
  const room = terminal?.bars ? Math.min(WIDEST_BAR, terminal.width - width - GAP.length) : 0;
  return rows.map((row, i) => {
    const quota = quotas[i - 1];
    const padded = row.map((cell, at) => pad(cell, widths[at] ?? 0, at === 0 || at === 5 ? 'left' : 'right'));
    const share = quota === undefined || room < NARROWEST_BAR ? '' : bar(quota.share ?? 1, room);
    return { text: [...padded, share].join(GAP).trimEnd(), isOver: quota?.state === 'over' };
  });
}

/** What to know about the figures of the table of quotas. */
export function quotaNote(quotas: readonly QuotaState[], { timeZone }: Pick<View, 'timeZone'>): string {
  const [first] = quotas;
  const until =
    typeof first?.data_until === 'string'
      ? `data until ${localMinute(first.data_until, timeZone)}`
      : 'no data yet';
  const over = quotas.filter(({ state }) => state === 'over').length;
  const reached = over === 0 ? '' : ` Reached: ${over} of ${quotas.length}.`;
  const unknown = quotas.filter((quota) => quota.unknown > 0 && quota.per !== 'user');
  const kinds = [...new Set(unknown.map(({ per }) => per))].join(', ');
  const lacks = kinds === '' ? '' : ` Runs that do not tell their ${kinds} are in no quota of that kind.`;
  return `Quotas: ${until}, running jobs included. Forecast: as if use went on until the end as it did so far.${reached}${lacks}`;
}

function cells(quota: QuotaState, timeZone: string): string[] {
  const { per, name, period, used, limit, unit, share, forecast, until } = quota;
  const whose = `${per === 'qos' ? 'QOS' : per} ${cut(visible(name), WIDEST_NAME)}`;
  return [
    `${whose}, ${period.endsWith('days') ? `last ${period}` : period}`,
    quotaAmountText(used, unit),
    quotaAmountText(limit, unit),
    share === null ? '-' : shareText(share),
    forecast === null ? '-' : quotaAmountText(forecast, unit),
    until === null ? '-' : localMinute(until, timeZone),
  ];
}

function localMinute(utc: string, timeZone: string): string {
  return DateTime.fromISO(utc, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm');
}
