import { notResults } from '../coco/not-results.ts';
import { checkHabits, checkReference, type CheckResult, recordsOf } from './check-annotations.ts';
import { boxOf, Findings } from './findings.ts';

/** COCO counts the best of this many detections of an image and category. */
const LIMIT = 100;

type Entry = Readonly<Record<string, unknown>>;

/**
 * Looks for what is wrong with a results file beside its annotation file: all faults at once, where an evaluation stops at the first.
 *
 * @param value a parsed results file
 * @param dataset the parsed annotation file
 * @throws CocoEvalError `BAD_INPUT` when it is no list
 * @example
 * ```ts
 * import { checkResults } from 'coco-eval-js';
 * const dataset = { images: [{ id: 1 }], categories: [{ id: 1 }], annotations: [] };
 * console.log(checkResults([{ image_id: 2, category_id: 1, bbox: [0, 0, 1, 1], score: 1 }], dataset).findings[0]?.code); // unknown-image_id-results
 * ```
 */
export function checkResults(value: unknown, dataset: unknown): CheckResult {
  if (!Array.isArray(value)) throw notResults(value);
  const results = value as readonly unknown[];
  const { images, categories } = recordsOf(dataset);
  const found = new Findings();
  const seen = new Set<string>();
  const perPair = new Map<string, number>();
  results.forEach((result, i) => {
    const place = `results[${i}]`;
    if (typeof result !== 'object' || result === null || Array.isArray(result)) {
      found.error('bad-results', place, 'results that are no objects');
      return;
    }
    const entry = result as Entry;
    checkReference(entry, 'image_id', images, place, found, 'results');
    checkReference(entry, 'category_id', categories, place, found, 'results');
    checkScore(entry, place, found);
    checkShape(entry, place, found);
    const pair = `${String(entry['image_id'])} ${String(entry['category_id'])}`;
    perPair.set(pair, (perPair.get(pair) ?? 0) + 1);
    const key = `${pair} ${JSON.stringify(entry['bbox'] ?? null)} ${String(entry['score'])}`;
    if (entry['bbox'] !== undefined && seen.has(key))
      found.warning('same-result', place, 'results that were there before, with the same box and score: all but one are false');
    seen.add(key);
  });
  for (const [pair, count] of perPair) {
    if (count > LIMIT)
      found.warning(
        'over-limit',
        `image and category ${pair}`,
        `images with more than ${LIMIT} results of one category: the best ${LIMIT} count`,
      );
  }
  checkHabits('results', results, images, found);
  if (results.length === 0) found.error('no-results', 'results', 'no results at all: every class with an object scores 0');
  const answered = new Set(results.map((result) => (result as Entry | null)?.['image_id']));
  const silent = [...images.keys()].filter((id) => !answered.has(id)).length;
  return { findings: found.list(), counts: { results: results.length, imagesWithoutResults: silent } };
}

function checkScore({ score, ...rest }: Entry, place: string, found: Findings): void {
  if (typeof score !== 'number' || !Number.isFinite(score)) {
    const other = 'confidence' in rest || 'conf' in rest;
    found.error('bad-score', place, `results whose "score" is not a finite number${other ? ' (is it the field "confidence"?)' : ''}`);
  } else if (score < 0 || score > 1)
    found.warning('score-range', place, 'results with a score outside of 0 to 1: only their order counts for AP, calibration needs shares');
}

function checkShape({ bbox, segmentation, keypoints }: Entry, place: string, found: Findings): void {
  const given = [bbox, segmentation, keypoints].filter((value) => value !== undefined && value !== null);
  if (given.length === 0) found.error('no-geometry-results', place, 'results without "bbox", "segmentation" and "keypoints"');
  if (bbox === undefined || bbox === null || (Array.isArray(bbox) && bbox.length === 0)) return;
  const box = boxOf(bbox);
  if (box === undefined) found.error('bad-box-results', place, 'results whose "bbox" is not four finite numbers [x, y, width, height]');
  else if (box[2] <= 0 || box[3] <= 0)
    found.warning('empty-box-results', place, 'results with a box of no width or height: they overlap nothing');
}
