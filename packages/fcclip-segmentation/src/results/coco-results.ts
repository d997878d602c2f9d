import { encodeIdPng } from '@vitamin-vlm/image';
import { type Rle, type RleObject, toRleObject } from 'coco-eval-js';
import type { NamedInstance, NamedPanoptic } from '../segment/segmented.ts';

/** What a data set calls a picture and its classes. */
export interface ResultIds {
  readonly imageId: number | string;
  /** Id of each class. Default: its place in the vocabulary, from 1. */
  readonly categoryIds?: readonly number[] | undefined;
}

/** A segment as COCO's panoptic format lists it. */
export interface PanopticResultSegment {
  /** Red + 256 green + 65,536 blue of its pixels in the PNG; above 0. */
  readonly id: number;
  readonly category_id: number;
  /** Pixels of it. */
  readonly area: number;
  /** Left, top, width, height. */
  readonly bbox: readonly number[];
  readonly iscrowd: 0;
  /** 0..1, which the format does not have and its readers pass over. */
  readonly score: number;
}

/** What a panoptic results file says of one picture: an entry of its `annotations`. */
export interface PanopticResult {
  readonly image_id: number | string;
  /** Of the PNG, in the folder of the PNGs. */
  readonly file_name: string;
  readonly segments_info: readonly PanopticResultSegment[];
}

/**
 * A picture cut into segments as an entry of a panoptic results file (`annotations` of `{ annotations }`, as panopticapi reads it). `panopticPng` makes the PNG that goes with it.
 *
 * @example
 * ```ts
 * import { panopticPng, panopticResult, type Segmenter } from '@vitamin-vlm/fcclip-segmentation';
 * import { writeFile } from 'node:fs/promises';
 * async function write(segmenter: Segmenter): Promise<void> {
 *   const { panoptic } = await segmenter.segment('000000000139.jpg', 'coco-panoptic');
 *   const entry = panopticResult(panoptic!, { imageId: 139, fileName: '000000000139.png' });
 *   await writeFile('panoptic/000000000139.png', await panopticPng(panoptic!));
 *   await writeFile('panoptic.json', JSON.stringify({ annotations: [entry] }));
 * }
 * ```
 */
export function panopticResult(
  { segments }: Pick<NamedPanoptic, 'segments'>,
  { imageId, categoryIds, fileName }: ResultIds & { readonly fileName: string },
): PanopticResult {
  return {
    image_id: imageId,
    file_name: fileName,
    segments_info: segments.map(({ id, class: index, area, box, score }) => ({
      id,
      category_id: categoryIds ? categoryIds[index]! : index + 1,
      area,
      bbox: box,
      iscrowd: 0,
      score,
    })),
  };
}

/** The ids of segments as COCO's panoptic PNG: an id in red, green and blue, 0 where there is no segment. */
export async function panopticPng({ map }: Pick<NamedPanoptic, 'map'>): Promise<Uint8Array> {
  return await encodeIdPng(Uint32Array.from(map.data), map.width, map.height);
}

/** A thing as an entry of a COCO results file of masks. */
export interface InstanceResult {
  readonly image_id: number | string;
  readonly category_id: number;
  /** Run lengths in COCO's string. */
  readonly segmentation: RleObject;
  readonly score: number;
}

/**
 * Things as entries of a COCO results file of masks. They have no `bbox`: where one stands, pycocotools takes the box's area for the mask's.
 *
 * @example
 * ```ts
 * import { instanceResults, type Segmenter } from '@vitamin-vlm/fcclip-segmentation';
 * async function results(segmenter: Segmenter): Promise<string> {
 *   const { instances } = await segmenter.segment('000000000139.jpg', ['cat', 'dog'], { task: 'instance' });
 *   return JSON.stringify(instanceResults(instances!, { imageId: 139, categoryIds: [17, 18] }));
 * }
 * ```
 */
export function instanceResults(
  instances: readonly Pick<NamedInstance, 'class' | 'mask' | 'score'>[],
  { imageId, categoryIds }: ResultIds,
): InstanceResult[] {
  return instances.map(({ class: index, mask, score }) => ({
    image_id: imageId,
    category_id: categoryIds ? categoryIds[index]! : index + 1,
    segmentation: toRleObject(mask satisfies Rle),
    score,
  }));
}
