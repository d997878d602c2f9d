import type { AnnotationColumns } from './annotation-columns.ts';
import { IdIndex } from './ids.ts';
import type { EvalParams } from './params.ts';
import type { Scheme } from './scheme.ts';
import { REFERENCE_LIMIT } from './summarize.ts';
import type { WarningLog } from './warnings.ts';

/** How to get the right number where the reference's is known to be wrong. */
export const FIXED = 'mode "fixed" (--mode fixed)';

/** Says which parameters make numbers of the reference -1 though there is something to count. */
export function adviseParams(params: EvalParams, scheme: Scheme, warnings: WarningLog): void {
  const { iouType, maxDets, mode, useCats } = params;
  if (mode === 'fixed' || scheme.name === 'lvis') return;
  const limit = REFERENCE_LIMIT[iouType];
  const given = `[${maxDets.join(', ')}]`;
  if (iouType === 'keypoints') {
    if (!maxDets.includes(limit)) {
      warnings.note(
        'no-limit-20',
        `all numbers are -1: the reference takes them at 20 detections, and maxDets is ${given}; add 20, or use ${FIXED}`,
      );
    }
    if (!useCats) warnings.note('keypoints-without-categories', `the reference compares no keypoints without categories; ${FIXED} does`);
  } else if (maxDets.length >= 3 && !maxDets.includes(limit)) {
    warnings.note('no-limit-100', `AP is -1: the reference takes it at 100 detections, and maxDets is ${given}; add 100, or use ${FIXED}`);
  }
}

/** Says what is odd about the annotations that are evaluated. */
export function adviseGroundTruth({ groundTruth: gt }: AnnotationColumns, params: EvalParams, scheme: Scheme, warnings: WarningLog): void {
  const images = new IdIndex(params.imgIds);
  const categories = new IdIndex(params.catIds);
  const counts = { asked: 0, withoutArea: 0, firstWithoutArea: -1 };
  for (let i = 0; i < gt.count; i++) {
    if (images.get(gt.imageId[i]!) < 0 || categories.get(gt.categoryId[i]!) < 0) continue;
    counts.asked++;
    if (gt.id[i] === 0 && params.mode === 'reference') {
      warnings.add(
        'annotation-id-0',
        i,
        `annotations with id 0: a match with them does not count in the reference (cocoapi #332); ${FIXED} counts it`,
      );
    }
    if (gt.area[i] !== 0 || (params.iouType === 'keypoints' && gt.ignore[i] === 1)) continue;
    if (counts.withoutArea++ === 0) counts.firstWithoutArea = i;
  }
  warnCounts(counts, gt.count, params.iouType === 'keypoints' || scheme.name === 'lvis', warnings);
}

interface AreaCounts {
  readonly asked: number;
  readonly withoutArea: number;
  readonly firstWithoutArea: number;
}

/** @param decides whether nothing can match an annotation without area */
function warnCounts(
  { asked, withoutArea, firstWithoutArea }: AreaCounts,
  annotations: number,
  decides: boolean,
  warnings: WarningLog,
): void {
  if (asked === 0) {
    const which = annotations === 0 ? 'the annotation file has no annotations' : 'no annotation is of the evaluated images and categories';
    warnings.note('no-annotations', `${which}: every number is -1`);
  }
  if (withoutArea === 0 || !(decides || withoutArea === asked)) return;
  const meaning = decides ? 'nothing can match them' : 'all of them, so every object is small';
  warnings.count('zero-area', `annotations with "area" 0: ${meaning}`, withoutArea, firstWithoutArea);
}
