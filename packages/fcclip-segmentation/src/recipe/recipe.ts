import type { Recipe } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';

/** How densely windows lie on a picture: `exact` as published, `balanced` and `fast` with a third and a sixth of the windows. */
export type Tier = 'exact' | 'balanced' | 'fast';

/** Windows from one to the next, in thirds of a window. */
const THIRDS: Readonly<Record<Tier, number>> = { exact: 1, balanced: 2, fast: 3 };
/** Windows begin on cells of the tower's coarsest map. */
export const TOWER_STRIDE = 16;

/** The part of a recipe that FC-CLIP's configurations set. In pixels of the network's input. */
export type ReadSettings = Pick<Recipe, 'window' | 'stride'>;

/**
 * Pixels from one window to the next, in whole cells of the tower: 112, 224 and 336 for windows of 336.
 *
 * @throws VitaminError `USAGE` for an unknown tier.
 */
export function tierStride(tier: Tier, window: number): number {
  if (!Object.hasOwn(THIRDS, tier)) {
    throw new VitaminError('USAGE', `Expected a tier among ${Object.keys(THIRDS).join(', ')} but received "${tier as string}"`);
  }
  return Math.max(Math.round((window * THIRDS[tier]) / 3 / TOWER_STRIDE), 1) * TOWER_STRIDE;
}
