import type { Label } from '@vitamin-vlm/backbone';
import { type LazyTensor, StateDict, type TorchValue, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import type { Tensor, WorkOptions } from '@vitamin-vlm/core';
import type { ReadSettings } from '../recipe/recipe.ts';
import type { SegmentSettings } from './metadata.ts';

/** What a segmenter's file says beside its tensors. */
export interface SegmenterFileMetadata {
  /** The classes of its training. Default: COCO's 133. */
  readonly classes?: readonly Label[] | undefined;
  /** For each of them whether it is a thing. Default: all are. */
  readonly things?: readonly boolean[] | undefined;
  /** Settings that differ from those published. */
  readonly settings?: Partial<SegmentSettings & ReadSettings> | undefined;
  /** Steps of training. */
  readonly iteration?: number | undefined;
}

/**
 * Writes a segmenter as Detectron2 does, a torch archive `{ model, iteration }`: the original program loads it when the tensors are all there.
 *
 * @param tensors - By the names of the checkpoint, the CLIP model's below `backbone.clip_model.`; functions are called one at a time.
 * @throws VitaminError as `writeTorchArchive`.
 * @example
 * ```ts
 * import type { Tensor } from '@vitamin-vlm/core';
 * import { saveSegmenter } from '@vitamin-vlm/fcclip-segmentation';
 * async function keep(tensors: Map<string, Tensor>): Promise<void> {
 *   await saveSegmenter('segmenter.pth', tensors, { settings: { beta: 0.8 }, iteration: 3000 });
 * }
 * ```
 */
export async function saveSegmenter(
  path: string,
  tensors: Iterable<readonly [string, Tensor | LazyTensor]>,
  { classes, things, settings = {}, iteration = 0 }: SegmenterFileMetadata = {},
  options: Pick<WorkOptions, 'signal'> = {},
): Promise<void> {
  const stuff = classes?.filter((_, i) => things?.[i] === false).map(({ name }) => name);
  const own = { ...settings, ...(classes ? { classes: classes.map(({ synonyms }) => synonyms.join(',')), stuff } : {}) };
  const beside = Object.keys(own).length > 0 ? { vitamin: own as TorchValue } : {};
  await writeTorchArchive(path, { model: new StateDict(tensors), iteration, ...beside }, options);
}
