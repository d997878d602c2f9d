import {
  addPanopticImage,
  countSemanticImage,
  panopticQuality,
  type PanopticStats,
  semanticConfusion,
  semanticMetrics,
} from 'coco-eval-js';
import type { SegmentOptions, Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import { kinds, renderScene, type Scene, type Split } from '@vitamin-vlm/picture-world';
import { askedCategories, askedNames } from './plan.ts';

/** Which scenes, and how the segmenter is asked. */
export interface SegmenterEvaluationOptions {
  readonly split: Split;
  readonly firstSeed: number;
  readonly scenes: number;
  /** Side of the scenes in pixels. */
  readonly size: number;
  readonly segment?: SegmentOptions;
  readonly signal?: AbortSignal | undefined;
}

/** Shares from 0 to 1: panoptic quality by COCO's rules, means over the categories of a group that occur, and mean intersection over union of all. */
export interface SegmenterFigures {
  readonly PQ: number;
  readonly things: number;
  readonly stuff: number;
  readonly base: number;
  readonly novel: number;
  readonly mIoU: number;
}

/** Figures of a segmenter that is asked for all kinds and all stuff. */
export async function evaluateSegmenter(
  segmenter: Segmenter,
  { split, firstSeed, scenes, size, segment, signal }: SegmenterEvaluationOptions,
): Promise<SegmenterFigures> {
  const things = kinds.map(({ name }) => name);
  const vocabulary = await segmenter.vocabulary(askedNames, { things, cacheDir: false, signal });
  const stats: PanopticStats = new Map();
  const confusion = semanticConfusion(askedNames.length);
  for (let seed = firstSeed; seed < firstSeed + scenes; seed++) {
    const scene = renderScene(seed, { width: size, split });
    const { panoptic, semantic } = await segmenter.segment(scene.picture, vocabulary, { task: 'all', max: 1, signal, ...segment });
    const segments = panoptic!.segments.map((found) => ({ id: found.id, category_id: askedCategories[found.class]!.id, area: found.area }));
    addPanopticImage(stats, truthOf(scene), { ids: Uint32Array.from(panoptic!.map.data), segments });
    countSemanticImage(confusion, semantic!.data, classIndexes(scene));
  }
  const { all, things: countable, stuff, perClass } = panopticQuality(stats, askedCategories);
  const meanOf = (novel: boolean): number => {
    const some = perClass.filter(({ tp, fp, fn }, i) => kinds[i]?.novel === novel && tp + fp + fn > 0);
    return some.reduce((sum, { pq }) => sum + pq, 0) / some.length;
  };
  return {
    PQ: all.pq ?? 0,
    things: countable.pq ?? 0,
    stuff: stuff.pq ?? 0,
    base: meanOf(false),
    novel: meanOf(true),
    mIoU: semanticMetrics(confusion).mIoU ?? 0,
  };
}

type PanopticTruth = Parameters<typeof addPanopticImage>[1];

function truthOf({ panoptic, things, stuff }: Scene): PanopticTruth {
  return {
    ids: panoptic,
    segments: [
      ...things.map(({ segmentId, categoryId, area, crowd }) => ({ id: segmentId, category_id: categoryId, area, iscrowd: crowd })),
      ...stuff.map(({ segmentId, categoryId, area }) => ({ id: segmentId, category_id: categoryId, area })),
    ],
  };
}

/** Index into the names of the category at each pixel. */
function classIndexes({ semantic }: Scene): Uint8Array {
  const index = new Uint8Array(256);
  for (const [i, { id }] of askedCategories.entries()) index[id] = i;
  return semantic.map((id) => index[id]!);
}
