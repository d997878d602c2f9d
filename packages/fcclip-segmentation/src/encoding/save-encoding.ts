import { parseOrigin } from '@vitamin-vlm/backbone';
import { type Checkpoint, openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { SegmentEncoding } from './segment-encoding.ts';

const SCHEMA = 'vitamin.segment-encoding/1';
/** Masks that a file may claim: their places fit into 15 bits of a label map. */
const MAX_QUERIES = 20_000;

/**
 * Writes an encoding as one safetensors file (temporary file, then rename): about 113 MB for the published sizes.
 *
 * @throws VitaminError as `writeSafetensors` does.
 * @example
 * ```ts
 * import { loadSegmentEncoding, saveSegmentEncoding, type Segmenter } from '@vitamin-vlm/fcclip-segmentation';
 * async function later(segmenter: Segmenter): Promise<void> {
 *   await saveSegmentEncoding('street.safetensors', await segmenter.encode('street.jpg'));
 *   const { panoptic } = await segmenter.segment(await loadSegmentEncoding('street.safetensors'), ['road', 'sky']);
 *   console.log(panoptic?.segments.length);
 * }
 * ```
 */
export async function saveSegmentEncoding(path: string, encoding: SegmentEncoding): Promise<void> {
  const { identity, recipe, geometry, ...tensors } = encoding;
  const origin = { identity: JSON.stringify(identity), recipe: JSON.stringify(recipe), geometry: JSON.stringify(geometry) };
  await writeSafetensors(path, { ...tensors }, { schema: SCHEMA, ...origin });
}

/**
 * Reads an encoding. Whether it is of the segmenter that it is asked with is checked when it is asked.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for a file that is no encoding of a segmenter, of another schema, or whose tensors do not fit together; and what `openCheckpoint` throws.
 * @example
 * ```ts
 * import { loadSegmentEncoding } from '@vitamin-vlm/fcclip-segmentation';
 * const { maskLogits, geometry } = await loadSegmentEncoding('street.safetensors');
 * console.log(maskLogits.shape[0], geometry.width, geometry.height);
 * ```
 */
export async function loadSegmentEncoding(path: string): Promise<SegmentEncoding> {
  await using file = await openCheckpoint(path);
  const fail = (what: string): VitaminError =>
    new VitaminError('INPUT_UNREADABLE', `Expected an encoding of a segmenter with ${what} in ${path}`, {
      hint: 'Encode the picture again with this version.',
    });
  const { schema } = file.metadata;
  if (schema !== SCHEMA)
    throw fail(`schema ${SCHEMA} but found ${typeof schema === 'string' ? schema.slice(0, 60) : 'another kind of file'}`);
  const { identity, recipe, geometry } = parseOrigin(file.metadata, fail);
  const { heads } = JSON.parse(String(file.metadata['identity'])) as { heads?: unknown };
  if (typeof heads !== 'string' || !/^[0-9a-f]{64}$/u.test(heads)) throw fail('the digest of its heads');
  return { identity: { ...identity, heads }, recipe, geometry, ...(await readTensors(file, fail)) };
}

async function readTensors(
  file: Checkpoint,
  fail: (what: string) => VitaminError,
): Promise<Pick<SegmentEncoding, 'maskLogits' | 'classVectors' | 'clipVectors'>> {
  const [queries = 0] = file.tensors.get('maskLogits')?.shape ?? [];
  if (queries > MAX_QUERIES) throw fail(`at most ${MAX_QUERIES} masks but found ${queries}`);
  const [, embedDim = 0] = file.tensors.get('classVectors')?.shape ?? [];
  const read = async (name: string, rank: number, ...extents: number[]): Promise<Tensor<'float32'>> => {
    const shape = file.tensors.get(name)?.shape ?? [];
    const fits = shape.length === rank && !shape.includes(0) && extents.every((extent, i) => extent === shape[i]);
    if (!fits) throw fail(`a tensor "${name}" of ${rank} axes, ${extents.join(', ')} ..., but found [${shape.join(', ')}]`);
    const value = toFloat32(await file.read(name));
    if (!value.data.every(Number.isFinite)) throw fail(`finite numbers in "${name}"`);
    return value;
  };
  return {
    maskLogits: await read('maskLogits', 3, queries),
    classVectors: await read('classVectors', 2, queries, embedDim),
    clipVectors: await read('clipVectors', 2, queries, embedDim),
  };
}
