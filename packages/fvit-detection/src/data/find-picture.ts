import { VitaminError } from '@vitamin-vlm/core';
import type { ImageInfo } from 'coco-eval-js';
import { stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';

/**
 * What an image of an annotation file is called: its `file_name`, or in LVIS, which has none, folder and file of its `coco_url`.
 *
 * @example
 * ```ts
 * import { pictureName } from '@vitamin-vlm/fvit-detection';
 * console.log(pictureName({ id: 139, coco_url: 'http://images.cocodataset.org/val2017/000000000139.jpg' })); // val2017/000000000139.jpg
 * ```
 */
export function pictureName(image: ImageInfo): string {
  return namesOf(image)[0] ?? String(image.id);
}

/**
 * The file of an image in a folder of pictures: where `file_name` says, or the `coco_url` with or without its folder.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` when it is in none of these places, `INPUT_UNREADABLE` when its name leads out of the folder.
 * @example
 * ```ts
 * import { findPicture } from '@vitamin-vlm/fvit-detection';
 * console.log(await findPicture('coco/val2017', { id: 139, file_name: '000000000139.jpg' }));
 * ```
 */
export async function findPicture(folder: string, image: ImageInfo): Promise<string> {
  const paths = namesOf(image).map((name) => within(folder, name));
  for (const path of paths) if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  throw new VitaminError(
    'INPUT_NOT_FOUND',
    `Expected the picture of image ${image.id} at ${paths.length === 0 ? 'file_name or coco_url' : paths.join(' or ')} but found none`,
    {
      hint: 'Name the folder that the file names of the annotations start at.',
    },
  );
}

/**
 * Where an image is expected in a folder of pictures, whether it is there or not.
 *
 * @throws VitaminError `INPUT_UNREADABLE` when its name leads out of the folder.
 */
export function picturePath(folder: string, image: ImageInfo): string {
  return within(folder, pictureName(image));
}

function namesOf({ file_name: name, coco_url: url }: ImageInfo): string[] {
  const parts = typeof url === 'string' ? url.split('/').filter((part) => part !== '') : [];
  const names = [typeof name === 'string' ? name : '', parts.slice(-2).join('/'), parts.at(-1) ?? ''];
  return [...new Set(names.filter((one) => one !== ''))];
}

/** Annotation files come from strangers: what they name must lie in the folder. */
function within(folder: string, name: string): string {
  const path = resolve(folder, name);
  const inside = relative(resolve(folder), path);
  if (inside !== '' && !isAbsolute(inside) && inside !== '..' && !inside.startsWith(`..${sep}`) && !name.includes('\0')) {
    return join(folder, inside);
  }
  throw new VitaminError('INPUT_UNREADABLE', `Expected a picture below ${folder} but its annotation names ${JSON.stringify(name)}`);
}
