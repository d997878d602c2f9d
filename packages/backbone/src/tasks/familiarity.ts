import { openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import { parseIdentity } from '../image-encoding/parse-origin.ts';
import { checkSameIdentity, type Identity } from '../load/identity.ts';
import { normalizeRows } from './features.ts';

/** Where the embeddings of one kind of a model's training pictures lie: around a mean, along a few directions. */
export interface FamiliarKind {
  /** [E], of embeddings of length one. */
  readonly mean: Tensor<'float32'>;
  /** [D, E], orthonormal. */
  readonly directions: Tensor<'float32'>;
  /** What is further away is not of this kind. */
  readonly limit: number;
}

/** What a model has seen in its training. */
export interface Familiarity {
  /** Of the model whose embeddings these are. */
  readonly identity: Identity;
  readonly kinds: readonly FamiliarKind[];
}

/**
 * How far an embedding is from those of the training, in limits of the nearest kind: above 1 the picture looks like nothing in the training. The distance is the length of
 * what mean and directions leave of it, the reconstruction error of a principal component analysis.
 *
 * @param embedding - [E]; need not be normalized.
 * @throws VitaminError `USAGE` for another width.
 * @example
 * ```ts
 * import { type Familiarity, type ImageEncoding, strangeness } from '@vitamin-vlm/backbone';
 * function isStrange({ pooled }: ImageEncoding, familiarity: Familiarity): boolean {
 *   return strangeness(pooled, familiarity) > 1;
 * }
 * ```
 */
export function strangeness(embedding: Tensor<'float32'>, { kinds }: Pick<Familiarity, 'kinds'>): number {
  return Math.min(...kinds.map((kind) => familiarDistance(embedding, kind) / kind.limit));
}

/**
 * The distance that `strangeness` is made of, 0 to 2.
 *
 * @throws VitaminError as `strangeness`.
 * @example
 * ```ts
 * import { type FamiliarKind, familiarDistance, type ImageEncoding } from '@vitamin-vlm/backbone';
 * function isOfKind({ pooled }: ImageEncoding, kind: FamiliarKind): boolean {
 *   return familiarDistance(pooled, kind) <= kind.limit;
 * }
 * ```
 */
export function familiarDistance(embedding: Tensor<'float32'>, { mean, directions }: Omit<FamiliarKind, 'limit'>): number {
  const width = mean.data.length;
  if (embedding.data.length !== width) throw new VitaminError('USAGE', `Expected ${width} numbers but received ${embedding.data.length}`);
  const rest = Float64Array.from(normalizeRows(embedding).data, (value, e) => value - mean.data[e]!);
  for (let d = 0; d < directions.shape[0]!; d++) {
    const direction = directions.data.subarray(d * width, (d + 1) * width);
    const along = direction.reduce((sum, value, e) => sum + value * rest[e]!, 0);
    for (let e = 0; e < width; e++) rest[e]! -= along * direction[e]!;
  }
  return Math.hypot(...rest);
}

/**
 * Writes it as a small safetensors file.
 *
 * @throws VitaminError as `writeSafetensors` does.
 * @example
 * ```ts
 * import { type Familiarity, saveFamiliarity } from '@vitamin-vlm/backbone';
 * async function keep(familiarity: Familiarity): Promise<void> {
 *   await saveFamiliarity('familiarity.safetensors', familiarity);
 * }
 * ```
 */
export async function saveFamiliarity(path: string, { identity, kinds }: Familiarity): Promise<void> {
  const tensors = kinds.flatMap(({ mean, directions }, i) => [[`${i}.mean`, mean] as const, [`${i}.directions`, directions] as const]);
  const limits = JSON.stringify(kinds.map(({ limit }) => limit));
  await writeSafetensors(path, Object.fromEntries(tensors), { identity: JSON.stringify(identity), limits });
}

/**
 * Reads one.
 *
 * @param identity - Of the model in use.
 * @throws VitaminError `WEIGHTS_MISMATCH` when it is of another model, `WEIGHTS_CORRUPT` for another file, and as `openCheckpoint`.
 * @example
 * ```ts
 * import { Backbone, loadFamiliarity, locate } from '@vitamin-vlm/backbone';
 * await using backbone = await Backbone.load('nano');
 * const { path } = await locate('nano/familiarity.safetensors');
 * console.log((await loadFamiliarity(path, backbone.model.identity)).kinds.length); // 2: scenes and single things
 * ```
 */
export async function loadFamiliarity(path: string, identity: Identity): Promise<Familiarity> {
  await using file = await openCheckpoint(path);
  const fail = (what: string): VitaminError => new VitaminError('WEIGHTS_CORRUPT', `Expected ${what} in ${path}`);
  const own = parseIdentity(file.metadata['identity'], fail);
  checkSameIdentity(own, identity, 'the familiar pictures and the model');
  const limits = parseLimits(file.metadata['limits']);
  if (limits === undefined) throw fail(`positive limits but found ${String(file.metadata['limits']).slice(0, 60)}`);
  const kinds: FamiliarKind[] = [];
  for (const [i, limit] of limits.entries()) {
    const [mean, directions] = [toFloat32(await file.read(`${i}.mean`)), toFloat32(await file.read(`${i}.directions`))];
    if (mean.shape.length !== 1 || directions.shape.length !== 2 || directions.shape[1] !== mean.shape[0])
      throw fail(`mean [E] and directions [D, E] but found [${mean.shape.join(', ')}] and [${directions.shape.join(', ')}]`);
    kinds.push({ mean, directions, limit });
  }
  return { identity: own, kinds };
}

function parseLimits(text: unknown): number[] | undefined {
  try {
    const list = JSON.parse(String(text)) as unknown;
    return Array.isArray(list) && list.length > 0 && list.every((limit) => typeof limit === 'number' && limit > 0) ? list : undefined;
  } catch {
    return undefined;
  }
}
