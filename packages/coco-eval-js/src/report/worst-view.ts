import { escape, percent, round, section, tag } from './html.ts';
import type { ReportBox, ReportImage, ReportWorst } from './types.ts';

function shape({ kind, label, bbox, score }: ReportBox, font: number): string {
  const [x = 0, y = 0, width = 0, height = 0] = bbox.map(round);
  const text = score === undefined ? label : `${label} ${score.toFixed(2)}`;
  return tag(
    'g',
    { class: kind },
    tag(
      'rect',
      { x, y, width: Math.max(0, width), height: Math.max(0, height) },
      tag('title', {}, escape(`${kind.toUpperCase()} ${text}`)),
    ),
    tag('text', { x: x + font * 0.2, y: round(Math.max(font, y + font)), 'font-size': font }, escape(text)),
  );
}

function area({ bbox }: ReportBox): number {
  return bbox[2]! * bbox[3]!;
}

function card(image: ReportImage): string {
  const { title, width, height, tp, fp, fn, boxes } = image;
  const font = round(Math.max(width, height) / 34);
  // Large boxes first, so that small ones stay on top; right ones lowest.
  const rank = { tp: 0, fn: 1, fp: 2 };
  const drawn = boxes.toSorted((a, b) => rank[a.kind] - rank[b.kind] || area(b) - area(a));
  return tag(
    'figure',
    {},
    tag(
      'svg',
      { viewBox: `0 0 ${round(width)} ${round(height)}`, role: 'img', 'aria-label': title },
      tag('rect', { class: 'ground', width, height }),
      ...drawn.map((box) => shape(box, font)),
    ),
    tag(
      'figcaption',
      {},
      tag('b', {}, escape(title)),
      tag('span', { class: 'chip fn' }, `${fn} missed`),
      tag('span', { class: 'chip fp' }, `${fp} wrong`),
      tag('span', { class: 'chip tp' }, `${tp} right`),
    ),
  );
}

/** The boxes of the worst pictures, without the pictures: the page stays one file of its own. */
export function worstSection({ minScore, f1, images }: ReportWorst): string {
  return section(
    'Worst images',
    `Objects missed and boxes wrong at IoU 0.5 among detections with a score of at least ${minScore.toFixed(3)}, where F1 over all images is best (${percent(f1)}).`,
    tag('div', { class: 'gallery' }, ...images.map(card)),
  );
}
