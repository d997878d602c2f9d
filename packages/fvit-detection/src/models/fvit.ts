// F-ViT: the whole detector behind the tower, as it is read. Adapters -> pyramid -> proposals; regions -> vectors; vectors and words -> scores.
import {
  exp,
  add,
  gather,
  gemm,
  l2Normalize,
  logSoftmax,
  matmul,
  mul,
  type Params,
  product,
  reduceMax,
  reshape,
  sub,
  transpose,
  type Value,
} from '@vitamin-vlm/graph';
import { type BoxHeadValues, BOX_GRID, boxHead } from './box-head.ts';
import type { FVitConfig } from './config.ts';
import { adapters, featurePyramid, type TowerMaps } from './feature-pyramid.ts';
import { MASK_GRID, maskHead } from './mask-head.ts';
import type { Norm } from './norm.ts';
import { proposalNetwork, type RpnMaps } from './proposal-network.ts';
import { type LevelRegions, regionFeatures } from './region-features.ts';
import { cellOf, regionStrides } from './tower-levels.ts';

/** Results of the part that sees the whole picture. */
export interface PyramidValues {
  /** Adapted maps at strides 4, 8, 16, 32. */
  readonly adapted: readonly Value[];
  /** P2 to P6 at strides 4 to 64. */
  readonly pyramid: readonly Value[];
  /** One for each level of the pyramid. */
  readonly rpn: readonly RpnMaps[];
}

/** From the tower's maps to the pyramid and the proposals on each of its levels. `p` is the root of the checkpoint. */
export function pyramidNetwork(p: Params, maps: TowerMaps, config: FVitConfig, norm: Norm): PyramidValues {
  const adapted = adapters(p.at('backbone'), maps, norm);
  const pyramid = featurePyramid(p.at('neck'), adapted, config.width, norm);
  return { adapted, pyramid, rpn: pyramid.map((level) => proposalNetwork(p.at('rpn_head'), level, config, norm)) };
}

/** Regions through the box head. `pyramid`: P2 to P5. The R regions of all levels stand in the order of levels. */
export function regionNetwork(
  p: Params,
  pyramid: readonly Value[],
  regions: readonly LevelRegions[],
  config: FVitConfig,
  norm: Norm,
): BoxHeadValues & { readonly features: Value } {
  const features = regionFeatures(pyramid, regionStrides(cellOf(config)), regions, BOX_GRID, 'R');
  return { features, ...boxHead(p.at('roi_head').at('bbox_head'), features, config, norm) };
}

/** Regions through the mask head: logits [R, 1, 28, 28]. */
export function maskNetwork(
  p: Params,
  pyramid: readonly Value[],
  regions: readonly LevelRegions[],
  config: Pick<FVitConfig, 'patch'>,
  norm: Norm,
): { readonly features: Value; readonly logits: Value } {
  const features = regionFeatures(pyramid, regionStrides(cellOf(config)), regions, MASK_GRID, 'R');
  return { features, logits: maskHead(p.at('roi_head').at('mask_head'), features, norm) };
}

/**
 * CLIP's vector of each region: RoIAlign with one bin on the dense CLIP map [1, E, h, w], as one matrix product. `rows` [R, 1, h] and `columns` [R, 1, w] are
 * its weights (`roiWeights`). Returns [R, E], before the second normalization.
 */
export function clipRegions(map: Value, rows: Value, columns: Value): Value {
  const [, embedDim, height, width] = map.shape;
  const regions = rows.shape[0]!;
  const cells = product([height!, width!]);
  const weights = reshape(mul(transpose(rows, [0, 2, 1]), columns), [regions, cells]);
  return matmul(weights, transpose(reshape(map, [embedDim!, cells]), [1, 0]));
}

/** What words are to the scores. */
export interface VocabularyValues {
  /** [V, E], unit rows. */
  readonly embeddings: Value;
  /** int64 [K, S], the rows of `embeddings` that stand for each column: synonyms, a class with fewer than S of them repeats one. */
  readonly synonyms: Value;
}

/** Cosines with words times a temperature, the best of the synonyms: vectors [R, E], unit rows -> [R, K]. */
export function wordLogits(vectors: Value, { embeddings, synonyms }: VocabularyValues, temperature: Value): Value {
  const byRow = mul(gemm(vectors, embeddings, null, { transB: true }), temperature); // [R, V]
  const best = reduceMax(gather(byRow, synonyms, 1), [-1]); // [R, K, 1]
  return reshape(best, best.shape.slice(0, 2));
}

/**
 * The detector's and CLIP's opinion made one (F-VLM, Kuo et al., ICLR 2023): p^(1 - weight) · q^weight with p and q the softmax of either over all
 * columns, background included. Computed with logarithms, so that nothing underflows on the way. weights: [K], 0 to 1 -> [R, K].
 */
export function fuseScores(detectorLogits: Value, clipLogits: Value, weights: Value): Value {
  return exp(add(mul(logSoftmax(detectorLogits), sub(1, weights)), mul(logSoftmax(clipLogits), weights)));
}

/** Unit vectors. The box head's are divided by their bare length: a region whose vector is zero scores NaN, and is never chosen. */
export function classDirections(classVectors: Value): Value {
  return l2Normalize(classVectors, -1, 0);
}
