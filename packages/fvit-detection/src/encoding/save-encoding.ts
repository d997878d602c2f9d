import { parseOrigin } from '@vitamin-vlm/backbone';
import { type Checkpoint, openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import type { DetectionEncoding } from './detection-encoding.ts';

const SCHEMA = 'vitamin.detection-encoding/1';
/** Regions that a file may claim: scores of all of them are computed together. */
const MAX_REGIONS = 20_000;
const PYRAMID_LEVELS = 4;

/**
 * Writes an encoding as one safetensors file (temporary file, then rename).
 *
 * @throws VitaminError as `writeSafetensors` does.
 * @example
 * ```ts
 * import { type Detector, loadDetectionEncoding, saveDetectionEncoding } from '@vitamin-vlm/fvit-detection';
 * async function later(detector: Detector): Promise<void> {
 *   await saveDetectionEncoding('street.safetensors', await detector.encode('street.jpg'));
 *   const { detections } = await detector.detect(await loadDetectionEncoding('street.safetensors'), ['dog']);
 *   console.log(detections.length);
 * }
 * ```
 */
export async function saveDetectionEncoding(path: string, encoding: DetectionEncoding): Promise<void> {
  const { identity, recipe, geometry, pyramid, ...tensors } = encoding;
  const levels = Object.fromEntries((pyramid ?? []).map((level, i) => [`pyramid.${i}`, level]));
  const origin = { identity: JSON.stringify(identity), recipe: JSON.stringify(recipe), geometry: JSON.stringify(geometry) };
  await writeSafetensors(path, { ...tensors, ...levels }, { schema: SCHEMA, ...origin });
}

/**
 * Reads an encoding. Whether it is of the detector that it is asked with is checked when it is asked.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for a file that is no encoding of a detector, of another schema, or whose tensors do not fit together; and what `openCheckpoint` throws.
 * @example
 * ```ts
 * import { loadDetectionEncoding } from '@vitamin-vlm/fvit-detection';
 * const { boxes, geometry } = await loadDetectionEncoding('street.safetensors');
 * console.log(boxes.shape[0], geometry.width, geometry.height);
 * ```
 */
export async function loadDetectionEncoding(path: string): Promise<DetectionEncoding> {
  await using file = await openCheckpoint(path);
  const fail = (what: string): VitaminError =>
    new VitaminError('INPUT_UNREADABLE', `Expected an encoding of a detector with ${what} in ${path}`, {
      hint: 'Encode the picture again with this version.',
    });
  const { schema } = file.metadata;
  if (schema !== SCHEMA)
    throw fail(`schema ${SCHEMA} but found ${typeof schema === 'string' ? schema.slice(0, 60) : 'another kind of file'}`);
  const { identity, recipe, geometry } = parseOrigin(file.metadata, fail);
  return {
    identity: { ...identity, heads: headsOf(file.metadata['identity'], fail) },
    recipe: { ...recipe, ...regionSettings(file.metadata['recipe'], fail) },
    geometry,
    ...(await readTensors(file, fail)),
  };
}

type Fail = (what: string) => VitaminError;

/** The digest of the heads; the others were read before. */
function headsOf(json: unknown, fail: Fail): string {
  const { heads } = JSON.parse(String(json)) as { heads?: unknown };
  if (typeof heads === 'string' && /^[0-9a-f]{64}$/u.test(heads)) return heads;
  throw fail('the digest of its heads');
}

function regionSettings(json: unknown, fail: Fail): Pick<DetectionEncoding['recipe'], 'proposalsPerLevel' | 'proposalNms' | 'proposals'> {
  const fields = JSON.parse(String(json)) as Record<string, unknown>;
  const [proposalsPerLevel, proposalNms, proposals] = ['proposalsPerLevel', 'proposalNms', 'proposals'].map((name) => {
    if (typeof fields[name] === 'number') return fields[name];
    throw fail(`a recipe with ${name}`);
  }) as [number, number, number];
  return { proposalsPerLevel, proposalNms, proposals };
}

async function readTensors(file: Checkpoint, fail: Fail): Promise<Omit<DetectionEncoding, 'identity' | 'recipe' | 'geometry'>> {
  const shapeOf = (name: string): readonly number[] => file.tensors.get(name)?.shape ?? [];
  const [regions = 0] = shapeOf('proposals');
  const [, embedDim = 0] = shapeOf('classVectors');
  if (regions > MAX_REGIONS) throw fail(`at most ${MAX_REGIONS} regions but found ${regions}`);
  const read = async (name: string, shape: readonly (number | undefined)[]): Promise<Tensor<'float32'>> => {
    const found = shapeOf(name);
    const fits =
      file.tensors.has(name) && found.length === shape.length && shape.every((extent, i) => extent === undefined || extent === found[i]);
    if (!fits) throw fail(`a tensor "${name}" [${shape.map((extent) => extent ?? '*').join(', ')}] but found [${found.join(', ')}]`);
    return toFloat32(await file.read(name));
  };
  const finite = async (name: string, shape: readonly number[]): Promise<Tensor<'float32'>> => {
    const value = await read(name, shape);
    if (!value.data.every(Number.isFinite)) throw fail(`finite numbers in "${name}"`);
    return value;
  };
  const pyramid: Tensor<'float32'>[] = [];
  for (let level = 0; level < PYRAMID_LEVELS && file.tensors.has('pyramid.0'); level++) {
    pyramid.push(await read(`pyramid.${level}`, [1, undefined, undefined, undefined]));
  }
  const dense = file.tensors.has('dense') ? await read('dense', [embedDim, undefined, undefined]) : undefined;
  return {
    proposals: await finite('proposals', [regions, 4]),
    objectness: await finite('objectness', [regions]),
    boxes: await finite('boxes', [regions, 4]),
    // A vector of the box head is not finite where it was zero: that region is never chosen.
    classVectors: await read('classVectors', [regions, embedDim]),
    clipVectors: await read('clipVectors', [regions, embedDim]),
    ...(pyramid.length > 0 ? { pyramid } : {}),
    ...(file.tensors.has('pooled') ? { pooled: await read('pooled', [embedDim]) } : {}),
    ...(dense ? { dense } : {}),
  };
}
