import { basename, dirname, join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import type { TowerPlan } from '../families/family.ts';
import type { Located } from './locate.ts';
import { readSmall } from './read-small.ts';

/** The size of a model without position embeddings about which nothing is known: that of the first ViTamin-XL. */
const FALLBACK = 256;
const MAX_IMAGE_SIZE = 4096;
/** Of a size that a configuration states: 56 bytes of a stranger's must not ask for the memory of 4096 x 4096. Published models go up to 512. */
const MAX_STATED_SIZE = 1024;
/** A size in a name: `ViTamin-XL-384px`, `vitamin_xlarge_384`. Only the published ones, for other numbers in names mean other things. */
const NAMED_SIZE = /[-_](224|256|320|336|384)(?:px)?(?!\d)/u;

/**
 * The side of the square input that a model was trained at. In this order: the grid of its position embeddings, the published model's, a
 * size in the name of the file or its folder (`ViTamin-XL-384px`), the configuration beside the file, 256. The configuration comes late because
 * some of the published ones state a wrong size.
 */
export async function nativeImageSize(
  { path, published }: Located,
  { address, file }: { readonly address: string; readonly file: string },
  { imageSize, stride }: Pick<TowerPlan, 'imageSize' | 'stride'>,
): Promise<number> {
  if (imageSize !== undefined) return checkImageSize(imageSize, stride);
  const named = published?.imageSize ?? sizeInName(address) ?? sizeInName(path);
  return checkImageSize(named ?? (await sizeInConfig(dirname(file), stride)) ?? FALLBACK, stride);
}

/** @throws VitaminError `USAGE` when the side is no positive multiple of the tower's stride up to 4096. */
export function checkImageSize(size: number, stride: number): number {
  if (isImageSize(size, stride)) return size;
  throw new VitaminError('USAGE', `Expected an image size that is a multiple of ${stride} up to ${MAX_IMAGE_SIZE} but received ${size}`);
}

function isImageSize(size: number, stride: number): boolean {
  return Number.isInteger(size) && size > 0 && size <= MAX_IMAGE_SIZE && size % stride === 0;
}

/** Looks at the last two parts of a path. */
function sizeInName(path: string): number | undefined {
  const size = NAMED_SIZE.exec(`${basename(path)}/${basename(dirname(path))}`)?.[1];
  return size === undefined ? undefined : Number(size);
}

/** The first size that one of the usual configuration files states. A file that is absent, damaged, silent about it, or beyond the limit is passed over. */
async function sizeInConfig(folder: string, stride: number): Promise<number | undefined> {
  for (const name of ['preprocessor_config.json', 'open_clip_config.json', 'config.json']) {
    const text = await readSmall(join(folder, name));
    if (text === undefined) continue;
    const size = statedSize(text, stride);
    if (size !== undefined) return size;
  }
  return undefined;
}

function statedSize(text: string, stride: number): number | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const paths = [
    ['crop_size'],
    ['size'],
    ['preprocess_cfg', 'size'],
    ['model_cfg', 'vision_cfg', 'image_size'],
    ['vision_cfg', 'image_size'],
  ];
  for (const path of paths) {
    const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], json);
    const size = typeof value === 'number' ? value : ((value as Record<string, unknown> | null | undefined)?.['height'] ?? Number.NaN);
    if (typeof size === 'number' && size <= MAX_STATED_SIZE && isImageSize(size, stride)) return size;
  }
  return undefined;
}
