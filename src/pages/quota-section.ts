import type { QuotaState } from '../generated/report';
import { localTime } from '../report/local-time';
import { visible } from '../report/printable';
import { percentText, quotaAmountText } from '../report/units';
import { markup } from './html';
import type { PageContent } from './content';
import type { PageSection } from './page';
import { shareBar } from './share-bar';

/** What of the quotas is used; null where there are none to tell of. */
export function quotaSection({ report: { quotas }, view }: PageContent): PageSection | null {
  if (quotas === undefined || quotas.length === 0) return null;
  const forecastShare = ({ forecast, limit }: QuotaState): { mark?: number } =>
    forecast === null || limit === 0 ? {} : { mark: forecast / limit };
  return {
    id: 'quotas',
    title: 'Quotas',
    body: markup`<ul class="bars">${quotas.map((quota) => {
      const { per, name, period, used, limit, unit, share, state, forecast, until } = quota;
      const told =
        share === null ? 'limit 0' : share > 1 ? `${Math.round(share * 100)} %` : percentText(share);
      return markup`<li><span class="label">${per} <bdi>${visible(name)}</bdi>,
              ${period.endsWith('days') ? `last ${period}` : period}${state === 'over' ? markup` <strong>(reached)</strong>` : null}</span><span class="drawn">${shareBar(share ?? 1, { isOver: state === 'over', ...forecastShare(quota) })}</span><span class="figure">${quotaAmountText(used, unit)} of ${quotaAmountText(limit, unit)},
              ${told}${forecast === null ? null : markup`<br />at the end ${quotaAmountText(forecast, unit)}`}${until === null ? null : markup`<br />until ${localTime(until, view.timeZone)}`}</span></li>`;
    })}</ul><p class="soft">The line in a bar is what will be used at the end of the period if all goes on as it did.</p>`,
  };
}
