import type { Backbone } from '@vitamin-vlm/backbone';
import type { Tensor, WorkOptions } from '@vitamin-vlm/core';
import { detectorLevels, TOWER_MAPS } from '../models/tower-levels.ts';
import type { DetectionRecipe } from '../recipe/recipe.ts';

/** Name of the dense CLIP map among the maps. */
export const DENSE = 'dense';

/** What the tower gives: `os4`, `os8`, `mid`, `final`, and the dense CLIP map if it was asked for, [1, C, h, w] each. */
export interface TowerReading {
  readonly maps: Readonly<Record<string, Tensor<'float32'>>>;
  readonly dense?: Tensor<'float32'> | undefined;
}

/** How the tower runs over a canvas. */
export interface TowerReadingOptions extends WorkOptions, Pick<DetectionRecipe, 'window' | 'stride' | 'placement'> {
  readonly batch?: number | undefined;
  /** Default: the four maps, and the dense one. */
  readonly only?: 'maps' | 'dense' | undefined;
  /** Levels of the tower beside these, by their own names. */
  readonly more?: readonly string[] | undefined;
}

/** How a recipe has the tower run, as part of a call. */
export function readingOf(
  { window, stride, placement }: Pick<DetectionRecipe, 'window' | 'stride' | 'placement'>,
  { batch, signal, onProgress }: Pick<TowerReadingOptions, 'batch'> & WorkOptions,
): Omit<TowerReadingOptions, 'only' | 'more'> {
  return { window, stride, placement, batch, signal, onProgress };
}

/**
 * Runs the tower over a canvas: in windows, or a plain Vision Transformer over all of it at once where the window is the canvas.
 *
 * @param pixels - [1, 3, H, W]
 * @throws VitaminError as `Backbone.windowMaps`.
 */
export async function readTower(
  backbone: Backbone,
  pixels: Tensor<'float32'>,
  { only, more = [], ...options }: TowerReadingOptions,
): Promise<TowerReading> {
  const names = detectorLevels(backbone.model.tower);
  const levels = [...new Set([...(only === 'dense' ? [] : names), ...more]), ...(only === 'maps' ? [] : [DENSE])];
  const [, , height, width] = pixels.shape;
  const whole = names[0] !== TOWER_MAPS[0] && options.window === height && options.window === width;
  const found = whole
    ? await backbone.wholeMaps(pixels, { ...options, levels })
    : await backbone.windowMaps(pixels, { ...options, levels });
  const maps = only === 'dense' ? [] : TOWER_MAPS.map((name, i) => [name, found[names[i]!]!] as const);
  const others = more.map((name) => [name, found[name]!] as const);
  return { maps: Object.fromEntries([...maps, ...others]), dense: found[DENSE] };
}
