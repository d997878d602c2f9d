import { VitaminError } from '@vitamin-vlm/core';
import { type Dim, quotient } from '../shape.ts';

/**
 * How often a window of `reach` pixels fits when it moves by `stride` over an extent with `padding` pixels added in all:
 * floor((extent + padding - reach) / stride) + 1. Of a named extent only where that is extent / stride, whatever the name stands for.
 *
 * @throws VitaminError `UNSUPPORTED` for a named extent that the windows do not divide.
 */
export function windowCount(extent: Dim, reach: number, stride: number, padding: number): Dim {
  if (typeof extent === 'number') return Math.floor((extent + padding - reach) / stride) + 1;
  const count = quotient(extent, stride);
  if (count !== undefined && Math.floor((padding - reach) / stride) === -1) return count;
  throw new VitaminError(
    'UNSUPPORTED',
    `Expected windows that divide the named extent "${extent}" but received windows of ${reach} with stride ${stride} and ${padding} of padding`,
    { hint: `Name a multiple of the stride, such as 'h*${stride}', and pad by window - stride to window - 1 in all; or fix the extent.` },
  );
}
