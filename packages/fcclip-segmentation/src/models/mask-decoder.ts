// The masked-attention decoder of Mask2Former (Cheng et al., CVPR 2022, arXiv:2112.01527): learned queries look at one level after the other, each only at
// where its own mask lies so far. Parameter paths are those of the FC-CLIP checkpoint, below `sem_seg_head.predictor`.
import {
  add,
  expand,
  layerNorm,
  less,
  linear,
  logicalNot,
  logicalOr,
  matmul,
  type Params,
  reduceMax,
  relu,
  reshape,
  resize,
  slice,
  type Value,
} from '@vitamin-vlm/graph';
import { type FcclipConfig, LEVELS } from './config.ts';
import { multiheadAttention } from './multihead-attention.ts';
import { asTokens, EPS } from './pixel-decoder.ts';

/** One layer of the decoder, opened up: [N, Q, C] after each of its parts. */
export interface DecoderLayerValues {
  readonly cross: Value;
  readonly self: Value;
  readonly output: Value;
}

/** What the queries say before a layer, or after the last one. */
export interface QueryValues {
  /** [N, Q, C], normalized. */
  readonly queries: Value;
  /** [N, Q, C]: their dot product with the features of a pixel is the logit of its mask there. */
  readonly maskVectors: Value;
  /** [N, Q, h·w], logits of the masks on the grid of the next level. */
  readonly coarse: Value;
}

/** Results of the decoder: one more prediction than layers. */
export interface MaskDecoderValues {
  readonly layers: readonly DecoderLayerValues[];
  readonly predictions: readonly QueryValues[];
}

/**
 * Queries through all layers. A mask on a coarse grid is the dot product with features resized to it: the same numbers as a resized mask, because both are
 * linear, for a fraction of the work.
 *
 * @param memories - [N, C, h, w]: res5, res4, res3.
 * @param positions - [1, h·w, C] each.
 * @param maskFeatures - [N, C, H/4, W/4]
 */
export function maskDecoder(
  p: Params,
  memories: readonly Value[],
  positions: readonly Value[],
  maskFeatures: Value,
  config: FcclipConfig,
): MaskDecoderValues {
  const { queries, width } = config;
  const [n] = maskFeatures.shape as [number];
  const levelEmbed = p.at('level_embed').get('weight', [LEVELS, width]);
  const values = memories.map((memory, i) => add(asTokens(memory), slice(levelEmbed, { axis: 0, start: i, end: i + 1 }))); // [N, h·w, C]
  const keys = values.map((value, i) => add(value, positions[i]!));
  const features = memories.map(({ shape }) => flat(resize(maskFeatures, [shape[2]!, shape[3]!], 'bilinear'))); // [N, C, h·w]
  const place = p.at('query_embed').get('weight', [queries, width]);

  const predict = (x: Value, level: number): QueryValues => {
    const normed = layerNorm(p.at('decoder_norm'), x, EPS);
    const maskVectors = perceptron(p.at('mask_embed'), normed, [width, width, width]);
    return { queries: normed, maskVectors, coarse: matmul(maskVectors, features[level]!) };
  };
  const start = reshape(p.at('query_feat').get('weight', [queries, width]), [1, queries, width]);
  let x = expand(start, [n, queries, width]);
  const predictions = [predict(x, 0)];
  const layers: DecoderLayerValues[] = [];
  for (let i = 0; i < config.decoderLayers; i++) {
    const level = i % LEVELS;
    const memory = { key: keys[level]!, value: values[level]!, seen: visible(predictions.at(-1)!.coarse) };
    layers.push(decoderLayer(p, i, x, place, memory, config));
    x = layers.at(-1)!.output;
    predictions.push(predict(x, (i + 1) % LEVELS));
  }
  return { layers, predictions };
}

/** Cross-attention, self-attention, feed-forward network, each added to x [N, Q, C] and normalized. Queries keep their places. */
function decoderLayer(
  p: Params,
  index: number,
  x: Value,
  place: Value,
  { key, value, seen }: { readonly key: Value; readonly value: Value; readonly seen: Value },
  { heads, width, decoderHidden }: FcclipConfig,
): DecoderLayerValues {
  const crossAt = p.at('transformer_cross_attention_layers').at(index);
  const looked = multiheadAttention(crossAt.at('multihead_attn'), { query: add(x, place), key, value }, heads, seen);
  const cross = layerNorm(crossAt.at('norm'), add(x, looked), EPS);

  const selfAt = p.at('transformer_self_attention_layers').at(index);
  const placed = add(cross, place);
  const talked = multiheadAttention(selfAt.at('self_attn'), { query: placed, key: placed, value: cross }, heads);
  const self = layerNorm(selfAt.at('norm'), add(cross, talked), EPS);

  const ffnAt = p.at('transformer_ffn_layers').at(index);
  const fed = linear(ffnAt.at('linear2'), relu(linear(ffnAt.at('linear1'), self, decoderHidden)), width);
  return { cross, self, output: layerNorm(ffnAt.at('norm'), add(self, fed), EPS) };
}

/** Where each query may look: where its mask is not negative; everywhere, when that is nowhere. [N, Q, L] -> bool [N, 1, Q, L] */
function visible(logits: Value): Value {
  const [n, queries, cells] = logits.shape as [number, number, number];
  const inside = logicalNot(less(logits, 0));
  const nowhere = less(reduceMax(logits, [-1]), 0); // [N, Q, 1]
  return reshape(logicalOr(inside, nowhere), [n, 1, queries, cells]);
}

/** Linear layers with ReLUs between them; `p` is the scope of `layers`. */
export function perceptron(p: Params, x: Value, widths: readonly number[]): Value {
  return widths.reduce((y, width, i) => {
    const next = linear(p.at('layers').at(i), y, width);
    return i < widths.length - 1 ? relu(next) : next;
  }, x);
}

/** [N, C, h, w] -> [N, C, h·w] */
export function flat(map: Value): Value {
  const [n, channels, height, width] = map.shape as [number, number, number, number];
  return reshape(map, [n, channels, height * width]);
}
