import type { OpenedModel } from '@vitamin-vlm/backbone';
import { type LazyTensor, openCheckpoint } from '@vitamin-vlm/checkpoint';
import type { Tensor } from '@vitamin-vlm/core';

/** The image tower as a detector's file holds it: below `backbone.visual.`, each tensor read when its turn to be written comes. */
export function towerTensors({ weights }: Pick<OpenedModel, 'weights'>): [string, Tensor | LazyTensor][] {
  return [...weights].flatMap(([name, value]): [string, Tensor | LazyTensor][] => {
    if (!name.startsWith('visual.')) return [];
    const path = `backbone.${name}`;
    if (!('file' in value)) return [[path, value]];
    const data = async (): Promise<Tensor['data']> => {
      await using checkpoint = await openCheckpoint(value.file);
      return (await checkpoint.read(value.name)).data;
    };
    return [[path, { dtype: value.dtype, shape: value.shape, data }]];
  });
}
