import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  allLogits,
  cellCenters,
  type Cells,
  classVectors,
  type ClipHead,
  clipVectors,
  type FcclipConfig,
  fuseScores,
  type MaskDecoderValues,
  maskLogits,
  maskNetwork,
  type PixelDecoderValues,
  scaleOf,
  type SegmentVocabulary,
  synonymTable,
  towerInputs,
  type TowerMaps,
  type VocabularyValues,
  type WordLogits,
  wordLogits,
} from '@vitamin-vlm/fcclip-segmentation';
import { add, Graph, Parameters, type Params, reshape, transpose, type Value, type Weights } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import { runGraph } from '../fvit/run-graph.ts';
import type { Golden } from '../golden/golden.ts';

export type FloatTensor = Tensor<'float32'>;
export type FloatMaps = Readonly<Record<string, FloatTensor>>;

/** A segmenter of a golden file. */
export interface GoldenModel {
  readonly config: FcclipConfig;
  /** Everything, the CLIP model's image tower under open_clip's names. */
  readonly weights: Weights;
  readonly clipHead: ClipHead;
}

/** How its answers are made. */
export interface GoldenQuestion {
  readonly vocabulary: SegmentVocabulary;
  readonly alpha: number;
  readonly beta: number;
}

/** Which weights: `sparse` leaves some tensors uncentered, so that masks become small. */
export type Variant = 'main' | 'sparse';

/** Where the file keeps what it holds of the second variant. */
const SPARSE = 'sparse_variant';

/** Values by section and name in the file. */
type Taps = Map<string, Value>;

/** Builds the whole network once, with every tap that the file holds; runs it and compares. Gives the taps of the discrete part. */
export async function compareNetwork(
  golden: Golden,
  { config, weights, clipHead }: GoldenModel,
  { vocabulary, alpha, beta }: GoldenQuestion,
  maps: FloatMaps,
  variant: Variant,
  session: SessionOptions,
): Promise<FloatMaps> {
  const graph = new Graph('fcclip');
  const { root } = new Parameters(graph, { weights });
  const inputs = towerInputs(graph, config);
  const { pixels, decoder } = maskNetwork(root, inputs, config);
  const words: VocabularyValues = {
    embeddings: graph.constant(vocabulary.embeddings),
    synonyms: graph.constant(synonymTable(vocabulary.labels)),
    nothing: root.at('void_embedding').get('weight', [1, config.embedDim]),
  };
  const taps: Taps = new Map([
    ...positionTaps(root, inputs, config),
    ...pixelTaps(pixels),
    ...decoderTaps(root, decoder, pixels, words, config),
  ]);
  const weightsOfWords = Float32Array.from(vocabulary.seen, (seen) => (seen ? alpha : beta));
  const scores = scoreTaps(
    root,
    inputs,
    decoder,
    pixels,
    words,
    graph.constant(tensor('float32', [weightsOfWords.length], weightsOfWords)),
    config,
    clipHead,
  );
  for (const [name, value] of scores.taps) taps.set(name, value);

  const named = Object.fromEntries([...taps].filter(([name]) => isIn(golden, name, variant)));
  const beside: Record<string, Value> = { ...scores.beside };
  for (const [i, { coarse }] of decoder.predictions.entries()) beside[`coarse${i}`] = coarse;
  const found = await runGraph(graph, { ...named, ...beside }, maps, session);
  for (const name of Object.keys(named)) golden.at(...name.split(' ')).tensor(found[name]!);
  return found;
}

/** Reference points, which are constants. */
export function compareCenters(golden: Golden, { canvas: { width, height } }: FcclipConfig): void {
  const sizes = [32, 16, 8].map((stride): Cells => [Math.ceil(height / stride), Math.ceil(width / stride)]);
  const centers = cellCenters(sizes);
  const [count = 0] = centers.shape;
  const levels = sizes.length;
  const data = Float32Array.from({ length: count * levels * 2 }, (_, i) => centers.data[Math.floor(i / (2 * levels)) * 2 + (i % 2)]!);
  golden.at('pixel_decoder', 'msda0.reference_points').tensor({ shape: [1, count, levels, 2], data });
}

function isIn(golden: Golden, tap: string, variant: Variant): boolean {
  const [section, name] = tap.split(' ') as [string, string];
  if ((section === SPARSE) !== (variant === 'sparse')) return false;
  return golden.has(section) && golden.at(section).has(name);
}

function positionTaps(root: Params, inputs: TowerMaps, { positions }: FcclipConfig): Taps {
  if (positions === false) return new Map();
  const names = ['res2', 'res3', 'res4', 'res5'] as const;
  const withPositions = (name: (typeof names)[number]): Value => {
    const map = inputs[name];
    return add(map, root.at('global_pos_embed').get(name, [1, ...(map.shape.slice(1) as number[])]));
  };
  return new Map(names.map((name) => [`backbone with_global_pos_embed.${name}`, withPositions(name)] as const));
}

