import { tensor } from '@vitamin-vlm/core';
import {
  concat,
  crossEntropy,
  div,
  equal,
  expand,
  gather,
  Graph,
  logicalAnd,
  logicalOr,
  mul,
  Parameters,
  reduceSum,
  reshape,
  slice,
  type Value,
  type Weights,
} from '@vitamin-vlm/graph';
import type { GridRule } from '../models/grid-features.ts';
import type { LlamaConfig } from '../models/llama-config.ts';
import { embeddingTable, languageHead, llamaLayers } from '../models/llama.ts';
import type { ProjectorConfig } from '../models/projector.ts';
import { ropeTable } from '../models/rope.ts';
import { isLearned, pictureTokens } from './training-graph.ts';

/** What a packed training is made of. */
export interface PackedModel {
  readonly llama: LlamaConfig;
  readonly projector: ProjectorConfig;
  /** By the names of a merged checkpoint. */
  readonly weights: Weights;
  /** Of the tower's checkpoint: its final norm, which is kept as it is. Without them features go to the grid as they are. */
  readonly norm?: Weights | undefined;
  readonly grid: GridRule;
}

/** Sizes of a packed batch. */
export interface PackedSize {
  /** Pictures, one a row. */
  readonly rows: number;
  /** Extents of the tower's grid. */
  readonly height: number;
  readonly width: number;
  /** Ids before every picture. */
  readonly before: readonly number[];
  /** Places for text behind a picture. */
  readonly text: number;
}

/** A graph of a packed training and its values. */
export interface PackedTraining {
  readonly graph: Graph;
  readonly parameters: Parameters;
  /** [rows, text, vocabulary] */
  readonly logits: Value;
  /** Scalar. */
  readonly loss: Value;
  /** The pictures' tokens as the projector makes them, then as each layer leaves them: [rows, tokens, hidden] each. */
  readonly pictures: readonly Value[];
}

/**
 * The loss of rows that hold one picture and many conversations about it: each conversation sees what stands before it, the picture, and itself, at the positions
 * that it has alone, so that a row gives the gradients of as many samples for the price of one picture.
 *
 * `features` [rows, height · width, C]; `ids`, `positions`, `segments` (from 1; -1 where no token is) and `labels` int64 [rows, text] in. A label stands at the
 * token that it is predicted from, `IGNORED` at the others; `shares` float32 [rows, text] is what each counts in the mean.
 *
 * @throws VitaminError as `gridFeatures`.
 * @example
 * ```ts
 * import { addTrainingStep } from '@vitamin-vlm/graph';
 * import { packedLoss, type PackedModel } from '@vitamin-vlm/llava-bridge';
 * function step(model: PackedModel): void {
 *   const { loss, parameters } = packedLoss(model, { rows: 8, height: 16, width: 16, before: [1], text: 256 }, 2);
 *   addTrainingStep(loss, parameters.trained, { beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.05, clipNorm: 1 });
 * }
 * ```
 */
export function packedLoss(
  { llama, projector: config, weights, norm, grid }: PackedModel,
  { rows, height, width, before, text }: PackedSize,
  stage: 1 | 2,
): PackedTraining {
  const graph = new Graph('packed training');
  const parameters = new Parameters(graph, { weights, trainable: (path) => isLearned(stage, path) });
  const { root } = parameters;
  const channels = config.input / grid.merge ** 2;
  const count = (height * width) / grid.merge ** 2;
  const features = reshape(graph.input('features', 'float32', [rows, height * width, channels]), [rows * height * width, channels]);
  const tokens = pictureTokens(root, features, { projector: config, norm, grid: { ...grid, height, width } });
  const pictures = reshape(tokens, [rows, count, llama.hidden]);
  const table = embeddingTable(root, llama);
  const first = graph.constant(tensor('int64', [1, before.length], BigInt64Array.from(before, BigInt)));
  const prefix = expand(gather(table, first), [rows, before.length, llama.hidden]);
  const texts = gather(table, graph.input('ids', 'int64', [rows, text])); // [rows, text, H]
  const x = concat([prefix, pictures, texts], 1); // [rows, length, H]
  const shared = before.length + count;
  const length = shared + text;
  const places = graph.constant(
    tensor(
      'int64',
      [1, shared],
      BigInt64Array.from({ length: shared }, (_, i) => BigInt(i)),
    ),
  );
  const positions = concat([expand(places, [rows, shared]), graph.input('positions', 'int64', [rows, text])], 1);
  const none = expand(graph.constant(tensor('int64', [1, shared])), [rows, shared]);
  const segments = concat([none, graph.input('segments', 'int64', [rows, text])], 1); // 0 is seen by all
  const visible = packedVisibility(segments, rows, length);
  const { norm: read, layers } = llamaLayers(root.at('model'), x, llama, { positions, visible, rope: ropeTable(graph, llama, length) });
  const logits = languageHead(root, slice(read, { axis: 1, start: shared }), llama); // [rows, text, V]
  const single = crossEntropy(logits, graph.input('labels', 'int64', [rows, text]), { reduction: 'none' });
  const shares = graph.input('shares', 'float32', [rows, text]);
  const loss = div(total(mul(single, shares)), total(shares));
  const left = layers.map(({ out }) => slice(out, { axis: 1, start: before.length, end: shared }));
  return { graph, parameters, logits, loss, pictures: [pictures, ...left] };
}

/** Sum of all elements, a scalar. [rows, text] */
function total(values: Value): Value {
  return reshape(reduceSum(values, [0, 1]), []);
}

/** A token sees those before it that belong to all (segment 0) or to its own segment. int64 [rows, length] -> bool [rows, 1, length, length] */
function packedVisibility(segments: Value, rows: number, length: number): Value {
  const { graph } = segments;
  const causal = Uint8Array.from({ length: length * length }, (_, i) => Number(i % length <= Math.floor(i / length)));
  const seen = reshape(segments, [rows, 1, 1, length]);
  const own = equal(seen, reshape(segments, [rows, 1, length, 1]));
  return logicalAnd(logicalOr(own, equal(seen, 0)), graph.constant(tensor('bool', [1, 1, length, length], causal)));
}
