import { formatFixed } from '../coco/format.ts';
import { COCO_SCHEME, type Scheme } from '../coco/scheme.ts';
import { formatLine, type SummaryLine, summaryMean } from '../coco/summarize.ts';
import { CocoEvalError } from '../errors.ts';

/** Shoulders, elbows, wrists, hips, knees, ankles, head and neck. */
export const CROWDPOSE_SIGMAS: readonly number[] = [0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89, 0.79, 0.79].map(
  (sigma) => sigma / 10,
);

/** By the crowd index of an image: easy up to 0.2, medium up to 0.8, hard from there on. */
const KINDS = [
  ['easy', -Infinity, 0.2],
  ['medium', 0.2, 0.8],
  ['hard', 0.8, Infinity],
] as const;

/**
 * The rules of CrowdPose (Li et al. 2019; crowdposetools, and `keypoints_crowd` of faster-coco-eval): 14 keypoints, 0.53 of the box for the area of a person, and
 * AP of easy, medium and hard images by their "crowdIndex".
 */
export const CROWDPOSE_SCHEME: Scheme = {
  ...COCO_SCHEME,
  name: 'crowdpose',
  take(input) {
    if (input.iouType !== undefined && input.iouType !== 'keypoints')
      throw new CocoEvalError('USAGE', `Expected iouType "keypoints" for CrowdPose but received "${input.iouType}"`);
    return { ...input, iouType: 'keypoints', kptOksSigmas: input.kptOksSigmas ?? CROWDPOSE_SIGMAS };
  },
  check({ images }, warnings) {
    images.forEach(({ crowdIndex }, i) => {
      if (typeof crowdIndex === 'number') return;
      warnings.add('missing-crowd-index', i, 'images without a number "crowdIndex": in none of easy, medium and hard');
    });
  },
  summarize(curves, params, { images }, draw) {
    const maxDets = params.maxDets.at(-1)!;
    const lines: SummaryLine[] = (['AP', 'AR'] as const).flatMap((kind) =>
      ([undefined, 0.5, 0.75] as const).map((iouThr) => {
        const request = { name: iouThr === undefined ? kind : `${kind}${100 * iouThr}`, kind, area: 'all', maxDets, iouThr };
        return { ...request, value: summaryMean(curves, params, request) };
      }),
    );
    const text = lines.map((line) => formatLine(line, params));
    const indexOf = new Map(images.map(({ id, crowdIndex }) => [id, crowdIndex]));
    for (const [kind, low, high] of KINDS) {
      const chosen = Uint8Array.from(params.imgIds, (id) => {
        const index = indexOf.get(id);
        return Number(typeof index === 'number' && index >= low && index < high);
      });
      const value = summaryMean(draw(chosen), params, { name: kind, kind: 'AP', area: 'all', maxDets });
      lines.push({ name: `AP_${kind}`, kind: 'AP', area: kind, maxDets, value });
      const [first, last] = [params.iouThrs[0]!, params.iouThrs.at(-1)!].map((iou) => formatFixed(iou, 2));
      const range = `IoU=${`${first}:${last}`.padEnd(9)} | type=${kind.padStart(6)} | maxDets=${String(maxDets).padStart(3)}`;
      text.push(` ${'Average Precision'.padEnd(18)} (AP) @[ ${range} ] = ${formatFixed(value, 3)}`);
    }
    return { lines, stats: lines.map((line) => line.value), text: text.map((line) => `${line}\n`).join('') };
  },
};
