import { vitaminSizes } from '../models/vitamin.ts';
import type { InferredConfig } from './config.ts';

/**
 * The name of a model by its sizes, as timm writes it with hyphens: `vitamin-large-336`. A small image tower in the joint space of
 * ViTamin-L was trained against its text tower: `vitamin-small-224-ltt`. Sizes that were not published are `custom`; the two smallest
 * stages of 16 and 32 channels make a `nano`.
 */
export function variantName({ image }: InferredConfig, imageSize: number): string {
  const named = Object.entries(vitaminSizes).filter(
    ([, size]) => size.widths.join() === image.widths.join() && size.depths.join() === image.depths.join(),
  );
  const exact = named.find(([, size]) => size.embedDim === image.embedDim);
  const [name] = exact ?? named[0] ?? [image.widths[0] === 16 && image.widths[1] === 32 ? 'nano' : 'custom'];
  const locked = !exact && (name === 'small' || name === 'base') && image.embedDim === vitaminSizes.large.embedDim;
  return `vitamin-${name}-${imageSize}${locked ? '-ltt' : ''}`;
}
