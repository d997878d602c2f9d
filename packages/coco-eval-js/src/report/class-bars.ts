import { curvePath } from './curves.ts';
import { escape, percent, round, section, tag, thousands } from './html.ts';
import type { ReportClass, ReportClasses } from './types.ts';

/** Beyond this many the small curves, most of a page, are left out; LVIS has 1203 classes. */
const manyRows = 200;
/** More lines than this make the page slow. */
const maxRows = 5000;

function button(order: string, label: string, pressed = false): string {
  return tag('button', { type: 'button', 'data-order': order, 'aria-pressed': String(pressed) }, escape(label));
}

/** What searches and sorts the list that follows, where it is long enough to want that; without scripts it is hidden. */
export function listTools(rows: number, value: string): string {
  if (rows < 12) return '';
  return tag(
    'div',
    { class: 'tools', hidden: '' },
    tag('input', { type: 'search', placeholder: `search ${thousands(rows)} classes`, 'aria-label': 'Search classes' }),
    tag('span', {}, button('value', value, true), button('-value', `lowest ${value}`), button('name', 'name'), button('count', 'objects')),
    tag('output', {}),
  );
}

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

function row({ name, value, mark, precision, groundTruths, detections, group }: ReportClass, curves: boolean): string {
  const bar =
    tag('span', { class: 'fill', style: `width:${round(100 * (value ?? 0))}%` }) +
    (mark === undefined || mark === null ? '' : tag('span', { class: 'mark', style: `left:${round(100 * mark)}%` }));
  const badge = group === undefined ? '' : tag('i', { class: 'badge' }, escape(group));
  return tag(
    'li',
    {
      title: `${thousands(groundTruths)} objects, ${thousands(detections)} detections`,
      'data-name': `${name} ${group ?? ''}`.trim().toLowerCase(),
      'data-value': round(100 * (value ?? -1)),
      'data-count': groundTruths,
    },
    tag('span', { class: 'name' }, tag('span', {}, escape(name)), badge),
    tag('span', { class: 'track' }, bar),
    tag('b', {}, percent(value)),
    curves ? spark(precision) : '',
    tag('span', { class: 'count' }, thousands(groundTruths)),
  );
}

/** One bar per class, best first; classes without an object are only counted. */
export function classesSection({ valueName, markName, rows }: ReportClasses): string {
  const counted = rows.filter(({ value }) => value !== null).toSorted((a, b) => b.value! - a.value! || b.groundTruths - a.groundTruths);
  const half = maxRows / 2;
  const shown = counted.length > maxRows ? [...counted.slice(0, half), ...counted.slice(-half)] : counted;
  const cut = counted.length > maxRows ? ` Shown: the best and the worst ${thousands(half)} of ${thousands(counted.length)} classes.` : '';
  const without = rows.length - counted.length;
  const empty = without === 0 ? '' : ` Not counted: ${without} ${without === 1 ? 'class' : 'classes'} without an object.`;
  const marks = markName === undefined ? '' : `, tick: ${markName}`;
  const curved = shown.length <= manyRows && rows.some(({ precision }) => precision);
  const curves = curved ? ', small curve: precision over recall at the lowest IoU' : '';
  const widest = shown.reduce((width, { groundTruths }) => Math.max(width, thousands(groundTruths).length), 3);
  const grouped = rows.some(({ group }) => group !== undefined);
  return section(
    'Classes',
    `Bar: ${valueName}${marks}${curves}, last number: objects in the ground truth.${cut}${empty}`,
    listTools(shown.length, valueName),
    tag(
      'ol',
      { class: `classes listed${grouped ? ' grouped' : ''}${curved ? '' : ' plain'}`, style: `--count:${widest}ch` },
      ...shown.map((own) => row(own, curved)),
    ),
  );
}
