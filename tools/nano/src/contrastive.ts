import { pooledHead, textTower as buildText, vitaminTrunk } from '@vitamin-vlm/backbone';
import { CLIP_NORMALIZATION_255 } from '@vitamin-vlm/image';
import { tensor } from '@vitamin-vlm/core';
import {
  add,
  addTrainingStep,
  cast,
  div,
  exp,
  Graph,
  l2Normalize,
  logSoftmax,
  matmul,
  mul,
  neg,
  Parameters,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  sub,
  toOnnx,
  transpose,
  type OnnxModel,
  type Value,
  type Weights,
} from '@vitamin-vlm/graph';
import { gridSize, imageSize, imageTower, textTower, type Schedule } from './nano-config.ts';

/** Longest caption of a batch in tokens, end token included. The longest of picture-world has 53; a longer one would be cut. */
export const captionLength = 56;

/** Parameters of both towers and the temperature, by their names in the published layout, with their shapes. */
export function modelShapes(): ReadonlyMap<string, readonly number[]> {
  const graph = new Graph('shapes');
  const parameters = new Parameters(graph);
  contrastiveLoss(graph, parameters, 1);
  return parameters.declared;
}

/**
 * Symmetric contrastive loss (Radford et al., arXiv:2103.00020, figure 3) of a batch of pictures and captions, and of one region of each
 * picture and its name: the mean of the tokens over the region goes through the same head (as FC-CLIP pools masks), so that the map of
 * tokens can be read place by place.
 *
 * Inputs: `pixels` uint8 [B, S, S, 3]; `regions` float32 [B, 1, T], rows that sum to 1; `ids` int32 [2·B, L], captions then names; `ends`
 * int32 [2·B], flat positions of the end tokens; `captionTargets`, `nameTargets` float32 [B, B], rows that sum to 1: where the same text
 * stands several times in a batch, each picture of it counts as a match.
 */
export function contrastiveLoss(graph: Graph, parameters: Parameters, batch: number): Value {
  const pixels = graph.input('pixels', 'uint8', [batch, imageSize, imageSize, 3]);
  const regions = graph.input('regions', 'float32', [batch, 1, gridSize * gridSize]);
  const ids = graph.input('ids', 'int32', [2 * batch, captionLength]);
  const ends = graph.input('ends', 'int32', [2 * batch]);

  const visual = parameters.root.at('visual');
  const { blocks } = vitaminTrunk(visual.at('trunk'), normalizePixels(pixels), imageTower);
  const tokens = blocks.at(-1)!; // [B, T, D]
  const texts = l2Normalize(buildText(parameters.root.at('text'), ids, ends, textTower).features); // [2·B, E]
  const scale = exp(parameters.root.get('logit_scale', []));
  const loss = (pooledTokens: Value, first: number, targets: string): Value => {
    const images = l2Normalize(pooledHead(visual, pooledTokens, imageTower.embedDim).embedding); // [B, E]
    const words = slice(texts, { axis: 0, start: first, end: first + batch });
    const logits = mul(matmul(images, transpose(words, [1, 0])), scale); // [B, B]
    const target = graph.input(targets, 'float32', [batch, batch]);
    return mul(add(crossEntropy(logits, target), crossEntropy(transpose(logits, [1, 0]), target)), 0.5);
  };
  return mul(add(loss(tokens, 0, 'captionTargets'), loss(matmul(regions, tokens), batch, 'nameTargets')), 0.5);
}

/** Mean over rows of -Σ target · log softmax(logits). */
function crossEntropy(logits: Value, targets: Value): Value {
  return neg(reshape(reduceMean(reduceSum(mul(logSoftmax(logits), targets), [1]), [0, 1]), []));
}

/** uint8 [B, S, S, 3] -> float32 [B, 3, S, S] with CLIP's mean and standard deviation. */
function normalizePixels(pixels: Value): Value {
  const { mean, std } = CLIP_NORMALIZATION_255;
  const channels = (values: readonly number[]): Value => pixels.graph.constant(tensor('float32', [3], Float32Array.from(values)));
  return transpose(div(sub(cast(pixels, 'float32'), channels(mean)), channels(std)), [0, 3, 1, 2]);
}

/** The training step as one ONNX model. `frozen` weights are built in and not trained (locked-text tuning). */
export function buildTrainingStep(schedule: Schedule, frozen?: Weights): OnnxModel {
  const graph = new Graph('contrastive-step');
  const parameters = new Parameters(graph, { ...(frozen && { weights: frozen }), trainable: (path) => !frozen?.has(path) });
  const loss = contrastiveLoss(graph, parameters, schedule.batch);
  addTrainingStep(loss, parameters.trained, {
    beta1: 0.9,
    beta2: 0.98,
    eps: 1e-6,
    weightDecay: (path, shape) => (shape.length > 1 && !path.includes('embed') ? schedule.weightDecay : 0),
    clipNorm: 1,
  });
  return toOnnx(graph);
}
