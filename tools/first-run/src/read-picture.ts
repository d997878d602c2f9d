import { type Backbone, classifyEncoding, labelPixels, type ScoredLabel } from '@vitamin-vlm/backbone';
import { UNLABELED, type WorkOptions } from '@vitamin-vlm/core';
import { drawOverlay, type Picture } from '@vitamin-vlm/image';

/** What was found in a picture. */
export interface Reading {
  /** Kinds by probability over all kinds, best first. */
  readonly what: readonly ScoredLabel[];
  /** Shares of the picture (0..1), largest first, down to `SPECK`. */
  readonly where: readonly ScoredLabel[];
  /** The picture with these regions painted and named. */
  readonly overlay: Picture;
}

/** Words with less of the picture than this are not shown. */
export const SPECK = 0.01;

/**
 * Reads a picture: what is in it, by zero-shot classification over `kinds`, and where, by training-free segmentation over `kinds` and
 * `surroundings`, in windows at twice the size that the tower was trained at.
 *
 * @throws VitaminError as `Backbone.encodeImage` and `Backbone.vocabulary`.
 */
export async function readPicture(
  backbone: Backbone,
  picture: Picture,
  words: { readonly kinds: readonly string[]; readonly surroundings: readonly string[] },
  options: WorkOptions = {},
): Promise<Reading> {
  const side = backbone.imageSize;
  const kinds = await backbone.vocabulary(words.kinds, options);
  const all = await backbone.vocabulary([...words.kinds, ...words.surroundings], options);
  const encoding = await backbone.encodeImage(picture, { ...options, dense: true, size: 2 * side, stride: side / 2 });
  const { width, height, data } = await labelPixels(encoding.dense!, all, encoding.geometry, options);
  const largest = byShare(data, all.labels.length).filter(({ share }) => share >= SPECK);
  const where = largest.map(({ index, share }) => ({ label: all.labels[index]!.name, score: share }));
  // Numbered by size, so that the largest regions get the first colors, which are the easiest to tell apart.
  const rank = new Uint16Array(all.labels.length).fill(UNLABELED);
  largest.forEach(({ index }, i) => (rank[index] = i));
  const labelMap = { width, height, data: data.map((index) => rank[index]!) };
  const overlay = drawOverlay(picture, { labelMap }, { labels: where.map(({ label }) => label) });
  return { what: classifyEncoding(encoding, kinds), where, overlay };
}

/** The part of the pixels that each label has, largest first. */
function byShare(pixels: Uint16Array, labels: number): { index: number; share: number }[] {
  const counts = new Uint32Array(labels);
  for (const pixel of pixels) counts[pixel]!++;
  return Array.from(counts, (count, index) => ({ index, share: count / pixels.length })).toSorted((a, b) => b.share - a.share);
}