function pixelTaps({ projected, positions, layers, memories, lateral, fine, maskFeatures }: PixelDecoderValues): Taps {
  const taps: Taps = new Map();
  const tap = (name: string, value: Value): unknown => taps.set(`pixel_decoder ${name}`, value);
  for (const [i, map] of projected.entries()) tap(`input_proj.${i}`, map);
  for (const [i, wave] of positions.entries()) tap(`sine.${i}`, reshape(channelsFirst(wave), projected[i]!.shape));
  const { query, source, attention } = layers[0]!;
  tap('msda0.query', channelsFirst(query));
  tap('msda0.value_input', channelsFirst(source));
  tap('msda0.value_proj', channelsFirst(attention.values));
  tap('msda0.sampling_offsets', channelsFirst(attention.offsets));
  tap('msda0.attention_weights', channelsFirst(attention.weights));
  tap('msda0.output', attention.output);
  for (const [i, { output }] of layers.entries()) tap(`encoder.${i}`, output);
  for (const [i, memory] of memories.entries()) tap(`multi_scale.${i}`, memory);
  tap('adapter_1', lateral);
  tap('layer_1', fine);
  tap('mask_features', maskFeatures);
  taps.set('sparse_variant mask_features', maskFeatures);
  return taps;
}

/** Swaps the last two axes. */
function channelsFirst(x: Value): Value {
  return transpose(x, [0, 2, 1]);
}

function decoderTaps(
  root: Params,
  { layers, predictions }: MaskDecoderValues,
  { maskFeatures }: PixelDecoderValues,
  words: VocabularyValues,
  config: FcclipConfig,
): Taps {
  const taps: Taps = new Map();
  const predictor = root.at('sem_seg_head').at('predictor');
  for (const [i, { cross, self, output }] of layers.entries()) {
    taps.set(`decoder layer${i}.cross`, cross);
    taps.set(`decoder layer${i}.self`, self);
    taps.set(`decoder layer${i}.ffn`, output);
    taps.set(`sparse_variant layer${i}.ffn`, output);
  }
  for (const [i, prediction] of predictions.entries()) {
    const logits = maskLogits(prediction, maskFeatures);
    const { classVectors: vectors } = classVectors(predictor, prediction, maskFeatures, logits, config);
    taps.set(`decoder prediction${i}.decoder_norm`, prediction.queries);
    taps.set(`decoder prediction${i}.mask_logits`, logits);
    taps.set(`decoder prediction${i}.in_vocab_logits`, wordsOf(vectors, words, scaleOf(predictor)).all);
  }
  return taps;
}

/** Logits of words for vectors [1, Q, E], and the same as [1, Q, K + 1]. */
function wordsOf(vectors: Value, words: VocabularyValues, scale: Value): { logits: WordLogits; all: Value } {
  const [n, queries, width] = vectors.shape as [number, number, number];
  const logits = wordLogits(reshape(vectors, [n * queries, width]), words, scale);
  const all = allLogits(logits);
  return { logits, all: reshape(all, [n, queries, all.shape[1]!]) };
}

function scoreTaps(
  root: Params,
  inputs: TowerMaps,
  { predictions }: MaskDecoderValues,
  { maskFeatures }: PixelDecoderValues,
  words: VocabularyValues,
  weights: Value,
  config: FcclipConfig,
  clipHead: ClipHead,
): { taps: Taps; beside: Record<string, Value> } {
  const predictor = root.at('sem_seg_head').at('predictor');
  const last = predictions.at(-1)!;
  const logits = maskLogits(last, maskFeatures);
  const own = classVectors(predictor, last, maskFeatures, logits, config);
  const dense = config.channels[3] === undefined ? inputs.res4 : inputs.res5;
  const clip = clipVectors(root.at('visual'), dense, logits, clipHead);
  const inside = wordsOf(own.classVectors, words, scaleOf(predictor));
  const outside = wordsOf(clip.clipVectors, words, scaleOf(root));
  const fused = fuseScores(inside.logits, outside.logits, weights);
  const taps: Taps = new Map([
    ['decoder final.mask_embed', last.maskVectors],
    ['decoder final.mask_pooled', own.pooled],
    ['decoder final.mask_pooling_proj', own.projected],
    ['decoder final.class_embed', own.classVectors],
    ['classification mask_for_pooling', clip.logits],
    ['classification mask_pooled_clip', clip.pooled],
    ['classification clip_embed', clip.clipVectors],
    ['classification out_vocab_logits', outside.all],
    ['classification in_vocab_logits', inside.all],
    ['classification ensemble_logits', fused.logits],
    ['classification final_probabilities', fused.probabilities],
    ['sparse_variant pred_masks', logits],
    ['sparse_variant pred_logits', inside.all],
    ['sparse_variant class_embed', own.classVectors],
    ['sparse_variant mask_pooled_clip', clip.pooled],
    ['sparse_variant out_vocab_logits', outside.all],
    ['sparse_variant ensemble_logits', fused.logits],
  ]);
  const beside = { maskLogits: logits, clipLogits: clip.logits, probabilities: fused.probabilities };
  return { taps, beside };
}
