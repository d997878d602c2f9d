import { WarningLog } from '../coco/warnings.ts';
import type { PanopticCategoryId } from '../panoptic/panoptic-image.ts';
import type { PanopticCategory } from '../panoptic/panoptic-quality.ts';
import { readJsonFile } from './files.ts';
import { annotationsOf, categoriesOf, type PanopticAnnotation } from './panoptic-entries.ts';

/** What a COCO panoptic file says, checked. */
export interface PanopticRecords {
  readonly categories: readonly PanopticCategory[];
  readonly annotations: readonly PanopticAnnotation[];
  /** Names of the pictures by their ids, where the file lists them. */
  readonly pictures: ReadonlyMap<PanopticCategoryId, string>;
}

/**
 * Reads a COCO panoptic file (also .json.gz) without its PNG folder.
 *
 * @throws CocoEvalError `BAD_INPUT` naming the entry, `INPUT_NOT_FOUND` or `INPUT_UNREADABLE` naming the file
 * @example
 * ```ts
 * import { readPanoptic } from 'coco-eval-js/node';
 * const { categories, annotations } = await readPanoptic('panoptic_train2017.json');
 * console.log(categories.length, annotations[0]?.segments_info.length);
 * ```
 */
export async function readPanoptic(path: string): Promise<PanopticRecords> {
  const json = await readJsonFile(path);
  const side = { json, folder: '', name: path };
  const categories = categoriesOf(side, new WarningLog());
  const annotations = annotationsOf(side, new Set(categories.map(({ id }) => id)));
  const { images } = json as { readonly images?: unknown };
  const listed = (Array.isArray(images) ? images : []) as readonly { readonly id?: unknown; readonly file_name?: unknown }[];
  const pictures = listed.flatMap((image) =>
    typeof image?.file_name === 'string' ? [[image.id as PanopticCategoryId, image.file_name] as const] : [],
  );
  return { categories, annotations, pictures: new Map(pictures) };
}
