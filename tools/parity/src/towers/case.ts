import { join } from 'node:path';
import { Backbone, cosineSimilarity, normalizeRows, openModel } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters, type Value } from '@vitamin-vlm/graph';
import { runGraph } from '../fvit/run-graph.ts';
import type { GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { type CaseWeights, caseWeights, writeCase } from './case-weights.ts';
import { compareDense } from './dense.ts';
import { compareFacts } from './facts.ts';
import { compareRotary } from './rotary.ts';
import { inputOf, type OpenedCase } from './opened.ts';
import { compareSliding } from './sliding.ts';
import { imageValues, type NamedValues, textValues } from './taps.ts';
import { compareTimmNames } from './timm-names.ts';

/** An image tower and its text tower: what is inside, and what comes out through a checkpoint that is loaded as a user would. */
export async function compareCase(golden: Golden, name: string, context: GoldenContext): Promise<void> {
  const weights = caseWeights(golden);
  const path = join(context.folder, `${name}.safetensors`);
  const rope = golden.has('ropeBuffersInCheckpoint') ? ropeBuffers(weights) : [];
  await writeCase(path, { ...weights, shapes: new Map([...weights.shapes, ...rope.map((buffer) => [buffer, [1, 2]] as const)]) });
  if (rope.length > 0) {
    const more = `... ${rope.length} names in all, one pair per block plus visual.rope`;
    golden.at('ropeBuffersInCheckpoint').equal([...rope.slice(0, 4), more]);
  }
  const session = { threads: context.threads, signal: context.signal, cacheDir: join(context.folder, 'cache') };
  const model = await openModel(path, { hints: weights.hints, ...session });
  await using backbone = Backbone.from(model, session);
  const opened = { golden, weights, model, backbone, context };
  await compareOutputs(opened);
  await compareInside(opened);
  await compareDense(opened);
  compareRotary(opened);
  if (golden.has('slidingInput')) await compareSliding(opened);
  if (golden.has('timm')) await compareTimmNames(opened);
  compareFacts(opened);
}

/** Names of the tables that CLIPSelf's checkpoints hold and nobody reads. */
function ropeBuffers({ shapes }: CaseWeights): string[] {
  const blocks = [...shapes.keys()].filter((name) => name.endsWith('.attn.q_bias')).map((name) => name.replace('q_bias', 'rope.'));
  return ['visual.rope.', ...blocks].flatMap((scope) => [`${scope}freqs_cos`, `${scope}freqs_sin`]);
}

/** Embeddings and logits. */
async function compareOutputs({ golden, weights, model, backbone, context }: OpenedCase): Promise<void> {
  const taps = golden.at('taps');
  const embedding = await backbone.embedPixels(inputOf(golden.at('imageInput'), weights.seedSuffix), { signal: context.signal });
  const { ids, ends } = tokensOf(golden);
  const features = await backbone.embedTokens({ ids, eot: ends });
  const cosines = cosineSimilarity(embedding, features);
  const bias = model.logitBias ?? 0;
  const logits = tensor(
    'float32',
    cosines.shape,
    cosines.data.map((cosine) => cosine * model.logitScale + bias),
  );
  const found: Readonly<Record<string, Tensor<'float32'>>> = {
    embedding,
    embedding_l2: normalizeRows(embedding),
    'text.features': features,
    'text.features_l2': normalizeRows(features),
    logits,
    sigmoid: tensor(
      'float32',
      logits.shape,
      logits.data.map((logit) => 1 / (1 + Math.exp(-logit))),
    ),
  };
  for (const [name, value] of Object.entries(found)) if (taps.has(name)) taps.at(name).tensor(value);
}

/** Token ids, and where each row is read. */
function tokensOf(golden: Golden): { ids: Tensor<'int32'>; ends: Int32Array } {
  const rows = golden.at('textIds').take() as number[][];
  const width = rows[0]!.length;
  const ids = tensor('int32', [rows.length, width]);
  rows.forEach((row, n) => ids.data.set(row, n * width));
  return { ids, ends: Int32Array.from(rows, (row) => row.indexOf(row.reduce((most, id) => Math.max(most, id)))) };
}

/** Everything inside both towers. */
async function compareInside({ golden, weights, model, context }: OpenedCase): Promise<void> {
  const taps = golden.at('taps');
  const input = inputOf(golden.at('imageInput'), weights.seedSuffix);
  const session = { threads: context.threads, signal: context.signal, cacheDir: join(context.folder, 'cache') };
  const [, , height = 0, width = 0] = input.shape;
  const compare = async (tapsOf: (graph: Graph) => NamedValues, feeds: Readonly<Record<string, Tensor>>, graph: Graph): Promise<void> => {
    const wanted = Object.entries(tapsOf(graph)).filter(([name]) => taps.has(name));
    const found = await runGraph(graph, Object.fromEntries(wanted), feeds, session);
    for (const [name] of wanted) taps.at(name).tensor(found[name]!);
  };
  const images = new Graph('inside the image tower');
  const imageRoot = new Parameters(images, { weights: model.tower.weightsFor(height, width) }).root;
  await compare((graph) => imageValues(imageRoot, graph.input('image', 'float32', input.shape), model.config), { image: input }, images);

  const { text } = model;
  if (!text) return;
  const { ids, ends } = tokensOf(golden);
  const [rows = 0, length = 0] = ids.shape;
  const words = new Graph('inside the text tower');
  const textRoot = new Parameters(words, { weights: model.weights }).root;
  const inputs = (graph: Graph): [Value, Value] => [graph.input('ids', 'int32', [rows, length]), graph.input('ends', 'int32', [rows])];
  const places = tensor(
    'int32',
    [rows],
    ends.map((end, n) => n * length + end),
  );
  await compare((graph) => textValues(textRoot, ...inputs(graph), text), { ids, ends: places }, words);
}
