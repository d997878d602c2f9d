import type { Recipe } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION_255 } from '@vitamin-vlm/image';
import type { OpenedSegmenter } from '../load/open-segmenter.ts';
import { edgeLimits, tierStride, TOWER_STRIDE } from '../recipe/recipe.ts';
import type { EncodeOptions } from './options.ts';

/**
 * How a segmenter reads a picture: in windows on the canvas that its positions were learned for, or, without those, at one look.
 *
 * @throws VitaminError `USAGE` for windows where there are none, for edges where the canvas is fixed, and for settings out of range.
 */
export function readingOf(model: OpenedSegmenter, options: EncodeOptions): Recipe {
  const { config, read, tower } = model;
  const common = { ...tower.recipe, resize: 'bilinear', placement: 'floor', normalization: CLIP_NORMALIZATION_255 } as const;
  if (!config.canvas) {
    refuse(options, ['tier', 'window', 'stride', 'batch'], 'a segmenter without learned positions sees a picture at once');
    const { shortest } = edgeLimits(options);
    return { ...common, size: shortest, edge: 'shortest', window: shortest, stride: shortest, padding: 'zeroAfter' };
  }
  refuse(options, ['shortest', 'longest'], 'the positions of a segmenter were learned for one canvas');
  const { tier = 'exact' } = options;
  const window = options.window ?? read.window ?? tower.tower.imageSize;
  const own = tier === 'exact' ? read.stride : undefined;
  const stride = options.stride ?? own ?? tierStride(tier, window);
  if (!(Number.isInteger(stride) && stride > 0 && stride % TOWER_STRIDE === 0)) {
    throw new VitaminError('USAGE', `Expected a stride that is a positive multiple of ${TOWER_STRIDE} pixels but received ${stride}`);
  }
  const size = Math.max(config.canvas.width, config.canvas.height);
  return { ...common, size, edge: 'longest', window, stride, padding: 'zeroBefore' };
}

function refuse(options: EncodeOptions, names: readonly (keyof EncodeOptions)[], reason: string): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) throw new VitaminError('USAGE', `Expected no ${given} but received one: ${reason}`);
}
