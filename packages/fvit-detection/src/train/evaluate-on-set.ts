import type { BackboneOptions } from '@vitamin-vlm/backbone';
import { type Annotation, type Dataset, evaluate, evaluateSplit, type ImageInfo, type Result } from 'coco-eval-js';
import { readDataset } from 'coco-eval-js/node';
import { Detector } from '../detect/detector.ts';
import { findPicture } from '../data/find-picture.ts';
import { readSplit } from '../data/read-split.ts';

/** Pictures that a training is evaluated on. */
export interface EvaluationSet {
  readonly annotations: string;
  readonly images: string;
  /** As the training's. */
  readonly split?: string | undefined;
  /** Pictures at most, taken evenly from the file. Default 500. */
  readonly limit?: number | undefined;
}

/** How the detector is loaded. */
interface LoadOptions {
  readonly tower: string;
  readonly session: Pick<BackboneOptions, 'threads' | 'provider' | 'cacheDir'>;
  readonly signal: AbortSignal | undefined;
}

/**
 * AP of boxes by COCO's rules on some pictures of a set: `AP`, `AP50`, and with a split `AP50 base` and `AP50 novel`; shares from 0 to 1, -1 where there is
 * nothing to count. For the course of a training; published figures come from whole sets.
 */
export async function evaluateOnSet(
  detectorFile: string,
  { annotations: path, images: folder, split, limit = 500 }: EvaluationSet,
  { tower, session, signal }: LoadOptions,
): Promise<Record<string, number>> {
  const dataset = await readDataset(path, { signal });
  const images = evenly(dataset.images, limit);
  const chosen = new Set(images.map(({ id }) => id));
  const part: Dataset = { ...dataset, images, annotations: dataset.annotations.filter((annotation) => chosen.has(annotation.image_id)) };
  // The weights change from one evaluation to the next: their digests are not worth remembering.
  await using detector = await Detector.load(detectorFile, { tower, ...session, cacheDir: false, signal });
  const idOf = new Map(dataset.categories.map(({ id, name }) => [name, id]));
  const ids = detector.model.classes.map((name) => idOf.get(name));
  const results: Result[] = [];
  for (const image of images) {
    const { detections } = await detector.detect(await findPicture(folder, image), undefined, { signal });
    for (const { class: index, score, box } of detections) {
      const category: Annotation['category_id'] | undefined = ids[index];
      if (category !== undefined) results.push({ image_id: image.id, category_id: category, bbox: box, score });
    }
  }
  const groupsOf = split === undefined ? undefined : await readSplit(split, dataset);
  if (!groupsOf) {
    const { metrics } = evaluate(part, results, { iouType: 'bbox' });
    return { AP: metrics['AP'] ?? -1, AP50: metrics['AP50'] ?? -1 };
  }
  const { groups } = evaluateSplit(part, results, groupsOf);
  const all = groups.find(({ group }) => group === 'all');
  const others = groups.filter(({ group }) => group !== 'all').map(({ group, ap50 }) => [`AP50 ${group}`, ap50 ?? -1] as const);
  return { AP: all?.ap ?? -1, AP50: all?.ap50 ?? -1, ...Object.fromEntries(others) };
}

function evenly(images: readonly ImageInfo[], limit: number): readonly ImageInfo[] {
  if (images.length <= limit) return images;
  return Array.from({ length: limit }, (_, i) => images[Math.floor((i * images.length) / limit)]!);
}
