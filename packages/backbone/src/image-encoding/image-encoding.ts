import { type Checkpoint, openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import { checkSameIdentity, type Identity } from '../load/identity.ts';
import { checkRecipe, type Recipe } from '../load/recipe.ts';
import type { ImageGeometry } from '../tasks/image-geometry.ts';
import { parseOrigin } from './parse-origin.ts';

/** A picture after the image tower: plain data that can be kept and asked again with other words. */
export interface ImageEncoding {
  /** The tower and head that made it. Only words of the same model can be asked. */
  readonly identity: Identity;
  /** How the picture was prepared and read. */
  readonly recipe: Recipe;
  readonly geometry: ImageGeometry;
  /** [E], the embedding of the whole picture. */
  readonly pooled: Tensor<'float32'>;
  /** [E, h, w], length one at each position: the dense CLIP map. Needed for segmentation. */
  readonly dense?: Tensor<'float32'>;
  /** Feature maps by level, [C, h, w] each. */
  readonly maps?: Readonly<Record<string, Tensor<'float32'>>>;
}

/** What an encoding must be to be asked by a model. */
export interface ExpectedOrigin {
  readonly identity?: Identity | undefined;
  readonly recipe?: Partial<Recipe> | undefined;
}

const SCHEMA = 'vitamin.image-encoding/2';
const MAP_PREFIX = 'maps.';

/**
 * Writes an encoding as one safetensors file (temporary file, then rename).
 *
 * @throws VitaminError as `writeSafetensors` does.
 * @example
 * ```ts
 * import { type ImageEncoding, loadImageEncoding, saveImageEncoding } from '@vitamin-vlm/backbone';
 * async function keep(encoding: ImageEncoding): Promise<ImageEncoding> {
 *   await saveImageEncoding('street.safetensors', encoding);
 *   return await loadImageEncoding('street.safetensors', { identity: encoding.identity });
 * }
 * ```
 */
export async function saveImageEncoding(path: string, encoding: ImageEncoding): Promise<void> {
  const { identity, recipe, geometry, pooled, dense, maps = {} } = encoding;
  const named = Object.entries(maps).map(([name, map]) => [MAP_PREFIX + name, map] as const);
  const tensors = { pooled, ...(dense ? { dense } : {}), ...Object.fromEntries(named) };
  const origin = { identity: JSON.stringify(identity), recipe: JSON.stringify(recipe), geometry: JSON.stringify(geometry) };
  await writeSafetensors(path, tensors, { schema: SCHEMA, ...origin });
}

/**
 * Reads an encoding.
 *
 * @param expected - The weights and the fields of the recipe that it must come from; others are refused.
 * @throws VitaminError `WEIGHTS_MISMATCH` that names the part of the identity or the field of the recipe that differs; `INPUT_UNREADABLE` for a
 *   file that is no encoding or of another schema (older ones say neither weights nor recipe); and what `openCheckpoint` throws.
 * @example
 * ```ts
 * import { loadImageEncoding } from '@vitamin-vlm/backbone';
 * const encoding = await loadImageEncoding('street.safetensors');
 * console.log(encoding.identity.tower, encoding.recipe.window, encoding.dense?.shape);
 * ```
 */
export async function loadImageEncoding(path: string, expected: ExpectedOrigin = {}): Promise<ImageEncoding> {
  await using file = await openCheckpoint(path);
  const { schema, ...metadata } = file.metadata;
  if (schema !== SCHEMA) {
    throw unreadable(path, `${SCHEMA} but found ${typeof schema === 'string' ? schema.slice(0, 60) : 'another kind of file'}`);
  }
  const fail = (what: string): VitaminError => unreadable(path, what);
  const origin = parseOrigin(metadata, fail);
  checkOrigin(origin, expected);
  return { ...origin, ...(await readTensors(file, fail)) };
}

/** @throws VitaminError `WEIGHTS_MISMATCH` when an encoding comes from other weights, or from a picture that was read another way. */
export function checkOrigin(encoding: Pick<ImageEncoding, 'identity' | 'recipe'>, expected: ExpectedOrigin): void {
  if (expected.identity) checkSameIdentity(encoding.identity, expected.identity, 'the encoding and the model');
  if (expected.recipe) checkRecipe(encoding.recipe, expected.recipe, 'the encoding');
}

async function readTensors(
  file: Checkpoint,
  fail: (what: string) => VitaminError,
): Promise<Pick<ImageEncoding, 'pooled' | 'dense' | 'maps'>> {
  const read = async (name: string): Promise<Tensor<'float32'>> => toFloat32(await file.read(name));
  const pooledShape = file.tensors.get('pooled')?.shape;
  const denseShape = file.tensors.get('dense')?.shape;
  if (pooledShape?.length !== 1) throw fail('a tensor "pooled" [E]');
  if (denseShape && (denseShape.length !== 3 || denseShape[0] !== pooledShape[0] || denseShape.includes(0))) {
    throw fail(`a tensor "dense" [${pooledShape[0]}, h, w] but found [${denseShape.join(', ')}]`);
  }
  const names = [...file.tensors.keys()].filter((name) => name.startsWith(MAP_PREFIX));
  const maps: [string, Tensor<'float32'>][] = [];
  for (const name of names) maps.push([name.slice(MAP_PREFIX.length), await read(name)]);
  return {
    pooled: await read('pooled'),
    ...(denseShape ? { dense: await read('dense') } : {}),
    ...(maps.length > 0 ? { maps: Object.fromEntries(maps) } : {}),
  };
}

function unreadable(path: string, expected: string): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected an image encoding with ${expected} in ${path}`, {
    hint: 'Encode the picture again with this version.',
  });
}
