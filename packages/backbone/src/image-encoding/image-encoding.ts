import { type Checkpoint, openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { ImageGeometry } from '../tasks/image-geometry.ts';

/** A picture after the image tower: plain data that can be kept and asked again with other words. */
export interface ImageEncoding {
  /** Identity of the model that made it. Only words of the same model can be asked. */
  readonly model: string;
  readonly geometry: ImageGeometry;
  /** [E], the embedding of the whole picture. */
  readonly pooled: Tensor<'float32'>;
  /** [E, h, w], length one at each position: the dense CLIP map. Needed for segmentation. */
  readonly dense?: Tensor<'float32'>;
  /** Intermediate maps by name. */
  readonly taps?: Readonly<Record<string, Tensor<'float32'>>>;
}

const SCHEMA = 'vitamin.image-encoding/1';
const TAP_PREFIX = 'taps.';
/** Sides and pixels that a file may claim: results of this size are allocated from it. A label map of 2^28 pixels takes 512 MiB. */
const MAX_SIDE = 65_535;
const MAX_PIXELS = 2 ** 28;

/**
 * Writes an encoding as one safetensors file (temporary file, then rename).
 *
 * @throws VitaminError as `writeSafetensors` does.
 * @example
 * ```ts
 * import { type ImageEncoding, loadImageEncoding, saveImageEncoding } from '@vitamin-vlm/backbone';
 * async function keep(encoding: ImageEncoding): Promise<ImageEncoding> {
 *   await saveImageEncoding('street.safetensors', encoding);
 *   return await loadImageEncoding('street.safetensors', { model: encoding.model });
 * }
 * ```
 */
export async function saveImageEncoding(path: string, encoding: ImageEncoding): Promise<void> {
  const { model, geometry, pooled, dense, taps = {} } = encoding;
  const named = Object.entries(taps).map(([name, tap]) => [TAP_PREFIX + name, tap] as const);
  const tensors = { pooled, ...(dense ? { dense } : {}), ...Object.fromEntries(named) };
  await writeSafetensors(path, tensors, { schema: SCHEMA, model, geometry: JSON.stringify(geometry) });
}

/**
 * Reads an encoding.
 *
 * @param options - `model`: the identity that is expected; another one is refused.
 * @throws VitaminError `WEIGHTS_MISMATCH` for another model, `INPUT_UNREADABLE` for a file that is no encoding or of a newer schema, and what
 *   `openCheckpoint` throws.
 * @example
 * ```ts
 * import { loadImageEncoding } from '@vitamin-vlm/backbone';
 * const encoding = await loadImageEncoding('street.safetensors');
 * console.log(encoding.model, encoding.dense?.shape);
 * ```
 */
export async function loadImageEncoding(path: string, options: { readonly model?: string | undefined } = {}): Promise<ImageEncoding> {
  await using file = await openCheckpoint(path);
  const { schema, model, geometry } = file.metadata;
  if (schema !== SCHEMA || typeof model !== 'string' || typeof geometry !== 'string') {
    throw unreadable(path, `${SCHEMA} but found ${typeof schema === 'string' ? schema.slice(0, 60) : 'another kind of file'}`);
  }
  if (options.model !== undefined) checkSameModel(model, options.model);
  const { pooled, dense, taps } = await readTensors(path, file);
  return { model, geometry: parseGeometry(path, geometry), pooled, ...(dense ? { dense } : {}), ...(taps ? { taps } : {}) };
}

/** @throws VitaminError `WEIGHTS_MISMATCH` when two identities differ. */
export function checkSameModel(encoded: string, asked: string): void {
  if (encoded === asked) return;
  throw new VitaminError(
    'WEIGHTS_MISMATCH',
    `Expected words and picture of one model but the picture is of "${encoded}" and the words of "${asked}"`,
    {
      hint: 'Encode the picture again with the model of the words.',
    },
  );
}

async function readTensors(path: string, file: Checkpoint): Promise<Pick<ImageEncoding, 'pooled' | 'dense' | 'taps'>> {
  const read = async (name: string): Promise<Tensor<'float32'>> => toFloat32(await file.read(name));
  const pooledShape = file.tensors.get('pooled')?.shape;
  const denseShape = file.tensors.get('dense')?.shape;
  if (pooledShape?.length !== 1) throw unreadable(path, 'a tensor "pooled" [E]');
  if (denseShape && (denseShape.length !== 3 || denseShape[0] !== pooledShape[0] || denseShape.includes(0))) {
    throw unreadable(path, `a tensor "dense" [${pooledShape[0]}, h, w] but found [${denseShape.join(', ')}]`);
  }
  const names = [...file.tensors.keys()].filter((name) => name.startsWith(TAP_PREFIX));
  const taps: [string, Tensor<'float32'>][] = [];
  for (const name of names) taps.push([name.slice(TAP_PREFIX.length), await read(name)]);
  return {
    pooled: await read('pooled'),
    ...(denseShape ? { dense: await read('dense') } : {}),
    ...(taps.length > 0 ? { taps: Object.fromEntries(taps) } : {}),
  };
}

/** Reads the geometry of a file that may be hostile: every number is checked, because results of this size are allocated. */
function parseGeometry(path: string, json: string): ImageGeometry {
  let value: Partial<Record<string, unknown>> | null;
  try {
    value = JSON.parse(json) as Partial<Record<string, unknown>> | null;
  } catch {
    value = null;
  }
  const region = value?.['region'] as Partial<Record<string, unknown>> | null | undefined;
  const sides = ['width', 'height', 'inputWidth', 'inputHeight'].map((name) => value?.[name]);
  const [width, height, inputWidth, inputHeight] = sides as [number, number, number, number];
  const sidesFit = sides.every((side) => Number.isInteger(side) && (side as number) >= 1 && (side as number) <= MAX_SIDE);
  const numbers = ['left', 'top', 'width', 'height'].map((name) => region?.[name]) as [number, number, number, number];
  const [left, top, regionWidth, regionHeight] = numbers;
  if (!sidesFit || width * height > MAX_PIXELS || !numbers.every(Number.isFinite) || !(regionWidth > 0 && regionHeight > 0)) {
    throw unreadable(path, `sizes of at most ${MAX_PIXELS} pixels but found ${json.slice(0, 120)}`);
  }
  return { width, height, inputWidth, inputHeight, region: { left, top, width: regionWidth, height: regionHeight } };
}

function unreadable(path: string, expected: string): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected an image encoding with ${expected} in ${path}`, {
    hint: 'Encode the picture again with this version.',
  });
}
