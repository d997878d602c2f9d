import { escape, round, section, tag, thousands } from './html.ts';
import type { ReportError, ReportTide } from './types.ts';

function bars(errors: readonly ReportError[], most: number): string {
  const lines = errors.map(({ type, meaning, gain, count }) =>
    tag(
      'li',
      {},
      tag('span', { class: 'name' }, tag('b', {}, escape(type)), ' ', escape(meaning)),
      tag(
        'span',
        { class: 'track' },
        tag('span', { class: `fill error-${type.toLowerCase()}`, style: `width:${round((100 * Math.max(0, gain ?? 0)) / most)}%` }),
      ),
      tag('b', {}, gain === null ? '–' : (100 * gain).toFixed(2)),
      tag('span', { class: 'count' }, count === undefined ? '' : thousands(count)),
    ),
  );
  return tag('ol', { class: 'bars tide' }, ...lines);
}

/** AP gained by repairing each kind of error. */
export function tideSection({ ap, positive, main, special }: ReportTide): string {
  const most = Math.max(1e-9, ...[...main, ...special].map(({ gain }) => gain ?? 0));
  return section(
    'What the mistakes cost',
    `TIDE: points of AP${Math.round(positive * 100)} (now ${ap === null ? '–' : (100 * ap).toFixed(2)}) gained if one kind of mistake were repaired. Last number: how often it happens.`,
    bars(main, most),
    tag('h3', {}, 'All at once'),
    bars(special, most),
  );
}
