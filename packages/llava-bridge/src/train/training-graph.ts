import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  concat,
  crossEntropy,
  gather,
  Graph,
  layerNorm,
  Parameters,
  type Params,
  reshape,
  type Value,
  type Weights,
} from '@vitamin-vlm/graph';
import { type GridRule, gridFeatures } from '../models/grid-features.ts';
import type { LlamaConfig } from '../models/llama-config.ts';
import { causalVisibility, embeddingTable, languageHead, llamaLayers } from '../models/llama.ts';
import { projector, type ProjectorConfig } from '../models/projector.ts';
import { ropeTable } from '../models/rope.ts';
import { FINAL_NORM, FINAL_NORM_EPS } from '../tokens/tokens-graph.ts';
import { IGNORED } from './label-sample.ts';
import type { MergedBatch } from './merge-samples.ts';

/** Where a projector stands in a merged checkpoint. */
export const PROJECTOR = 'model.mm_projector';

/** What a training graph is made for. */
export interface TrainingModel {
  readonly llama: LlamaConfig;
  readonly projector: ProjectorConfig;
  /** By the names of a merged checkpoint: `model.`, `lm_head.`, `model.mm_projector.` */
  readonly weights: Weights;
  /** Of the tower's checkpoint: its final norm, which is kept as it is. Without them features go to the grid as they are. */
  readonly norm?: Weights | undefined;
  /** What becomes of a picture's grid. Default: nothing, as in LLaVA. */
  readonly grid?: (GridRule & { readonly height: number; readonly width: number }) | undefined;
}

/** Sizes of a batch. */
export interface TrainingSize {
  readonly rows: number;
  readonly length: number;
  /** Words of the batch. */
  readonly words: number;
  /** Tokens of all pictures of the batch. */
  readonly cells: number;
}

/**
 * Features of pictures as tokens, in a graph: norm, grid, projector. [cells · merge², C] -> [cells, H]
 *
 * @param root - The scope of a merged checkpoint: the projector's parameters are asked for as `model.mm_projector.`
 * @throws VitaminError as `gridFeatures`.
 * @example
 * ```ts
 * import { Graph, Parameters } from '@vitamin-vlm/graph';
 * import { pictureTokens } from '@vitamin-vlm/llava-bridge';
 * const graph = new Graph('tokens');
 * const features = graph.input('features', 'float32', [576, 1024]);
 * const projector = { type: 'mlp2x_gelu', depth: 2, input: 1024, output: 4096 } as const;
 * graph.output('tokens', pictureTokens(new Parameters(graph).root, features, { projector })); // [576, 4096]
 * ```
 */
export function pictureTokens(
  root: Params,
  features: Value,
  { projector: config, norm, grid }: Pick<TrainingModel, 'projector' | 'norm' | 'grid'>,
): Value {
  const normed = norm
    ? layerNorm(new Parameters(features.graph, { weights: norm }).root.at(FINAL_NORM), features, FINAL_NORM_EPS)
    : features;
  if (!grid) return projector(root.at(PROJECTOR), normed, config);
  const { height, width } = grid;
  const [rows, channels] = normed.shape as [number, number];
  const maps = reshape(normed, [rows / (height * width), height * width, channels]);
  const tokens = reshape(gridFeatures(maps, grid, height, width), [rows / grid.merge ** 2, config.input]);
  return projector(root.at(PROJECTOR), tokens, config);
}

/** What each stage of LLaVA's training learns: the projector alone, or the language model as well. The tower never. */
export function isLearned(stage: 1 | 2, path: string): boolean {
  return stage === 2 || path.startsWith(`${PROJECTOR}.`);
}

/**
 * The loss of a batch: `features` [cells, C] (of a grid that is merged `merge`² times as many rows), `ids` int64 [words], `index`, `slots` and `labels` int64 [rows, length] in. A label stands at the token that it is
 * predicted from. Mean over all labels of the batch.
 */
export function trainingLoss(
  model: TrainingModel,
  { rows, length, words, cells }: TrainingSize,
  stage: 1 | 2,
): { graph: Graph; parameters: Parameters; logits: Value; loss: Value } {
  const { llama, projector: config, weights, grid } = model;
  const graph = new Graph('training');
  const parameters = new Parameters(graph, { weights, trainable: (path) => isLearned(stage, path) });
  const { root } = parameters;
  const texts = gather(embeddingTable(root, llama), graph.input('ids', 'int64', [words])); // [words, H]
  const merged = (grid?.merge ?? 1) ** 2;
  const pictures = pictureTokens(root, graph.input('features', 'float32', [cells * merged, config.input / merged]), model); // [cells, H]
  const zero = graph.constant(tensor('float32', [1, llama.hidden]));
  const embeddings = gather(concat([texts, pictures, zero], 0), graph.input('index', 'int64', [rows, length])); // [rows, length, H]
  const columns = BigInt64Array.from({ length: rows * length }, (_, i) => BigInt(i % length));
  const positions = graph.constant(tensor('int64', [rows, length], columns));
  const visible = causalVisibility(positions, graph.input('slots', 'int64', [rows, length]));
  const { norm } = llamaLayers(root.at('model'), embeddings, llama, { positions, visible, rope: ropeTable(graph, llama, length) });
  const logits = languageHead(root, norm, llama);
  return { graph, parameters, logits, loss: crossEntropy(logits, graph.input('labels', 'int64', [rows, length])) };
}

/**
 * Feeds of `trainingLoss` but for the features. Rows must be filled up on the right.
 *
 * @param size - Of the graph, where it is larger than the batch: what is left over is filled up with nothing.
 */
export function trainingFeeds(batch: MergedBatch, size?: TrainingSize): Record<string, Tensor> {
  const { rows, ids } = batch;
  const { length = batch.length, words = ids.length, cells = 0 } = size ?? {};
  const moved = words - ids.length;
  const places = (of: (at: number, column: number) => number, otherwise: number): Tensor =>
    integers(
      [rows, length],
      Array.from({ length: rows * length }, (_, i) => {
        const column = i % length;
        return column < batch.length ? of(Math.floor(i / length) * batch.length + column, column) : otherwise;
      }),
    );
  return {
    ids: integers([words], [...ids, ...Array.from({ length: moved }, () => 0)]),
    // Pictures stand behind all words, the row of zeros behind all pictures.
    index: places((at) => (batch.index[at]! < ids.length ? batch.index[at]! : batch.index[at]! + moved), words + cells),
    slots: places((at, column) => (batch.mask[at] ? column : -1), -1),
    // The last token of a row predicts nothing.
    labels: places((at, column) => (column === batch.length - 1 ? IGNORED : batch.labels[at + 1]!), IGNORED),
  };
}

function integers(shape: readonly number[], numbers: readonly number[]): Tensor {
  return tensor('int64', shape, BigInt64Array.from(numbers, BigInt));
}
