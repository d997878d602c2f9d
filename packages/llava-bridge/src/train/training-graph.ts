import { type Tensor, tensor } from '@vitamin-vlm/core';
import { concat, crossEntropy, gather, Graph, Parameters, type Value, type Weights } from '@vitamin-vlm/graph';
import type { LlamaConfig } from '../models/llama-config.ts';
import { causalVisibility, embeddingTable, languageHead, llamaLayers } from '../models/llama.ts';
import { projector, type ProjectorConfig } from '../models/projector.ts';
import { ropeTable } from '../models/rope.ts';
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
}

/** Sizes of a batch. */
export interface TrainingSize {
  readonly rows: number;
  readonly length: number;
  /** Words of the batch. */
  readonly words: number;
  /** Features of all pictures of the batch. */
  readonly cells: number;
}

/** What each stage of LLaVA's training learns: the projector alone, or the language model as well. The tower never. */
export function isLearned(stage: 1 | 2, path: string): boolean {
  return stage === 2 || path.startsWith(`${PROJECTOR}.`);
}

/**
 * The loss of a batch: `features` [cells, C], `ids` int64 [words], `index`, `slots` and `labels` int64 [rows, length] in. A label stands at the token that it is
 * predicted from. Mean over all labels of the batch.
 */
export function trainingLoss(
  { llama, projector: config, weights }: TrainingModel,
  { rows, length, words, cells }: TrainingSize,
  stage: 1 | 2,
): { graph: Graph; parameters: Parameters; logits: Value; loss: Value } {
  const graph = new Graph('training');
  const parameters = new Parameters(graph, { weights, trainable: (path) => isLearned(stage, path) });
  const { root } = parameters;
  const texts = gather(embeddingTable(root, llama), graph.input('ids', 'int64', [words])); // [words, H]
  const pictures = projector(root.at(PROJECTOR), graph.input('features', 'float32', [cells, config.input]), config); // [cells, H]
  const zero = graph.constant(tensor('float32', [1, llama.hidden]));
  const embeddings = gather(concat([texts, pictures, zero], 0), graph.input('index', 'int64', [rows, length])); // [rows, length, H]
  const columns = BigInt64Array.from({ length: rows * length }, (_, i) => BigInt(i % length));
  const positions = graph.constant(tensor('int64', [rows, length], columns));
  const visible = causalVisibility(positions, graph.input('slots', 'int64', [rows, length]));
  const { norm } = llamaLayers(root.at('model'), embeddings, llama, { positions, visible, rope: ropeTable(graph, llama, length) });
  const logits = languageHead(root, norm, llama);
  return { graph, parameters, logits, loss: crossEntropy(logits, graph.input('labels', 'int64', [rows, length])) };
}

/** Feeds of `trainingLoss` but for the features. Rows must be filled up on the right. */
export function trainingFeeds({ rows, length, ids, index, labels, mask }: MergedBatch): Record<string, Tensor> {
  return {
    ids: integers([ids.length], ids),
    index: integers([rows, length], index),
    slots: integers(
      [rows, length],
      mask.map((isToken, i) => (isToken ? i % length : -1)),
    ),
    // The last token of a row predicts nothing.
    labels: integers(
      [rows, length],
      labels.map((_, i) => (i % length === length - 1 ? IGNORED : labels[i + 1]!)),
    ),
  };
}

function integers(shape: readonly number[], numbers: readonly number[]): Tensor {
  return tensor('int64', shape, BigInt64Array.from(numbers, BigInt));
}
