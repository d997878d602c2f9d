import { COCO_SCHEME, type Scheme } from '../coco/scheme.ts';
import type { EvaluationContext } from '../coco/types.ts';
import type { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError } from '../errors.ts';
import { federatedRules } from './federated.ts';
import { summarizeLvis } from './summarize-lvis.ts';

/** LVIS keeps this many detections of an image. */
const LVIS_MAX_DETS = 300;

/**
 * The federated rules of LVIS: one detection limit for a whole image, no limit per category, 13 numbers. v0.5 and v1 differ in their categories only.
 *
 * @param maxDets detections kept of each image over all categories; negative: all
 */
export function lvisScheme(maxDets: number = LVIS_MAX_DETS): Scheme {
  return {
    name: 'lvis',
    take(input) {
      if (input.iouType === 'keypoints')
        throw new CocoEvalError('USAGE', 'Expected iouType "bbox", "segm" or "boundary" for LVIS but received "keypoints"');
      // lvis-api names its own limit in the summary when there is none.
      return { ...input, maxDets: [maxDets < 0 ? LVIS_MAX_DETS : maxDets] };
    },
    check: warnFrequencies,
    rules: ({ dataset, params, groundTruth, warnings }, detections) =>
      federatedRules(dataset, groundTruth, detections, params, maxDets, warnings),
    limits: () => [Infinity],
    summarize: summarizeLvis,
  };
}

/** The scheme of an evaluation that may be one of LVIS; the largest of `maxDets` is then the limit for a whole image. */
export function schemeFor(lvis: boolean, maxDets?: readonly number[]): Scheme {
  if (!lvis) return COCO_SCHEME;
  return lvisScheme(maxDets === undefined ? undefined : Math.max(...maxDets));
}

function warnFrequencies({ categories }: EvaluationContext, warnings: WarningLog): void {
  categories.forEach(({ frequency }, i) => {
    if (['r', 'c', 'f'].includes(frequency ?? '')) return;
    warnings.add('missing-frequency', i, 'categories whose "frequency" is not r, c or f: in none of APr, APc, APf');
  });
}
