import { type LazyTensor, StateDict, type TorchValue, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import type { Tensor, WorkOptions } from '@vitamin-vlm/core';
import type { ReadSettings } from '../recipe/recipe.ts';
import type { DetectionSettings } from './families.ts';

/** What a detector's file says beside its tensors. */
export interface DetectorFileMetadata {
  /** Names of the classes, in the order of the columns of `roi_head.bbox_head.all_embeddings`, without the background. */
  readonly classes: readonly string[];
  /** Those of them whose boxes were seen in training. */
  readonly base?: readonly string[] | undefined;
  /** Settings that differ from those of the family. */
  readonly settings?: Partial<DetectionSettings & ReadSettings> | undefined;
  /** Further plain values for the `meta` of mmcv, such as `epoch` and `iter`. */
  readonly more?: Readonly<Record<string, TorchValue>> | undefined;
}

/**
 * Writes a detector as mmcv does, a torch archive `{ meta, state_dict }`: the original program loads it strictly when the tensors are all there.
 *
 * @param tensors - By the names of the checkpoint, the tower's below `backbone.visual.`; functions are called one at a time.
 * @throws VitaminError as `writeTorchArchive`.
 * @example
 * ```ts
 * import { saveDetector } from '@vitamin-vlm/fvit-detection';
 * import type { Tensor } from '@vitamin-vlm/core';
 * async function keep(tensors: Map<string, Tensor>): Promise<void> {
 *   await saveDetector('detector.pth', tensors, { classes: ['cat', 'dog'], base: ['cat'], more: { epoch: 3 } });
 * }
 * ```
 */
export async function saveDetector(
  path: string,
  tensors: Iterable<readonly [string, Tensor | LazyTensor]>,
  { classes, base, settings = {}, more = {} }: DetectorFileMetadata,
  options: Pick<WorkOptions, 'signal'> = {},
): Promise<void> {
  const own = { ...settings, ...(base ? { base } : {}) };
  const meta = { ...more, CLASSES: classes, ...(Object.keys(own).length > 0 ? { vitamin: own } : {}) };
  await writeTorchArchive(path, { meta: meta as TorchValue, state_dict: new StateDict(tensors) }, options);
}
