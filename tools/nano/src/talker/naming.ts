import { sizeOf, tensor } from '@vitamin-vlm/core';
import {
  add,
  binaryCrossEntropy,
  Graph,
  linear,
  matmul,
  mul,
  type OnnxModel,
  Parameters,
  type Params,
  reshape,
  rmsNormalization,
  slice,
  toOnnx,
  transpose,
  type Value,
  addTrainingStep,
  type Weights,
} from '@vitamin-vlm/graph';
import { type LlamaTokenizer, pictureTokens } from '@vitamin-vlm/llava-bridge';
import { facts, names, tokens } from './cell-truth.ts';
import * as plan from './plan.ts';

/** Where the parameters stand that only this needs; they are not written with the talker. */
const SCOPE = 'naming';

/** Score of equal directions. */
const ALIKE = 12;

/**
 * How badly pictures' tokens are named, each by itself: the direction of a token is compared with those of the embeddings of all names, and each is a yes-no question
 * (as in SigLIP, arXiv:2303.15343, for cells instead of pictures). Layers of the language model can then find what a word names by likeness alone.
 * Sum over the names, mean over the tokens.
 *
 * @param pictures - [rows, tokens, hidden]
 * @param truth - float32 [rows, tokens, facts]
 */
export function namingLoss(root: Params, tokenizer: LlamaTokenizer, pictures: Value, truth: Value): Value {
  const { graph } = pictures;
  const { hidden, vocabulary } = plan.llama;
  const table = root.at('model').at('embed_tokens').get('weight', [vocabulary, hidden]);
  const words = direction(matmul(graph.constant(pieceShares(tokenizer)), table)); // [names, hidden]
  const alike = matmul(direction(pictures), transpose(words, [1, 0])); // hidden times the cosine
  const scores = add(mul(alike, graph.scalar(ALIKE / hidden)), root.at(SCOPE).get('names.bias', [names.length]));
  return perToken(scores, slice(truth, { axis: 2, start: 0, end: names.length }));
}

/** How badly all facts of a token are told from it by a linear head. `pictures` [rows, tokens, hidden], `truth` float32 [rows, tokens, facts] */
export function factLoss(root: Params, pictures: Value, truth: Value): Value {
  return perToken(linear(root.at(SCOPE).at('facts'), direction(pictures), facts), truth);
}

/** Vectors of length √hidden: [..., hidden] */
function direction(x: Value): Value {
  const { hidden } = plan.llama;
  return rmsNormalization(x, x.graph.constant(tensor('float32', [hidden], new Float32Array(hidden).fill(1))), 1e-6);
}

function perToken(scores: Value, truth: Value): Value {
  const count = sizeOf(scores.shape as readonly number[]) / (scores.shape.at(-1) as number);
  return mul(reshape(binaryCrossEntropy(scores, truth, 'sum'), []), scores.graph.scalar(1 / count));
}

/** Share of each piece of the vocabulary in a name: [names, vocabulary]. */
function pieceShares(tokenizer: LlamaTokenizer): ReturnType<typeof tensor<'float32'>> {
  const shares = tensor('float32', [names.length, plan.llama.vocabulary]);
  for (const [i, name] of names.entries()) {
    const ids = tokenizer.encode(name, { bos: false });
    for (const id of ids) shares.data[i * plan.llama.vocabulary + id]! += 1 / ids.length;
  }
  return shares;
}

/** The first round: projector and embeddings alone. Inputs `features` [rows, cells, channels] and `truth` [rows, tokens, facts]. */
export function namingStep(
  norm: Weights,
  tokenizer: LlamaTokenizer,
): { readonly step: OnnxModel; readonly declared: ReadonlyMap<string, readonly number[]> } {
  const graph = new Graph('naming');
  const { root, declared, trained } = new Parameters(graph, { trainable: () => true });
  const { rows } = plan.naming;
  const { height, width } = plan.cells;
  const channels = plan.projector.input / plan.grid.merge ** 2;
  const features = reshape(graph.input('features', 'float32', [rows, height * width, channels]), [rows * height * width, channels]);
  const made = pictureTokens(root, features, { projector: plan.projector, norm, grid: { ...plan.grid, height, width } });
  const pictures = reshape(made, [rows, tokens, plan.llama.hidden]);
  const truth = graph.input('truth', 'float32', [rows, tokens, facts]);
  addTrainingStep(add(namingLoss(root, tokenizer, pictures, truth), factLoss(root, pictures, truth)), trained, plan.optimizer);
  return { step: toOnnx(graph), declared };
}
