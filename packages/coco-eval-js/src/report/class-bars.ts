import { curvePath } from './curves.ts';
import { escape, percent, round, section, tag, thousands } from './html.ts';
import type { ReportClass, ReportClasses } from './types.ts';

/** More lines than this make the page slow; LVIS has 1203 classes. */
const maxRows = 200;

function spark(precision: ArrayLike<number> | undefined): string {
  if (!precision || !Array.from(precision).some((value) => value >= 0)) return '';
  const line = curvePath(precision, 60, 18);
  return tag(
    'svg',
    { class: 'spark', viewBox: '-1 -1 62 20', 'aria-hidden': 'true' },
    tag('path', { class: 'area', d: `${line}V18H0Z` }),
    tag('path', { class: 'line', d: line }),
  );
}

function row({ name, value, mark, precision, groundTruths, detections, group }: ReportClass): string {
  const bar =
    tag('span', { class: 'fill', style: `width:${round(100 * (value ?? 0))}%` }) +
    (mark === undefined || mark === null ? '' : tag('span', { class: 'mark', style: `left:${round(100 * mark)}%` }));
  const badge = group === undefined ? '' : tag('i', { class: 'badge' }, escape(group));
  return tag(
    'li',
    { title: `${thousands(groundTruths)} objects, ${thousands(detections)} detections` },
    tag('span', { class: 'name' }, tag('span', {}, escape(name)), badge),
    tag('span', { class: 'track' }, bar),
    tag('b', {}, percent(value)),
    spark(precision),
    tag('span', { class: 'count' }, thousands(groundTruths)),
  );
}

/** One bar per class, best first; classes without an object are only counted. */
export function classesSection({ valueName, markName, rows }: ReportClasses): string {
  const counted = rows.filter(({ value }) => value !== null).toSorted((a, b) => b.value! - a.value! || b.groundTruths - a.groundTruths);
  const half = maxRows / 2;
  const shown = counted.length > maxRows ? [...counted.slice(0, half), ...counted.slice(-half)] : counted;
  const cut = counted.length > maxRows ? ` Shown: the best and the worst ${half} of ${counted.length} classes.` : '';
  const without = rows.length - counted.length;
  const empty = without === 0 ? '' : ` Not counted: ${without} ${without === 1 ? 'class' : 'classes'} without an object.`;
  const marks = markName === undefined ? '' : `, tick: ${markName}`;
  const curves = rows.some(({ precision }) => precision) ? ', small curve: precision over recall at the lowest IoU' : '';
  const grouped = rows.some(({ group }) => group !== undefined);
  return section(
    'Classes',
    `Bar: ${valueName}${marks}${curves}, last number: objects in the ground truth.${cut}${empty}`,
    tag('ol', { class: grouped ? 'classes grouped' : 'classes' }, ...shown.map(row)),
  );
}
