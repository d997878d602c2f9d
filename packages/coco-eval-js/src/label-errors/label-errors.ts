import { entryBox } from '../coco/entry-box.ts';
import type { Evaluation } from '../coco/evaluation.ts';
import type { Id } from '../coco/id-keys.ts';
import { CocoEvalError } from '../errors.ts';
import { boxPairIou } from '../mask/iou.ts';

/** IoU from which a detection of another class lies on an object, and below which nothing is near. */
const SAME_PLACE = 0.5;
const NOTHING_NEAR = 0.1;

/** A place where the annotations may be wrong rather than the model. */
export interface LabelError {
  /** `wrong-label`: an object that nothing else found, taken for another class. `missing-annotation`: nothing is annotated there. */
  readonly kind: 'wrong-label' | 'missing-annotation';
  readonly imageId: Id;
  /** Position in the results. */
  readonly result: number;
  readonly score: number;
  readonly categoryId: Id;
  /** `[x, y, width, height]` of the detection. */
  readonly bbox: readonly number[];
  /** The annotation in doubt: its id, class, box, and the IoU of the two boxes. */
  readonly annotation?: { readonly id: Id; readonly categoryId: Id; readonly bbox: readonly number[]; readonly iou: number };
}

/** A false positive or an object that was not found, or one that was. */
interface Entry {
  readonly row: number;
  readonly category: number;
  readonly bbox: readonly number[];
}

/** One image. */
interface ImageEntries {
  readonly wrong: Entry[];
  readonly missed: Entry[];
  readonly objects: Entry[];
}

/**
 * Candidates of wrong labels, best score first: confident false positives that lie on an object of another class which was not found, or where no object is at all
 * (the rule and the candidates of hotcoco 1.3.0, `image_diagnostics`). Crowd regions and other ignored entries are left out.
 *
 * @param options `minScore`: from which a detection is confident, 0.5 by default; `iouThr`: from which it is right, 0.5 by default
 * @throws CocoEvalError `USAGE` for keypoints, an evaluation without its inputs, or a threshold that was not evaluated
 * @example
 * ```ts
 * import { evaluate, labelErrors, type Dataset, type Result } from 'coco-eval-js';
 * function toLookAt(dataset: Dataset, results: Result[]): unknown[] {
 *   return labelErrors(evaluate(dataset, results, { iouType: 'bbox' }), { minScore: 0.8 }).map(({ imageId }) => imageId);
 * }
 * ```
 */
export function labelErrors(
  evaluation: Evaluation,
  { minScore = 0.5, iouThr = 0.5 }: { readonly minScore?: number | undefined; readonly iouThr?: number | undefined } = {},
): LabelError[] {
  const { params, context } = evaluation;
  const t = params.iouThrs.indexOf(iouThr);
  if (t < 0)
    throw new CocoEvalError('USAGE', `Expected a threshold of the evaluation (${params.iouThrs.join(', ')}) but received ${iouThr}`);
  if (params.iouType === 'keypoints') throw new CocoEvalError('USAGE', 'Expected boxes or masks for label errors but received keypoints');
  const found: LabelError[] = [];
  for (const [image, entries] of entriesByImage(evaluation, t, minScore)) {
    for (const wrong of entries.wrong) {
      const error = judge(evaluation, params.imgIds[image]!, wrong, entries);
      if (error) found.push(error);
    }
  }
  return found
    .toSorted((a, b) => b.score - a.score || a.result - b.result)
    .map((error) => ({ ...error, imageId: context.keys.id(error.imageId as number) }));
}

/** False positives of high score, and the objects, of each image that has such. */
function entriesByImage(evaluation: Evaluation, t: number, minScore: number): Map<number, ImageEntries> {
  const { groundTruth, detections } = evaluation.columns!;
  const images = new Map<number, ImageEntries>();
  const matcher = evaluation.matcher();
  for (const { image, gtRows, dtRows, found, gtIgnored, dtIgnored } of matcher.pairs(t)) {
    let entries = images.get(image);
    if (!entries) images.set(image, (entries = { wrong: [], missed: [], objects: [] }));
    dtRows.forEach((row, d) => {
      if (found[d]! >= 0 || dtIgnored[d] === 1 || !(detections.score[row]! >= minScore)) return;
      entries.wrong.push({ row, category: detections.categoryId[row]!, bbox: entryBox(detections, row, 'results') });
    });
    const taken = new Set(found);
    gtRows.forEach((row, g) => {
      if (gtIgnored[g] === 1) return;
      const entry = { row, category: groundTruth.categoryId[row]!, bbox: entryBox(groundTruth, row, 'annotations') };
      entries.objects.push(entry);
      if (!taken.has(g)) entries.missed.push(entry);
    });
  }
  return images;
}

function judge({ columns, context }: Evaluation, image: number, wrong: Entry, { missed, objects }: ImageEntries): LabelError | undefined {
  const found = {
    imageId: image,
    result: wrong.row,
    score: columns!.detections.score[wrong.row]!,
    categoryId: context.keys.id(wrong.category),
    bbox: wrong.bbox,
  };
  const others = missed.filter(({ category }) => category !== wrong.category);
  const best = nearest(wrong, others);
  if (best && best.iou >= SAME_PLACE) {
    const { row, category, bbox } = best.entry;
    const annotation = { id: context.keys.id(columns!.groundTruth.id[row]!), categoryId: context.keys.id(category), bbox, iou: best.iou };
    return { kind: 'wrong-label', ...found, annotation };
  }
  return (nearest(wrong, objects)?.iou ?? 0) < NOTHING_NEAR ? { kind: 'missing-annotation', ...found } : undefined;
}

/** The entry whose box overlaps most. */
function nearest({ bbox }: Entry, entries: readonly Entry[]): { entry: Entry; iou: number } | undefined {
  let best: { entry: Entry; iou: number } | undefined;
  for (const entry of entries) {
    const iou = boxPairIou(bbox, 0, entry.bbox, 0, false);
    if (best === undefined || iou > best.iou) best = { entry, iou };
  }
  return best;
}
