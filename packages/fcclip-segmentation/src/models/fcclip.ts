// FC-CLIP (Yu et al., NeurIPS 2023, arXiv:2308.02487), on ConvNeXt and on ViTamin (Chen et al., CVPR 2024): the whole segmenter behind the tower, as it is read. Pixel decoder ->
// mask decoder; masks -> vectors of the segmenter and of the frozen CLIP; vectors and words -> probabilities.
import {
  add,
  cast,
  concat,
  div,
  exp,
  gather,
  gemm,
  greater,
  l2Normalize,
  layerNorm,
  linear,
  log,
  logSoftmax,
  matmul,
  minimum,
  mul,
  type Params,
  reduceMax,
  reduceSum,
  reshape,
  resize,
  slice,
  softmax,
  sub,
  type Value,
} from '@vitamin-vlm/graph';
import type { ClipHead } from './clip-head.ts';
import type { FcclipConfig } from './config.ts';
import { flat, maskDecoder, type MaskDecoderValues, perceptron, type QueryValues } from './mask-decoder.ts';
import { asTokens, EPS, pixelDecoder, type PixelDecoderValues, type TowerMaps } from './pixel-decoder.ts';

/** What a mask without a pixel is divided by. */
const NOTHING = 1e-8;
/** Keeps logarithms of probabilities finite, as the original has it. */
const TINY = 1e-8;
/** The factor that CLIP's training is limited to. */
const LARGEST_SCALE = 100;

/** Both decoders. `p` is the root of the checkpoint. */
export function maskNetwork(
  p: Params,
  maps: TowerMaps,
  config: FcclipConfig,
): { readonly pixels: PixelDecoderValues; readonly decoder: MaskDecoderValues } {
  const pixels = pixelDecoder(p, maps, config);
  const decoder = maskDecoder(p.at('sem_seg_head').at('predictor'), pixels.memories, pixels.positions, pixels.maskFeatures, config);
  return { pixels, decoder };
}

/** Logits of the masks on the grid of the features: [N, Q, C] and [N, C, h, w] -> [N, Q, h, w]. */
export function maskLogits({ maskVectors }: QueryValues, maskFeatures: Value): Value {
  const [n, , height, width] = maskFeatures.shape as [number, number, number, number];
  return reshape(matmul(maskVectors, flat(maskFeatures)), [n, maskVectors.shape[1]!, height, width]);
}

/** Mean of features [N, C, h, w] over the cells where a mask [N, Q, h, w] is positive; zeros for a mask that is nowhere: [N, Q, C]. */
export function maskPool(features: Value, logits: Value): Value {
  const inside = cast(greater(flat(logits), 0), 'float32');
  return matmul(div(inside, add(reduceSum(inside, [-1]), NOTHING)), asTokens(features));
}

/** The segmenter's vector of each query, made from what lies below its mask. */
export interface ClassValues {
  readonly pooled: Value;
  readonly projected: Value;
  /** [N, Q, E], not normalized: compared with words by its direction alone. */
  readonly classVectors: Value;
}

/** `p` is the scope `sem_seg_head.predictor`. */
export function classVectors(
  p: Params,
  { queries }: QueryValues,
  maskFeatures: Value,
  logits: Value,
  { width, embedDim }: FcclipConfig,
): ClassValues {
  const pooled = maskPool(maskFeatures, logits);
  const projection = p.at('_mask_pooling_proj');
  const projected = linear(projection.at(1), layerNorm(projection.at(0), pooled, EPS), width);
  return { pooled, projected, classVectors: perceptron(p.at('class_embed'), add(projected, queries), [width, width, embedDim]) };
}

/** CLIP's vector of what lies below each mask. */
export interface ClipValues {
  /** [N, Q, h, w], logits of the masks on the grid of CLIP's map. */
  readonly logits: Value;
  readonly pooled: Value;
  /** [N, Q, E], not normalized. */
  readonly clipVectors: Value;
}

/**
 * The dense CLIP map, which is the tower's last one without the learned positions, pooled below each mask and sent through CLIP's own head.
 *
 * @param p - The scope of the CLIP model's image tower, `visual`.
 * @param map - [N, C, h, w]
 */
export function clipVectors(p: Params, map: Value, logits: Value, head: ClipHead): ClipValues {
  const coarse = resize(logits, [map.shape[2]!, map.shape[3]!], 'bilinear');
  const pooled = maskPool(map, coarse);
  return { logits: coarse, pooled, clipVectors: head(p, pooled) };
}

/** What words are to the scores. */
export interface VocabularyValues {
  /** [V, E], unit rows. */
  readonly embeddings: Value;
  /** int64 [K, S], the rows of `embeddings` that stand for each class: one with fewer than S synonyms repeats one. */
  readonly synonyms: Value;
  /** [1, E], learned, any length: what a mask without an object looks like. */
  readonly nothing: Value;
}

/** Logits of R vectors. */
export interface WordLogits {
  /** [R, K] */
  readonly classes: Value;
  /** [R, 1] */
  readonly nothing: Value;
}

/** Cosines with words times a scale, the best of the synonyms: vectors [R, E]. */
export function wordLogits(vectors: Value, { embeddings, synonyms, nothing }: VocabularyValues, scale: Value): WordLogits {
  const unit = l2Normalize(vectors);
  const scaled = (rows: Value): Value => mul(gemm(unit, rows, null, { transB: true }), scale);
  const best = reduceMax(gather(scaled(embeddings), synonyms, 1), [-1]); // [R, K, 1]
  return { classes: reshape(best, best.shape.slice(0, 2)), nothing: scaled(l2Normalize(nothing)) };
}

/** [R, K + 1], "nothing" last. */
export function allLogits({ classes, nothing }: WordLogits): Value {
  return concat([classes, nothing], 1, 'K1');
}

/** The answer for R masks. */
export interface FusedValues {
  /** [R, K + 1], logarithms of probabilities, "nothing" last. */
  readonly logits: Value;
  readonly probabilities: Value;
}

/**
 * The segmenter's and CLIP's opinion made one: p^(1 - weight) · q^weight over the classes, made to sum to 1; "nothing" is the segmenter's alone and takes its share
 * from all. Computed with logarithms, so that nothing underflows on the way.
 *
 * @param weights - [K], of CLIP's opinion, 0 to 1.
 */
export function fuseScores(segmenter: WordLogits, clip: Pick<WordLogits, 'classes'>, weights: Value): FusedValues {
  const fused = add(mul(logSoftmax(segmenter.classes), sub(1, weights)), mul(logSoftmax(clip.classes), weights));
  const nothing = slice(softmax(allLogits(segmenter)), { axis: 1, start: -1 }); // [R, 1]
  const shares = concat([mul(softmax(fused), sub(1, nothing)), nothing], 1, 'K1');
  const logits = log(add(shares, TINY));
  return { logits, probabilities: softmax(logits) };
}

/** exp of a learned scale, at most 100: what cosines are multiplied with. */
export function scaleOf(p: Params): Value {
  return minimum(exp(p.get('logit_scale', [])), LARGEST_SCALE);
}
