import type { LabelError } from '../label-errors/label-errors.ts';
import type { Named } from './named.ts';
import { decimal, table } from './table.ts';

const listed = 20;

/** How many there are, and the most confident ones; all are in the JSON document. */
export function labelErrorText(errors: readonly LabelError[], named: Named): string {
  const wrong = errors.filter(({ kind }) => kind === 'wrong-label').length;
  const head = `Likely label errors: ${wrong} wrong labels, ${errors.length - wrong} missing annotations\n`;
  if (errors.length === 0) return head;
  const rows = errors
    .slice(0, listed)
    .map(({ imageId, score, categoryId, annotation }) => [
      named.image(imageId),
      annotation === undefined ? 'nothing' : `${named.category(annotation.categoryId)} (${annotation.id})`,
      named.category(categoryId),
      decimal(score),
      annotation === undefined ? '' : decimal(annotation.iou),
    ]);
  const columns = [
    { title: 'image', left: true },
    { title: 'annotated', left: true },
    { title: 'detected', left: true },
    { title: 'score' },
    { title: 'IoU' },
  ];
  return head + table(columns, rows);
}

/** One candidate with names beside the ids. Ids beyond 2^53 are text, as everywhere in documents. */
export function labelErrorDocument({ kind, imageId, result, score, categoryId, bbox, annotation }: LabelError, named: Named): object {
  return {
    kind,
    imageId: shown(imageId),
    image: named.image(imageId),
    result,
    score,
    categoryId: shown(categoryId),
    category: named.category(categoryId),
    bbox,
    ...(annotation && {
      annotation: {
        id: shown(annotation.id),
        categoryId: shown(annotation.categoryId),
        category: named.category(annotation.categoryId),
        bbox: annotation.bbox,
        iou: annotation.iou,
      },
    }),
  };
}

function shown(id: LabelError['imageId']): number | string {
  return typeof id === 'bigint' ? String(id) : id;
}
