import { escape, percent, round, section, tag } from './html.ts';
import type { ReportCurve } from './types.ts';

const width = 640;
const height = 400;
const margin = { left: 44, right: 12, top: 12, bottom: 40 };
const plotWidth = width - margin.left - margin.right;
const plotHeight = height - margin.top - margin.bottom;

/** The picture of a curve in a box of `w` x `h`, recall to the right, precision upwards. */
export function curvePath(precision: ArrayLike<number>, w: number, h: number): string {
  const last = Math.max(1, precision.length - 1);
  return Array.from(precision, (value, i) => `${i ? 'L' : 'M'}${round((i / last) * w)} ${round((1 - Math.max(0, value)) * h)}`).join('');
}

/** One color per threshold, from the strict end (warm) to the lenient end (cool). */
function color(index: number, count: number): string {
  return `color-mix(in oklch, var(--warm) ${count > 1 ? Math.round((100 * index) / (count - 1)) : 0}%, var(--cool))`;
}

function grid(): string {
  const lines = [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => {
    const x = round(value * plotWidth);
    const y = round((1 - value) * plotHeight);
    const label = value.toFixed(1);
    return (
      tag('path', { class: 'grid', d: `M0 ${y}H${plotWidth}M${x} 0V${plotHeight}` }) +
      tag('text', { x: -8, y: y + 4, 'text-anchor': 'end' }, label) +
      tag('text', { x, y: plotHeight + 18, 'text-anchor': 'middle' }, label)
    );
  });
  const axes =
    tag('text', { class: 'axis', x: plotWidth / 2, y: plotHeight + 36, 'text-anchor': 'middle' }, 'recall') +
    tag('text', { class: 'axis', transform: `translate(-34 ${plotHeight / 2}) rotate(-90)`, 'text-anchor': 'middle' }, 'precision');
  return lines.join('') + axes;
}

/** A line of a chart. */
export interface ChartLine {
  readonly title: string;
  /** Of CSS. */
  readonly color: string;
  readonly precision: ArrayLike<number>;
}

/** Precision over recall; the first line lies on top. */
export function chart(lines: readonly ChartLine[]): string {
  const paths = lines.map(({ title, color: stroke, precision }) =>
    tag(
      'path',
      { class: 'curve', style: `stroke:${stroke}`, d: curvePath(precision, plotWidth, plotHeight) },
      tag('title', {}, escape(title)),
    ),
  );
  return tag(
    'svg',
    { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': 'Precision over recall' },
    tag('g', { transform: `translate(${margin.left} ${margin.top})` }, grid(), ...paths.toReversed()),
  );
}

/** Precision over recall for each IoU threshold, with the mean of each curve as the legend. */
export function curvesSection(curves: readonly ReportCurve[]): string {
  const lines = curves.map(({ iou, precision }, i) => ({ title: `IoU ${iou.toFixed(2)}`, color: color(i, curves.length), precision }));
  const legend = curves.map(({ iou, ap }, i) =>
    tag(
      'li',
      {},
      tag('span', { class: 'swatch', style: `background:${color(i, curves.length)}` }),
      tag('span', { class: 'key' }, escape(iou.toFixed(2))),
      tag(
        'span',
        { class: 'track' },
        tag('span', { class: 'fill', style: `width:${round(Math.max(0, ap) * 100)}%;background:${color(i, curves.length)}` }),
      ),
      tag('b', {}, percent(ap)),
    ),
  );
  return section(
    'Precision and recall',
    'Each line is the mean over all classes at one IoU threshold; the area under it is the AP in the list.',
    tag('div', { class: 'split' }, chart(lines), tag('ol', { class: 'legend' }, ...legend)),
  );
}
