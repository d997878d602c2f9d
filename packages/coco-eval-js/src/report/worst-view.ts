import { escape, percent, round, section, tag, thousands } from './html.ts';
import { labelText, placeLabels } from './labels.ts';
import type { Label } from './labels.ts';
import type { ReportBox, ReportData, ReportImage, ReportWorst } from './types.ts';

/** Size of a picture on the page, in pixels, and of its letters. */
const card = { width: 308, height: 220, font: 10.5 };

function shape({ kind, bbox }: ReportBox, text: string): string {
  const [x = 0, y = 0, width = 0, height = 0] = bbox.map(round);
  const title = tag('title', {}, escape(`${kind.toUpperCase()} ${text}`));
  return tag('g', { class: kind }, tag('rect', { x, y, width: Math.max(0, width), height: Math.max(0, height) }, title));
}

/** After all boxes, so that none covers it. */
function word(kind: ReportBox['kind'], { x, y, text }: Label): string {
  return tag('g', { class: kind }, tag('text', { x: round(x), y: round(y) }, escape(text)));
}

function area({ bbox }: ReportBox): number {
  return bbox[2]! * bbox[3]!;
}

/** A picture, or its outline, with boxes and what stands below. */
function figure({ title, width, height, boxes, picture }: Omit<ReportImage, 'tp' | 'fp' | 'fn'>, ...captions: readonly string[]): string {
  const font = round(card.font * Math.max(width / card.width, height / card.height));
  // Large boxes first, so that small ones stay on top; right ones lowest.
  const rank = { tp: 0, fn: 1, fp: 2 };
  const drawn = boxes.toSorted((a, b) => rank[a.kind] - rank[b.kind] || area(b) - area(a));
  const labels = placeLabels(drawn, font, width, height);
  return tag(
    'figure',
    picture === undefined ? {} : { class: 'shown' },
    tag(
      'svg',
      { viewBox: `0 0 ${round(width)} ${round(height)}`, style: `font-size:${font}px`, role: 'img', 'aria-label': title },
      tag('rect', { class: 'ground', width, height }),
      picture === undefined ? '' : tag('image', { href: picture, width, height }),
      ...drawn.map((box) => shape(box, labelText(box))),
      ...drawn.map(({ kind }, i) => (labels[i] === undefined ? '' : word(kind, labels[i]))),
    ),
    tag('figcaption', {}, tag('b', {}, escape(title)), ...captions),
  );
}

function chip(kind: ReportBox['kind'], text: string): string {
  return tag('span', { class: `chip ${kind}` }, escape(text));
}

/** The boxes of the worst pictures. */
export function worstSection({ minScore, f1, images }: ReportWorst): string {
  return section(
    'Worst images',
    `Objects missed and boxes wrong at IoU 0.5 among detections with a score of at least ${minScore.toFixed(3)}, where F1 over all images is best (${percent(f1)}).`,
    tag(
      'div',
      { class: 'gallery' },
      ...images.map((image) =>
        figure(image, chip('fn', `${image.fn} missed`), chip('fp', `${image.fp} wrong`), chip('tp', `${image.tp} right`)),
      ),
    ),
  );
}

/** Where a confident detection contradicts the annotations. */
export function labelErrorsSection({ total, shown }: NonNullable<ReportData['labelErrors']>): string {
  const figures = shown.map((error) =>
    figure(
      error,
      chip('fn', error.annotated === undefined ? 'nothing annotated' : `annotated ${error.annotated}`),
      chip('fp', `detected ${error.detected} ${error.score.toFixed(2)}`),
    ),
  );
  const cut = total > shown.length ? ` Shown: the ${shown.length} most confident of ${thousands(total)}.` : '';
  return section(
    'Likely label errors',
    `Confident detections on an object of another class that nothing else found, or where nothing is annotated: there the annotations may be wrong.${cut}`,
    tag('div', { class: 'gallery' }, ...figures),
  );
}
