import type { Value } from '../graph.ts';
import { type Dim, product } from '../shape.ts';
import { mul } from './arithmetic.ts';
import { reshape } from './layout.ts';
import { matmul, swapLast } from './matmul.ts';
import { reduceSum } from './reduce.ts';
import { concat } from './concat.ts';
import { frame, metBy, positions } from './taps.ts';
import type { Window } from './window.ts';

/**
 * The gradient of the weight [O, C/groups, kh, kw] of a convolution from dy [N, O, H', W'] and x [N, C, H, W]: for every kernel position, the sum
 * over images and windows of dy · the pixel that it meets.
 */
export function filterGradient(dy: Value, x: Value, weight: Value, window: Window, groups: number): Value {
  const [top, left] = window.padding;
  const framed = frame(x, [top, left, top, left]);
  const counts = dy.shape.slice(2) as [Dim, Dim];
  const [o, perGroup] = weight.shape as [number, number];
  const depthwise = groups === o && perGroup === 1;
  const lead = groups === 1 ? [dy.shape[0]!] : [dy.shape[0]!, groups];
  const area = product(counts);
  const rows = depthwise ? dy : reshape(dy, [...lead, o / groups, area]);
  const taps = positions(window).map((position) => {
    const pixels = metBy(framed, position, window, counts);
    if (depthwise) return reshape(reduceSum(mul(dy, pixels), [0, 2, 3]), [o, 1, 1]);
    const columns = swapLast(reshape(pixels, [...lead, perGroup, area]));
    return reshape(reduceSum(matmul(rows, columns), [0]), [o, perGroup, 1]); // [N, O, C] or [N, groups, O/groups, C/groups], summed over N
  });
  return reshape(concat(taps, 2), weight.shape);
}
