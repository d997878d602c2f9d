import type { Curves } from '../coco/curves.ts';
import type { Detections, GroundTruth } from '../coco/columns.ts';
import type { Id } from '../coco/id-keys.ts';
import { entryBox } from '../coco/entry-box.ts';
import type { CategoryRow } from '../coco/per-category.ts';
import type { EvaluationContext, ImageInfo } from '../coco/types.ts';
import type { ConfusionMatrix } from '../confusion/confusion-matrix.ts';
import { compareImages } from '../cross-class/images.ts';
import type { CrossClassOptions } from '../cross-class/images.ts';
import { errorMeaning, tideErrorTypes } from '../tide/classify.ts';
import type { TideResult } from '../tide/tide.ts';
import type { LabelError } from '../label-errors/label-errors.ts';
import type {
  ReportBox,
  ReportClasses,
  ReportConfusion,
  ReportCurve,
  ReportData,
  ReportImage,
  ReportLabelError,
  ReportTide,
  ReportWorst,
} from './types.ts';
import { worstImages } from './worst-images.ts';
import type { JudgedImage } from './worst-images.ts';

/** Precision of one category at one threshold, first area range, largest detection limit: a value for each recall point. */
function precisionOf({ counts, precision }: Curves, t: number, k: number): number[] {
  const [, R, K, A, M] = counts;
  return Array.from({ length: R }, (_, r) => precision[((t * R + r) * K + k) * A * M + M - 1]!);
}

function mean(values: readonly number[]): number {
  const counted = values.filter((value) => value > -1);
  return counted.length ? counted.reduce((sum, value) => sum + value, 0) / counted.length : -1;
}

/** One curve for each threshold: the mean over the categories that have ground truth. */
export function reportCurves(curves: Curves, iouThrs: readonly number[]): ReportCurve[] {
  const categories = curves.counts[2];
  return iouThrs.map((iou, t) => {
    const each = Array.from({ length: categories }, (_, k) => precisionOf(curves, t, k)).filter((points) =>
      points.some((value) => value > -1),
    );
    const precision = Array.from({ length: curves.counts[1] }, (_, r) => mean(each.map((points) => points[r]!)));
    return { iou, ap: mean(precision), precision };
  });
}

/** A bar for each category. `groupOf` names the group of the category at a position, if it has one. */
export function reportClasses(rows: readonly CategoryRow[], curves: Curves, groupOf: (k: number) => string | undefined): ReportClasses {
  return {
    valueName: 'AP',
    markName: 'AP50',
    rows: rows.map((row, k) => {
      const group = groupOf(k);
      return {
        name: row.name,
        value: row.AP,
        mark: row.AP50,
        precision: precisionOf(curves, 0, k),
        groundTruths: row.groundTruths,
        detections: row.detections,
        ...(group === undefined ? {} : { group }),
      };
    }),
  };
}

/** The matrix with names. */
export function reportConfusion({ categoryIds, counts }: ConfusionMatrix, iouThr: number, nameOf: (id: number) => string): ReportConfusion {
  return { labels: categoryIds.map(nameOf), counts, iouThr };
}

/** TIDE with words. */
export function reportTide({ ap, main, special, counts }: TideResult): ReportTide {
  return {
    ap,
    positive: 0.5,
    main: tideErrorTypes.map((type) => ({ type, meaning: errorMeaning[type], gain: main[type], count: counts[type] })),
    special: [
      { type: 'FalsePos', meaning: 'all false positives last', gain: special.FalsePos },
      { type: 'FalseNeg', meaning: 'nothing missed', gain: special.FalseNeg },
    ],
  };
}

/** What was compared. */
export interface ReportSource {
  readonly dataset: EvaluationContext;
  readonly gt: GroundTruth;
  readonly dt: Detections;
}

/** The `limit` images with the most mistakes, with their boxes. */
export function reportWorst(source: ReportSource, options: CrossClassOptions, nameOf: (id: number) => string, limit: number): ReportWorst {
  const { minScore, f1, images } = worstImages(compareImages(source, options), limit);
  const byId = new Map(source.dataset.images.map((image) => [image.id, image]));
  return {
    minScore,
    f1,
    images: images.map((judged) => reportImage(source, judged, byId.get(source.dataset.keys.key(judged.imageId))!, nameOf)),
  };
}

/** The `limit` most confident candidates of label errors, with the two boxes of each. */
export function reportLabelErrors(
  errors: readonly LabelError[],
  { dataset }: Pick<ReportSource, 'dataset'>,
  nameOf: (id: number) => string,
  limit: number,
): NonNullable<ReportData['labelErrors']> {
  const byId = new Map(dataset.images.map((image) => [image.id, image]));
  const named = (id: Id): string => nameOf(dataset.keys.key(id));
  const shown = errors.slice(0, limit).map(({ imageId, categoryId, score, bbox, annotation }): ReportLabelError => {
    const detected = named(categoryId);
    const boxes: ReportBox[] = [{ kind: 'fp', label: detected, bbox, score }];
    if (annotation) boxes.push({ kind: 'fn', label: named(annotation.categoryId), bbox: annotation.bbox });
    const frame = frameOf(byId.get(dataset.keys.key(imageId))!, imageId, boxes);
    return { ...frame, boxes, detected, score, ...(annotation && { annotated: named(annotation.categoryId) }) };
  });
  return { total: errors.length, shown };
}

/** Title and size of a drawing; without a size in the file it ends where the boxes end. */
function frameOf(image: ImageInfo, id: Id, boxes: readonly ReportBox[]): Pick<ReportImage, 'title' | 'width' | 'height'> {
  const extent = (at: 0 | 1): number => Math.max(1, ...boxes.map(({ bbox }) => bbox[at]! + bbox[at + 2]!));
  return {
    title: typeof image.file_name === 'string' ? image.file_name : `image ${id}`,
    width: usable(image.width) ?? extent(0),
    height: usable(image.height) ?? extent(1),
  };
}

function reportImage({ gt, dt }: ReportSource, judged: JudgedImage, image: ImageInfo, nameOf: (id: number) => string): ReportImage {
  const detected = (kind: 'tp' | 'fp', rows: readonly number[]): ReportBox[] =>
    rows.map((row) => ({ kind, label: nameOf(dt.categoryId[row]!), bbox: entryBox(dt, row, 'results'), score: dt.score[row]! }));
  const missed = judged.missed.map((row): ReportBox => ({
    kind: 'fn',
    label: nameOf(gt.categoryId[row]!),
    bbox: entryBox(gt, row, 'annotations'),
  }));
  const boxes = [...detected('tp', judged.right), ...detected('fp', judged.wrong), ...missed];
  return {
    ...frameOf(image, judged.imageId, boxes),
    tp: judged.right.length,
    fp: judged.wrong.length,
    fn: judged.missed.length,
    boxes,
  };
}

/** A size that can be drawn; boxes do not need the size of their image, so nobody has checked it. */
function usable(size: unknown): number | undefined {
  return typeof size === 'number' && size > 0 && size < 1e6 ? size : undefined;
}
