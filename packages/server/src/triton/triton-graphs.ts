import type { OpenedModel } from '@vitamin-vlm/backbone';
import { textTower } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import { add, cast, Graph, l2Normalize, matmul, mul, Parameters, softmax, transpose, type Value } from '@vitamin-vlm/graph';

/**
 * The image tower for a server: pixels uint8 [N, S, S, 3] in, embedding [N, E] of length one out. Bytes travel instead of floats, a quarter of the traffic, and the normalization
 * cannot be forgotten.
 */
export function imageTowerGraph({ tower }: OpenedModel): Graph {
  const { imageSize: size, normalization } = tower;
  const graph = new Graph('image tower');
  const { root } = new Parameters(graph, { weights: tower.weightsFor(size) });
  const bytes = graph.input('pixels', 'uint8', ['N', size, size, 3]);
  // (byte / divisor - mean) / std, as one product and one sum.
  const { divisor, mean, std } = normalization;
  const scale = graph.constant(
    tensor(
      'float32',
      [3],
      Float32Array.from(std, (deviation) => 1 / (divisor * deviation)),
    ),
  );
  const shift = graph.constant(
    tensor(
      'float32',
      [3],
      Float32Array.from(std, (deviation, i) => -mean[i]! / deviation),
    ),
  );
  const image = transpose(add(mul(cast(bytes, 'float32'), scale), shift), [0, 3, 1, 2]); // [N, 3, S, S]
  const { embedding } = tower.build(root, image);
  graph.output('embedding', l2Normalize(embedding!));
  return graph;
}

/** The text tower: ids int32 [N, L] and ends int32 [N] in, where an end is n * L + the place of the end token; embedding [N, E] of length one out. */
export function textTowerGraph({ weights, text }: OpenedModel): Graph {
  const graph = new Graph('text tower');
  const { root } = new Parameters(graph, { weights });
  const ids = graph.input('ids', 'int32', ['N', text!.context]);
  const { features } = textTower(root.at('text'), ids, graph.input('ends', 'int32', ['N']), text!);
  graph.output('embedding', l2Normalize(features));
  return graph;
}

/** Words as input: embedding [N, E] and words [L, E], both of length one, in; probabilities [N, L] out. */
export function wordsGraph({ tower, logitScale }: OpenedModel): Graph {
  const graph = new Graph('words');
  const width = tower.embedDim!;
  const embedding = graph.input('embedding', 'float32', ['N', width]);
  const words = graph.input('words', 'float32', ['L', width]);
  const cosines: Value = matmul(embedding, transpose(words, [1, 0])); // [N, L]
  graph.output('probabilities', softmax(mul(cosines, logitScale)));
  return graph;
}
