import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  accumulatedStep,
  add,
  addAccumulation,
  addTrainingStep,
  crossEntropy,
  gather,
  Graph,
  matmul,
  mul,
  Parameters,
  type Params,
  reshape,
  toOnnx,
  type TrainingOptions,
  type Value,
} from '@vitamin-vlm/graph';
import type { StepGraphs } from '@vitamin-vlm/training';
import type { FcclipConfig } from '../models/config.ts';
import { allLogits, classVectors, maskLogits, maskNetwork, scaleOf, type VocabularyValues, wordLogits } from '../models/fcclip.ts';
import type { QueryValues } from '../models/mask-decoder.ts';
import { towerInputs } from '../segment/graphs.ts';
import { atPoints, maskLosses, uncertainPoints } from './losses.ts';
import { pointCounts, type TrainingRules } from './settings.ts';

/** Sizes that the graphs of a training are built for, beside the segmenter's own. */
export interface TrainingShape {
  /** Pictures of a batch. */
  readonly pictures: number;
  /** True masks of a batch at most. */
  readonly pairs: number;
}

/** The words that masks are compared with in training. */
export interface TrainingWords {
  /** [V, E], unit rows. */
  readonly embeddings: Tensor<'float32'>;
  /** int64 [K, S], the rows that stand for each class (`synonymTable`). */
  readonly synonyms: Tensor<'int64'>;
}

/** Losses of one prediction, before their weights. Scalars. */
export interface PredictionLosses {
  readonly classes: Value;
  readonly masks: Value;
  readonly dice: Value;
  /** [M, P, 2], where the masks were compared. */
  readonly points: Value;
}

/** Of all predictions, the one before the first layer first; `total` is their weighted sum. */
export interface SegmenterLosses {
  readonly predictions: readonly PredictionLosses[];
  readonly total: Value;
}

/** What the network says before a layer, or after the last. */
interface Prediction {
  readonly values: QueryValues;
  /** [N, Q, h, w] */
  readonly masks: Value;
  /** [N·Q, K + 1], "nothing" last. */
  readonly classes: Value;
}

/**
 * Tower maps, parameters and `points0`, `points1` ... [N, P, 2] in; for each prediction `classes0` ... [N, Q, K + 1] and `masks0` ... [N, Q, P] out, logits of classes and of
 * masks at those points: what targets are matched by. One of the two of `trainingGraphs`.
 */
export function trainingForward(config: FcclipConfig, shape: TrainingShape, words: TrainingWords, rules: TrainingRules): Graph {
  const graph = new Graph('forward');
  const { root } = new Parameters(graph);
  const { predictions, maskFeatures } = predictionsOf(graph, root, config, shape, words);
  const { pictures } = shape;
  for (const [i, { values, classes }] of predictions.entries()) {
    const points = graph.input(`points${i}`, 'float32', [pictures, rules.points, 2]);
    // A mask is linear in the features, so reading the features at the points is enough.
    graph.output(`masks${i}`, matmul(values.maskVectors, atPoints(maskFeatures, points)));
    graph.output(`classes${i}`, reshape(classes, [pictures, config.queries, classes.shape[1]!]));
  }
  return graph;
}

