import type { Calibration } from '../calibration/calibration.ts';
import { percent, round, section, tag, thousands } from './html.ts';

const side = 320;
const margin = { left: 44, bottom: 40, top: 10, right: 10 };

/** Bars of what is right, beside the line on which scores are what they promise. */
export function calibrationSection({ ece, mce, iouThr, bins }: Calibration): string {
  const width = side / bins.length;
  const bars = bins.map(({ low, high, count, confidence, accuracy }, i) => {
    if (accuracy === null || confidence === null) return '';
    const title = `score ${low.toFixed(2)} to ${high.toFixed(2)}: ${thousands(count)} detections, mean score ${percent(confidence)}, right ${percent(accuracy)}`;
    const [top, promised] = [round(side * (1 - accuracy)), round(side * (1 - Math.max(0, Math.min(1, confidence))))];
    const bar = tag(
      'rect',
      { class: 'right', x: round(i * width + 1), y: top, width: round(width - 2), height: round(side - top) },
      tag('title', {}, title),
    );
    return bar + tag('path', { class: 'promise', d: `M${round(i * width)} ${promised}h${round(width)}` });
  });
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => {
    const at = round(side * value);
    return (
      tag('path', { class: 'grid', d: `M0 ${at}H${side}M${at} 0V${side}` }) +
      tag('text', { x: -8, y: round(side - at) + 4, 'text-anchor': 'end' }, value.toFixed(1)) +
      tag('text', { x: at, y: side + 18, 'text-anchor': 'middle' }, value.toFixed(1))
    );
  });
  const axes =
    tag('text', { class: 'axis', x: side / 2, y: side + 36, 'text-anchor': 'middle' }, 'score') +
    tag('text', { class: 'axis', transform: `translate(-34 ${side / 2}) rotate(-90)`, 'text-anchor': 'middle' }, 'share that is right');
  const chart = tag(
    'svg',
    {
      class: 'chart reliability',
      viewBox: `${-margin.left} ${-margin.top} ${side + margin.left + margin.right} ${side + margin.top + margin.bottom}`,
      role: 'img',
      'aria-label': 'Share of right detections by score',
    },
    ...grid,
    ...bars,
    tag('path', { class: 'diagonal', d: `M0 ${side}L${side} 0` }),
    axes,
  );
  const facts = [
    ['ECE', ece, 'mean distance of a detection'],
    ['MCE', mce, 'of the worst bar'],
  ] as const;
  const numbers = facts.map(([name, value, note]) => tag('li', {}, name, tag('b', {}, percent(value)), tag('small', {}, note)));
  return section(
    'Calibration',
    `Detections by their score: a bar is the share that is right at IoU ${iouThr}, the tick on it the mean score. Scores that are what they promise lie on the diagonal.`,
    tag('div', { class: 'split' }, chart, tag('ol', { class: 'metrics', style: '--columns:1' }, ...numbers)),
  );
}
