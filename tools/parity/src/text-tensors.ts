import { Backbone, cosineSimilarity, inferConfig, normalizeRows, type TokenBatch } from '@vitamin-vlm/backbone';
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor, type TensorRecord, VitaminError } from '@vitamin-vlm/core';
import type { Weights } from '@vitamin-vlm/graph';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { ClipExpectation, TextExpectation } from './expectation.ts';
import { formulaInput } from './formula.ts';
import type { Produced } from './image-tensors.ts';
import type { TextNames } from './models.ts';
import type { Shapes } from './shapes.ts';
import { runTaps, textTaps } from './taps.ts';
import { storedName } from './write-checkpoint.ts';

/** A checkpoint of formula weights on disk. */
export interface WrittenCheckpoint {
  readonly path: string;
  readonly shapes: Shapes;
  readonly textNames: TextNames;
}

/**
 * The tensors of a text tower. The features come from `Backbone`; what lies before them is read from the same network with taps. A checkpoint
 * does not state its number of heads: where the one asked for is not what the loader takes for this width, everything comes from taps.
 */
export async function* textTensors(
  { config, ids, tensors }: TextExpectation,
  checkpoint: WrittenCheckpoint,
  options: SessionOptions,
): AsyncGenerator<Produced, void, undefined> {
  const batch = tokenBatch(ids, config.context);
  const inner = new Set(tensors.keys());
  const [asItIs, normalized] = [inner.delete('features'), inner.delete('normalized')];
  let features: Tensor<'float32'> | undefined;
  if ((asItIs || normalized) && loaderHeads(checkpoint.shapes) === config.heads) {
    await using backbone = await Backbone.load(checkpoint.path, options);
    features = await backbone.embedTokens(batch, { signal: options.signal });
  } else if (asItIs || normalized) inner.add('features');

  if (inner.size > 0) {
    const ends = tensor(
      'int32',
      [ids.length],
      batch.eot.map((end, n) => n * config.context + end),
    );
    const found = await runTaps(
      await weightsOf(checkpoint),
      { ids: batch.ids, ends },
      (root, inputs) => textTaps(root, inputs['ids']!, inputs['ends']!, config),
      [...inner],
      options,
    );
    features ??= found['features'];
    yield* Object.entries(found).filter(([name]) => name !== 'features');
  }
  if (asItIs) yield ['features', features!];
  if (normalized) yield ['normalized', normalizeRows(features!)];
}

/** Both towers of one model: what zero-shot classification is made of. */
export async function* clipTensors(
  { model, ids, tensors }: ClipExpectation,
  backbone: Backbone,
  options: SessionOptions,
): AsyncGenerator<Produced, void, undefined> {
  const { signal } = options;
  const embedding = await backbone.embedPixels(formulaInput(model.imageSize, model.imageSize), { signal });
  const features = await backbone.embedTokens(tokenBatch(ids, model.text.context), { signal });
  if (tensors.has('features')) yield ['features', features];
  if (!tensors.has('logits')) return;
  const { shape, data } = cosineSimilarity(embedding, features);
  yield [
    'logits',
    tensor(
      'float32',
      shape,
      data.map((cosine) => backbone.model.logitScale * cosine),
    ),
  ];
}

/** Rows filled up with zeros, and where each one is read: at the first of its largest ids. */
function tokenBatch(rows: readonly (readonly number[])[], context: number): TokenBatch {
  const ids = tensor('int32', [rows.length, context]);
  rows.forEach((row, n) => ids.data.set(row, n * context));
  return { ids, eot: Int32Array.from(rows, (row) => row.indexOf(Math.max(...row))) };
}

/** The heads that the loader takes for a text tower; nothing where it knows none for the width. */
function loaderHeads(shapes: Shapes): number | undefined {
  try {
    return inferConfig(new Map([...shapes].map(([name, shape]) => [name, { shape }]))).text?.heads;
  } catch (error) {
    if (error instanceof VitaminError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}

async function weightsOf({ path, shapes, textNames }: WrittenCheckpoint): Promise<Weights> {
  await using checkpoint = await openCheckpoint(path);
  const record = (name: string): TensorRecord => checkpoint.tensors.get(storedName(name, textNames))!;
  return new Map([...shapes.keys()].map((name) => [name, record(name)]));
}