/** The losses of all predictions in a new graph, whose inputs are the tower's maps, the parameters, and the feeds of `drawnPoints` and `matchedFeeds`. */
export function trainingLosses(
  config: FcclipConfig,
  shape: TrainingShape,
  words: TrainingWords,
  rules: TrainingRules,
): { readonly graph: Graph; readonly losses: SegmenterLosses; readonly trained: ReadonlyMap<string, Value> } {
  const graph = new Graph('losses');
  const parameters = new Parameters(graph, { trainable: () => true });
  const { pictures, pairs } = shape;
  const { canvas, queries } = config;
  const { predictions } = predictionsOf(graph, parameters.root, config, shape, words);
  const targets = graph.input('targets', 'float32', [pairs, 1, canvas.height, canvas.width]);
  const counts = pointCounts(rules);
  const found = predictions.map(({ masks, classes }, i): PredictionLosses => {
    const [, , height, width] = masks.shape as [number, number, number, number];
    const matched = graph.input(`matched${i}`, 'int64', [pairs]);
    const own = gather(reshape(masks, [pictures * queries, 1, height, width]), matched); // [M, 1, h, w]
    const candidates = graph.input(`candidates${i}`, 'float32', [pairs, counts.candidates, 2]);
    const anywhere = graph.input(`anywhere${i}`, 'float32', [pairs, counts.anywhere, 2]);
    const points = uncertainPoints(own, candidates, anywhere, counts.uncertain);
    const named = classes.shape[1] as number;
    const weights = Float32Array.from({ length: named }, (_, k) => (k === named - 1 ? rules.nothing : 1));
    const classWeights = graph.constant(tensor('float32', [named], weights));
    const classLoss = crossEntropy(classes, graph.input(`labels${i}`, 'int64', [pictures * queries]), { classWeights });
    return { classes: classLoss, ...maskLosses(own, targets, points, graph.input(`shares${i}`, 'float32', [pairs])), points };
  });
  const parts = found.flatMap(({ classes, masks, dice }) => [
    mul(classes, rules.weights.classes),
    mul(masks, rules.weights.masks),
    mul(dice, rules.weights.dice),
  ]);
  return { graph, losses: { predictions: found, total: sum(parts) }, trained: parameters.trained };
}

/**
 * The graphs that `train` runs: what targets are matched by, and the step from the matches. Logs the losses of the last prediction by their names, before their weights.
 *
 * @param batches - Batches of a step, whose gradients are averaged: for steps that do not fit into memory at once. Default 1.
 * @example
 * ```ts
 * import { type FcclipConfig, trainingGraphs, trainingRules, type TrainingShape, type TrainingWords } from '@vitamin-vlm/fcclip-segmentation';
 * import type { StepGraphs } from '@vitamin-vlm/training';
 * const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.05, clipNorm: 0.01 };
 * const graphs = (config: FcclipConfig, shape: TrainingShape, words: TrainingWords): StepGraphs =>
 *   trainingGraphs(config, shape, words, trainingRules, optimizer);
 * ```
 */
export function trainingGraphs(
  config: FcclipConfig,
  shape: TrainingShape,
  words: TrainingWords,
  rules: TrainingRules,
  optimizer: TrainingOptions,
  batches = 1,
): StepGraphs {
  const { graph, losses, trained } = trainingLosses(config, shape, words, rules);
  const last = losses.predictions.at(-1)!;
  graph.output('classes', last.classes);
  graph.output('masks', last.masks);
  graph.output('dice', last.dice);
  const forward = toOnnx(trainingForward(config, shape, words, rules));
  if (batches === 1) {
    addTrainingStep(losses.total, trained, optimizer);
    return { forward, step: toOnnx(graph) };
  }
  addAccumulation(losses.total, trained);
  const apply = new Graph('apply');
  accumulatedStep(apply, trained, optimizer);
  return { forward, accumulate: toOnnx(graph), apply: toOnnx(apply), batches };
}

/** Every prediction with its class branch, which inference needs of the last one only. */
function predictionsOf(
  graph: Graph,
  root: Params,
  config: FcclipConfig,
  { pictures }: TrainingShape,
  { embeddings, synonyms }: TrainingWords,
): { readonly predictions: readonly Prediction[]; readonly maskFeatures: Value } {
  const { pixels, decoder } = maskNetwork(root, towerInputs(graph, config, pictures), config);
  const { maskFeatures } = pixels;
  const predictor = root.at('sem_seg_head').at('predictor');
  const vocabulary: VocabularyValues = {
    embeddings: graph.constant(embeddings),
    synonyms: graph.constant(synonyms),
    nothing: root.at('void_embedding').get('weight', [1, config.embedDim]),
  };
  const predictions = decoder.predictions.map((values): Prediction => {
    const masks = maskLogits(values, maskFeatures);
    const { classVectors: vectors } = classVectors(predictor, values, maskFeatures, masks, config);
    const rows = reshape(vectors, [pictures * config.queries, config.embedDim]);
    return { values, masks, classes: allLogits(wordLogits(rows, vocabulary, scaleOf(predictor))) };
  });
  return { predictions, maskFeatures };
}

function sum(values: readonly Value[]): Value {
  return values.reduce((a, b) => add(a, b));
}
