import { VitaminError } from '@vitamin-vlm/core';
import type { Normalization } from '@vitamin-vlm/image';

/**
 * How a picture was prepared and read. Maps of one tower may be shared exactly when their recipes are equal; everything saved that comes from
 * a picture carries its own.
 */
export interface Recipe {
  /** Pixels of the edge that the picture was scaled to. */
  readonly size: number;
  /** Which edge that is; `both` stretches to a square. */
  readonly edge: 'shortest' | 'longest' | 'both';
  /** Filter of the resize, Pillow's where no other program is named. */
  readonly resize: 'bicubic' | 'bilinear' | 'opencv-bilinear';
  /** Side of a window and pixels from one to the next. One look at a square: both the size. */
  readonly window: number;
  readonly stride: number;
  /** Whether windows are pasted where the floor of their start falls, or start on cells of the coarsest map. */
  readonly placement: 'floor' | 'aligned';
  /** Beyond the picture: nothing (it was cropped or fits), zero before or after the normalization, or the mean color around it. */
  readonly padding: 'none' | 'zeroBefore' | 'zeroAfter' | 'mean';
  /** On values 0..1, red, green, blue. */
  readonly normalization: Normalization;
  readonly posEmbed: 'add' | 'skip';
  readonly precision: 'float32' | 'int8';
}

/**
 * Compares a recipe with what is expected of it.
 *
 * @param expected - The fields that matter.
 * @param what - Whose recipe it is, for the message.
 * @throws VitaminError `WEIGHTS_MISMATCH` that names the first field that differs.
 * @example
 * ```ts
 * import { checkRecipe, loadImageEncoding } from '@vitamin-vlm/backbone';
 * checkRecipe((await loadImageEncoding('street.safetensors')).recipe, { window: 336, stride: 168 }, 'the encoding');
 * ```
 */
export function checkRecipe(recipe: Recipe, expected: Partial<Recipe>, what: string): void {
  for (const [field, value] of Object.entries(expected)) {
    const found = JSON.stringify(recipe[field as keyof Recipe]);
    if (value === undefined || found === JSON.stringify(value)) continue;
    throw new VitaminError('WEIGHTS_MISMATCH', `Expected ${what} to have recipe.${field} ${JSON.stringify(value)} but found ${found}`, {
      hint: 'Encode the picture again the way it is to be asked.',
    });
  }
}
