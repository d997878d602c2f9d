import { unlabeledIn } from '@vitamin-vlm/core';
import { type MaskPiece, rleToPieces } from 'coco-eval-js';
import type { Segmented } from '../segment/segmented.ts';
import { segmentMasks } from './segment-masks.ts';

/** A part of a picture by its outline along the borders of pixels: rasterized again it is the same pixels. */
export interface Shape {
  readonly label: string;
  /** Place of the label in the vocabulary. */
  readonly class: number;
  /** Absent for the regions of a label map, which have none. */
  readonly score?: number;
  /** Absent for the regions of a label map. */
  readonly isThing?: boolean;
  /** What hangs together, with its holes, as `[x1, y1, x2, y2, ...]`. */
  readonly pieces: readonly MaskPiece[];
}

/**
 * What was found in a picture as shapes: its segments, else its instances, else the regions of its labels.
 *
 * @throws CocoEvalError `LIMIT` beyond 2^28 pixels.
 * @example
 * ```ts
 * import { type Segmented, shapesOf } from '@vitamin-vlm/fcclip-segmentation';
 * function corners(found: Segmented): number {
 *   return shapesOf(found).reduce((sum, { pieces }) => sum + pieces.reduce((most, { outline }) => most + outline.length / 2, 0), 0);
 * }
 * ```
 */
export function shapesOf({
  labels,
  panoptic,
  instances,
  semantic,
}: Pick<Segmented, 'labels' | 'panoptic' | 'instances' | 'semantic'>): Shape[] {
  if (panoptic) {
    const masks = segmentMasks(panoptic.map);
    return panoptic.segments.map(({ id, label, class: index, score, isThing }) => {
      return { label, class: index, score, isThing, pieces: rleToPieces(masks.get(id)!) };
    });
  }
  if (instances) {
    return instances.map(({ label, class: index, score, mask }) => ({
      label,
      class: index,
      score,
      isThing: true,
      pieces: rleToPieces(mask),
    }));
  }
  if (!semantic) return [];
  const nothing = unlabeledIn(semantic);
  return [...segmentMasks(semantic)]
    .filter(([index]) => index !== nothing)
    .toSorted(([a], [b]) => a - b)
    .map(([index, mask]) => ({ label: labels[index]!.name, class: index, pieces: rleToPieces(mask) }));
}

/** Corners of a ring. */
export function corners(ring: readonly number[]): [x: number, y: number][] {
  return Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i]!, ring[2 * i + 1]!]);
}

/** A piece as one ring, for formats without holes: each hole is joined to the outline by a line there and back. */
export function singleRing({ outline, holes }: MaskPiece): [x: number, y: number][] {
  const start = corners(outline)[0]!;
  return [...corners(outline), ...holes.flatMap((hole) => [start, ...corners(hole), corners(hole)[0]!])];
}
