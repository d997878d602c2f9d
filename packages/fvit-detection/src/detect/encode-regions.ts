import type { ImageGeometry } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, type WorkOptions } from '@vitamin-vlm/core';
import { BOX_DEVIATIONS, decodeBoxes } from '../boxes/delta-coder.ts';
import type { DetectionEncoding } from '../encoding/detection-encoding.ts';
import type { DetectionRecipe } from '../recipe/recipe.ts';
import type { Heads, Maps } from './heads.ts';
import { scaleFactors } from './prepare.ts';
import { propose } from './proposals.ts';

/** A picture behind the tower. */
export interface TowerOutput {
  /** `os4`, `os8`, `mid`, `final`, [1, C, h, w] each. */
  readonly maps: Maps;
  /** [1, E, h, w], the dense CLIP map. */
  readonly dense: Tensor<'float32'>;
  readonly geometry: ImageGeometry;
}

/** What the regions of a picture are, without saying whose picture it is. */
export type EncodedRegions = Required<Omit<DetectionEncoding, 'identity' | 'recipe' | 'geometry' | 'pooled' | 'dense'>>;

/**
 * From the tower's maps to regions and their vectors: pyramid, proposals, box head, CLIP's vectors, decoded boxes. The maps are given away; pyramid and dense
 * map are too, unless they are to be kept.
 */
export async function encodeRegions(
  { maps, dense, geometry }: TowerOutput,
  {
    proposalsPerLevel: perLevel,
    proposalNms: threshold,
    proposals: max,
  }: Pick<DetectionRecipe, 'proposalsPerLevel' | 'proposalNms' | 'proposals'>,
  heads: Heads,
  keep: boolean,
  options: WorkOptions,
): Promise<EncodedRegions> {
  const clip = geometry.region;
  const { pyramid, rpn } = await heads.pyramid(maps, options);
  const { boxes: rois, scores } = propose(rpn, { perLevel, threshold, max, clip });
  const { classVectors, clipVectors, deltas } = await heads.regions(rois, pyramid, dense, !keep, options);
  const scale = scaleFactors(geometry);
  const decoded = decodeBoxes(rois, deltas.data, BOX_DEVIATIONS, clip);
  const count = scores.length;
  return {
    proposals: tensor('float32', [count, 4], rois),
    objectness: tensor('float32', [count], scores),
    boxes: tensor(
      'float32',
      [count, 4],
      decoded.map((side, i) => side / (i % 2 === 0 ? scale.x : scale.y)),
    ),
    classVectors,
    clipVectors,
    pyramid,
  };
}
