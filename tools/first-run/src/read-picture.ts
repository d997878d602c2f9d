import { type Backbone, classifyEncoding, labelPixels, type ScoredLabel } from '@vitamin-vlm/backbone';
import { UNLABELED, type WorkOptions } from '@vitamin-vlm/core';
import type { Detection, Detector } from '@vitamin-vlm/fvit-detection';
import { drawOverlay, type Picture } from '@vitamin-vlm/image';

/** What was found in a picture. */
export interface Reading {
  /** Kinds by probability over all kinds, best first. */
  readonly what: readonly ScoredLabel[];
  /** Shares of the picture (0..1), largest first, down to `SPECK`. */
  readonly where: readonly ScoredLabel[];
  /** Single things with their boxes, best first, down to `SURE`. */
  readonly things: readonly Detection[];
  /** The picture with its regions painted and named. */
  readonly regions: Picture;
  /** The picture with its boxes. */
  readonly boxes: Picture;
}

/** Words with less of the picture than this are not shown. */
export const SPECK = 0.01;
/** Boxes with a lower score are not shown. */
export const SURE = 0.5;

/**
 * Reads a picture: what is in it, by zero-shot classification over `kinds`; where, by training-free segmentation over `kinds` and `surroundings`; and each
 * thing by itself, by the detector. The tower runs once for all three.
 *
 * @throws VitaminError as `Detector.encode` and `Backbone.vocabulary`.
 */
export async function readPicture(
  { detector, backbone }: { readonly detector: Detector; readonly backbone: Backbone },
  picture: Picture,
  words: { readonly kinds: readonly string[]; readonly surroundings: readonly string[] },
  options: WorkOptions = {},
): Promise<Reading> {
  const kinds = await backbone.vocabulary(words.kinds, options);
  const all = await backbone.vocabulary([...words.kinds, ...words.surroundings], options);
  const encoding = await detector.encode(picture, { ...options, size: ownSize(picture), dense: true });
  const { detections } = await detector.detect(encoding, words.kinds, options);
  const things = detections.filter(({ score }) => score >= SURE);

  const { width, height, data } = await labelPixels(encoding.dense!, all, encoding.geometry, options);
  const largest = byShare(data, all.labels.length).filter(({ share }) => share >= SPECK);
  const where = largest.map(({ index, share }) => ({ label: all.labels[index]!.name, score: share }));
  // Numbered by size, so that the largest regions get the first colors, which are the easiest to tell apart.
  const rank = new Uint16Array(all.labels.length).fill(UNLABELED);
  largest.forEach(({ index }, i) => (rank[index] = i));
  const labelMap = { width, height, data: data.map((index) => rank[index]!) };
  return {
    what: classifyEncoding({ ...encoding, pooled: encoding.pooled! }, kinds),
    where,
    things,
    regions: drawOverlay(picture, { labelMap }, { labels: where.map(({ label }) => label) }),
    boxes: drawOverlay(picture, { instances: things }, { scores: true }),
  };
}

/** The picture as large as it is, in whole cells of the tower's map: small things show more of themselves than at the detector's own size. */
function ownSize({ width, height }: Picture): number {
  return 16 * Math.ceil(Math.max(width, height) / 16);
}

/** The part of the pixels that each label has, largest first. */
function byShare(pixels: Uint16Array, labels: number): { index: number; share: number }[] {
  const counts = new Uint32Array(labels);
  for (const pixel of pixels) counts[pixel]!++;
  return Array.from(counts, (count, index) => ({ index, share: count / pixels.length })).toSorted((a, b) => b.share - a.share);
}
