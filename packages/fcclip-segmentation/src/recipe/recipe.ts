import type { Recipe } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';

/** How densely windows lie on a picture: `exact` as published, `balanced` and `fast` with a third and a sixth of the windows. */
export type Tier = 'exact' | 'balanced' | 'fast';

/** Windows from one to the next, in thirds of a window. */
const THIRDS: Readonly<Record<Tier, number>> = { exact: 1, balanced: 2, fast: 3 };
/** Windows begin on cells of the tower's coarsest map. */
export const TOWER_STRIDE = 16;
/** Pixels of an edge at most: the masks of a square of them take a gigabyte. */
const LARGEST_EDGE = 4096;

/** The part of a recipe that FC-CLIP's configurations set for windows. In pixels of the network's input. */
export type ReadSettings = Pick<Recipe, 'window' | 'stride'>;

/** Pixels that the shorter edge of a picture is scaled to, unless the longer one would exceed its own limit. */
export interface EdgeLimits {
  readonly shortest: number;
  readonly longest: number;
}

/** FC-CLIP on ConvNeXt; for Cityscapes and Mapillary Vistas its authors take 1024 and 2560. */
const PUBLISHED_EDGES: EdgeLimits = { shortest: 800, longest: 1333 };

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

/** The limits that are asked for, or the published ones. @throws VitaminError `USAGE` for numbers that are none. */
export function edgeLimits(asked: { readonly [Name in keyof EdgeLimits]?: number | undefined }): EdgeLimits {
  const { shortest = PUBLISHED_EDGES.shortest, longest = PUBLISHED_EDGES.longest } = asked;
  const whole = Number.isInteger(shortest) && Number.isInteger(longest);
  if (whole && shortest >= 1 && shortest <= longest && longest <= LARGEST_EDGE) return { shortest, longest };
  throw new VitaminError(
    'USAGE',
    `Expected whole numbers of pixels, shortest up to longest up to ${LARGEST_EDGE}, but received ${shortest} and ${longest}`,
  );
}
