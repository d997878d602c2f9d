import { type Backbone, normalizeRows } from '@vitamin-vlm/backbone';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import type { ImageExpectation, SlidingExpectation } from './expectation.ts';
import { mapNames, slidingFields } from './fields.ts';
import { formulaInput } from './formula.ts';
import { imageTaps, runTaps } from './taps.ts';

/** A computed tensor and the field it belongs to. */
export type Produced = readonly [field: string, found: Tensor<'float32'>];

/**
 * The tensors of an image tower on an input of the model's size. What `Backbone` offers is asked from it, as a user would; what lies between
 * is read from the same network with taps.
 */
export async function* imageTensors(
  { model, tensors }: Pick<ImageExpectation, 'model' | 'tensors'>,
  backbone: Backbone,
  options: SessionOptions,
): AsyncGenerator<Produced, void, undefined> {
  const size = model.imageSize;
  const input = formulaInput(size, size);
  const inner = new Set(tensors.keys());
  const wants = (field: string): boolean => inner.delete(field);
  if (wants('input')) yield ['input', input];

  const maps = mapNames.filter(wants);
  const [tokens, dense] = [wants('tokens'), wants('dense')];
  const levels = [...maps, ...(tokens ? ['final'] : []), ...(dense ? ['dense'] : [])];
  if (levels.length > 0) {
    const found = await backbone.windowMaps(input, { window: size, stride: size, levels, signal: options.signal });
    for (const name of maps) yield [name, found[name]!];
    if (tokens) yield ['tokens', tokensOf(found['final']!)];
    if (dense) yield ['dense', tokensOf(found['dense']!)];
  }

  const [asItIs, normalized] = [wants('embedding'), wants('normalized')];
  if (asItIs || normalized) {
    const embedding = await backbone.embedPixels(input, { signal: options.signal });
    if (asItIs) yield ['embedding', embedding];
    if (normalized) yield ['normalized', normalizeRows(embedding)];
  }

  if (inner.size === 0) return;
  const { tower, config } = backbone.model;
  if (config.family !== 'vitamin') throw new VitaminError('USAGE', `Expected a ViTamin but found ${tower.id}`);
  const { image: sizes } = config;
  const found = await runTaps(
    tower.weightsFor(size),
    { image: input },
    (root, { image }) => imageTaps(root, image!, sizes),
    [...inner],
    options,
  );
  yield* Object.entries(found);
}

/** The stitched maps of a sliding window. */
export async function* slidingTensors(
  { height, width, window, stride, tensors }: SlidingExpectation,
  backbone: Backbone,
  options: SessionOptions,
): AsyncGenerator<Produced, void, undefined> {
  const levels = slidingFields.filter((field) => tensors.has(field));
  if (levels.length === 0) return;
  yield* Object.entries(await backbone.windowMaps(formulaInput(height, width), { window, stride, levels, signal: options.signal }));
}

/** [1, C, h, w] -> [1, h·w, C], row by row, as Transformers have it. */
function tokensOf({ shape, data }: Tensor<'float32'>): Tensor<'float32'> {
  const [, channels = 0, height = 0, width = 0] = shape;
  const length = height * width;
  const out = tensor('float32', [1, length, channels]);
  for (let c = 0; c < channels; c++) for (let i = 0; i < length; i++) out.data[i * channels + c] = data[c * length + i]!;
  return out;
}
