import type { BackboneOptions } from '@vitamin-vlm/backbone';
import {
  addPanopticImage,
  countSemanticImage,
  panopticQuality,
  type PanopticStats,
  semanticConfusion,
  semanticMetrics,
} from 'coco-eval-js';
import { told } from '../data/coco-errors.ts';
import { openSegmentData, type SegmentItem } from '../data/segment-data.ts';
import { readSegmentIds, readSegmentTruth } from '../data/segment-truth.ts';
import { Segmenter } from '../segment/segmenter.ts';
import type { VocabularyName } from '../vocabulary/vocabularies.ts';

/** Pictures that a training is evaluated on, in COCO's panoptic layout. */
export interface SegmentEvaluationSet {
  readonly annotations: string;
  readonly images: string;
  /** Folder of the PNG files. Default: the annotation file without `.json`. */
  readonly maps?: string | undefined;
  /** As the training's. */
  readonly vocabulary?: VocabularyName | undefined;
  /** Pictures at most, taken evenly from the file. Default 500. */
  readonly limit?: number | undefined;
}

/** How the segmenter is loaded. */
interface LoadOptions {
  readonly tower: string;
  readonly session: Pick<BackboneOptions, 'threads' | 'provider' | 'cacheDir'>;
  readonly signal: AbortSignal | undefined;
}

/** Mark of pixels without truth. */
const NONE = 65_535;

/**
 * Panoptic quality by COCO's rules and mean IoU on some pictures of a set: `PQ`, `PQ things`, `PQ stuff`, `PQ novel` (classes that the segmenter was not trained on) and
 * `mIoU`; shares from 0 to 1, -1 where there is nothing to count. For the course of a training; published figures come from whole sets.
 */
export async function evaluateOnSet(
  segmenterFile: string,
  { annotations, images, maps = annotations.replace(/\.json(?:\.gz)?$/u, ''), vocabulary, limit = 500 }: SegmentEvaluationSet,
  { tower, session, signal }: LoadOptions,
): Promise<Record<string, number>> {
  const set = vocabulary === 'lvis' ? undefined : vocabulary;
  const data = await openSegmentData({ set, images, panoptic: { annotations, maps }, missing: [] });
  const { labels, things, categories = [] } = data;
  // The weights change from one evaluation to the next: their digests are not worth remembering.
  await using segmenter = await Segmenter.load(segmenterFile, { tower, ...session, cacheDir: false, signal });
  const countable = labels.filter((_, i) => things[i]).map(({ name }) => name);
  const words = await segmenter.vocabulary(set ?? labels, { signal, ...(set === undefined && { things: countable }) });
  const stats: PanopticStats = new Map();
  const confusion = semanticConfusion(labels.length);
  for (const item of evenly(data.items, limit)) {
    const { panoptic, semantic } = await segmenter.segment(item.picture, words, { task: 'all', max: 1, signal });
    const { classes } = await readSegmentTruth(item, data);
    const segments = panoptic!.segments.map(({ id, class: index }) => ({ id, category_id: categories[index]!.id }));
    await told(async () => {
      addPanopticImage(stats, await truthOf(item), { ids: Uint32Array.from(panoptic!.map.data), segments }, { mode: 'fixed' });
      countSemanticImage(confusion, semantic!.data, classes, { ignoreLabel: NONE });
    });
  }
  const { all, things: counted, stuff, perClass } = panopticQuality(stats, categories);
  const novel = perClass.filter(({ tp, fp, fn }, i) => !words.seen[i] && tp + fp + fn > 0);
  return {
    PQ: all.pq ?? -1,
    'PQ things': counted.pq ?? -1,
    'PQ stuff': stuff.pq ?? -1,
    ...(novel.length > 0 && { 'PQ novel': novel.reduce((sum, { pq }) => sum + pq, 0) / novel.length }),
    mIoU: semanticMetrics(confusion).mIoU ?? -1,
  };
}

async function truthOf({ panoptic }: SegmentItem): Promise<Parameters<typeof addPanopticImage>[1]> {
  const { ids } = await readSegmentIds(panoptic!);
  return { ids, segments: panoptic!.segments };
}

function evenly<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]!);
}
