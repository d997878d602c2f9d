import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger } from '../expect.ts';
import type { Value } from '../graph.ts';
import { type Dim, quotient } from '../shape.ts';

/** One number for both directions, or [height, width]. */
export type Sides = number | readonly [height: number, width: number];

type Both = readonly [height: number, width: number];

/** How a window moves over the last two axes of a value, all in pixels. */
export interface Window {
  readonly kernel: Both;
  readonly stride: Both;
  /** On both ends of each axis. */
  readonly padding: Both;
  /** Distance between neighboring pixels of the window. */
  readonly dilation: Both;
}

/** Both sides. @throws VitaminError `USAGE` unless they are integers of at least `least`. */
export function sides(what: string, value: Sides, least: number): Both {
  const both = typeof value === 'number' ? ([value, value] as const) : value;
  if (both.length !== 2) throw new VitaminError('USAGE', `Expected [height, width] for ${what} but received [${[...both].join(', ')}]`);
  for (const side of both) expectInteger(what, side, least);
  return both;
}

/** Attributes of ONNX's operators with windows. */
export function windowAttributes({ kernel, stride, padding, dilation }: Window): Record<string, readonly number[]> {
  const attributes = { kernel_shape: kernel, strides: stride, pads: [...padding, ...padding] };
  return dilation.every((side) => side === 1) ? attributes : { ...attributes, dilations: dilation };
}

/** How many pixels a window covers along an axis (0 or 1), its gaps included. */
export function reachOf({ kernel, dilation }: Window, axis: 0 | 1): number {
  return dilation[axis] * (kernel[axis] - 1) + 1;
}

/**
 * How often the window fits on axis 2 or 3 of [N, C, H, W]: floor((extent + 2·padding - reach) / stride) + 1. Of a named extent only where that is
 * extent / stride, whatever the name stands for, or at stride 1 a sum that has a name.
 *
 * @throws VitaminError `UNSUPPORTED` for a named extent that the windows do not divide.
 */
export function windowCount(x: Value, at: 2 | 3, window: Window): Dim {
  const extent = x.shape[at]!;
  const axis = at === 2 ? 0 : 1;
  const [stride, padding, reach] = [window.stride[axis], window.padding[axis], reachOf(window, axis)];
  if (typeof extent === 'number') return Math.floor((extent + 2 * padding - reach) / stride) + 1;
  const shorter = stride === 1 ? x.graph.difference([extent, 2 * padding + 1], [reach]) : undefined;
  if (shorter !== undefined) return shorter;
  const count = quotient(extent, stride);
  if (count !== undefined && Math.floor((2 * padding - reach) / stride) === -1) return count;
  throw new VitaminError(
    'UNSUPPORTED',
    `Expected windows that divide the named extent "${extent}" but received windows of ${reach} with stride ${stride} and padding ${padding}`,
    {
      hint: `Name a multiple of the stride, such as 'h*${stride}', and pad so that window - stride <= 2·padding < window; or fix the extent.`,
    },
  );
}

/** Rows or columns that the last window leaves over: (extent + 2·padding - reach) mod stride. */
export function restOf(extent: Dim, window: Window, axis: 0 | 1): number {
  const stride = window.stride[axis];
  const fixed = (typeof extent === 'number' ? extent : 0) + 2 * window.padding[axis] - reachOf(window, axis); // a named extent is a multiple
  return ((fixed % stride) + stride) % stride;
}
