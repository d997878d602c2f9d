import { type Backbone, classifyEncoding, type Label, type ScoredLabel } from '@vitamin-vlm/backbone';
import type { WorkOptions } from '@vitamin-vlm/core';
import { type NamedPanoptic, Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import type { Detection, Detector } from '@vitamin-vlm/fvit-detection';
import { drawOverlay, type Picture } from '@vitamin-vlm/image';

/** What was found in a picture. */
export interface Reading {
  /** Kinds by probability over all kinds, best first. */
  readonly what: readonly ScoredLabel[];
  /** Segments, largest first. */
  readonly segments: NamedPanoptic['segments'];
  /** Single things with their boxes, best first, down to `SURE`. */
  readonly things: readonly Detection[];
  /** What came of words that were asked afterwards, and the milliseconds that it took. */
  readonly again: { readonly segments: NamedPanoptic['segments']; readonly milliseconds: number };
  readonly size: { readonly width: number; readonly height: number };
  /** The picture with its segments painted and named. */
  readonly regions: Picture;
  /** The picture with its boxes. */
  readonly boxes: Picture;
}

/** What is asked. */
export interface ReadingWords {
  readonly kinds: readonly string[];
  readonly surroundings: readonly string[];
  /** Asked when all else is done. */
  readonly again: readonly Label[];
}

/** Boxes with a lower score are not shown. */
export const SURE = 0.6;

/**
 * Reads a picture: what is in it, by zero-shot classification over `kinds`; each thing by itself, by the detector; every pixel, by the segmenter over `kinds` and
 * `surroundings`, and again over other words. The tower runs once for all of it.
 *
 * @throws VitaminError as `Segmenter.encode`, `Detector.encode` and `Backbone.vocabulary`.
 */
export async function readPicture(
  { detector, segmenter, backbone }: { readonly detector: Detector; readonly segmenter: Segmenter; readonly backbone: Backbone },
  picture: Picture,
  words: ReadingWords,
  options: WorkOptions = {},
): Promise<Reading> {
  const kinds = await backbone.vocabulary(words.kinds, options);
  const all = await segmenter.vocabulary([...words.kinds, ...words.surroundings], { ...options, stuff: words.surroundings });
  // The embedded detector and segmenter read the same way but for what is put below a picture that is no square: here it is what the detector puts there.
  const pass = await detector.towerMaps(picture, { ...options, levels: segmenter.levels });

  const regions = await detector.encodeMaps(pass, { ...options, dense: true });
  const { detections } = await detector.detect(regions, words.kinds, options);
  const things = detections.filter(({ score }) => score >= SURE);

  const masks = await segmenter.encodeMaps(pass, options);
  const { panoptic } = await segmenter.segment(masks, all, options);
  const others = await segmenter.vocabulary(words.again, options);
  const started = performance.now();
  const again = await segmenter.segment(masks, others, options);
  const milliseconds = performance.now() - started;
  return {
    what: classifyEncoding({ ...regions, pooled: regions.pooled! }, kinds),
    segments: panoptic!.segments.toSorted((a, b) => b.area - a.area),
    things,
    again: { segments: again.panoptic!.segments.toSorted((a, b) => b.area - a.area), milliseconds },
    size: { width: picture.width, height: picture.height },
    regions: drawOverlay(picture, { panoptic }, { labels: byArea(panoptic!) }),
    boxes: drawOverlay(picture, { instances: things }, { scores: true }),
  };
}

/** Names by size, so that the largest segments get the first colors, which are the easiest to tell apart. */
function byArea({ segments }: NamedPanoptic): string[] {
  return [...new Set(segments.toSorted((a, b) => b.area - a.area).map(({ label }) => label))];
}
