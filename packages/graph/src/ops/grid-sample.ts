import { tensor, VitaminError } from '@vitamin-vlm/core';
import { expectTypes, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { formatShape, staticShape } from '../shape.ts';
import { add, mul, sub } from './arithmetic.ts';
import { greater, less, logicalAnd, where } from './compare.ts';
import { scatterND, zeros } from './indexing.ts';
import { reshape, transpose } from './layout.ts';
import { reduceSum } from './reduce.ts';
import { cast } from './cast.ts';
import { concat, pad, slice } from './slice.ts';

/**
 * Reads x between its pixels: x [N, C, H, W], grid [N, H', W', 2] of (x, y) -> [N, C, H', W']. -1 and 1 are the outer edges of the border
 * pixels (PyTorch's `align_corners=False`), so pixel coordinate = ((g + 1) · extent - 1) / 2. Bilinear; pixels outside count as 0.
 *
 * Both gradients stay in this layout. For x, each dy is added onto the four pixels that it was read from. For the grid, the slope of the
 * surface along one axis is a sample of the differences of neighbors, with the coordinate of that axis set to the one below.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for unequal element types.
 * @example
 * ```ts
 * import { Graph, gridSample } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 32, 42, 42]);
 * graph.output('y', gridSample(x, graph.input('grid', 'float32', ['N', 4, 1764, 2]))); // [N, 32, 4, 1764]
 * ```
 */
export function gridSample(x: Value, grid: Value): Value {
  expectTypes('GridSample', singles, x, grid);
  const [n, c] = x.shape;
  if (x.shape.length !== 4 || grid.shape.length !== 4 || grid.shape[0] !== n || grid.shape[3] !== 2) {
    throw new VitaminError(
      'USAGE',
      `Expected x [N, C, H, W] and a grid [N, H', W', 2] but received ${formatShape(x.shape)} and ${formatShape(grid.shape)}`,
    );
  }
  return x.graph.node({
    op: 'GridSample',
    inputs: [x, grid],
    attributes: { mode: 'bilinear', padding_mode: 'zeros', align_corners: 0 },
    dtype: x.dtype,
    shape: [n!, c!, grid.shape[1]!, grid.shape[2]!],
    // Places among pixels need float32.
    gradient: [imageGradient, gridGradient].map((rule) => (dy) => cast(rule(wide(dy), wide(x), wide(grid)), x.dtype)),
  });
}

const wide = (x: Value): Value => cast(x, 'float32');

const floor = (x: Value): Value => x.graph.node({ op: 'Floor', inputs: [x], dtype: x.dtype, shape: x.shape });

/** The coordinates of one axis, 0 for x and 1 for y, as [N, H', W', 1], in pixels of an axis of this extent. */
function pixels(grid: Value, axis: 0 | 1, extent: number): Value {
  const g = slice(grid, { axis: 3, start: axis, end: axis + 1 });
  return add(mul(g, extent / 2), (extent - 1) / 2);
}

/** Indices are worked out in float32, which counts exactly up to here. */
const LARGEST_INDEX = 2 ** 24;

/** Adds every dy, times its share, onto the four pixels around its point. */
function imageGradient(dy: Value, x: Value, grid: Value): Value {
  const [n, c, h, w] = staticShape(x.shape, 'the gradient of gridSample') as [number, number, number, number];
  const [, height, width] = staticShape(grid.shape, 'the gradient of gridSample') as [number, number, number];
  if (n * h * w > LARGEST_INDEX) {
    throw new VitaminError('UNSUPPORTED', `Expected at most ${LARGEST_INDEX} pixels for the gradient of gridSample but found ${n * h * w}`);
  }
  const points = n * height * width;
  const rows = reshape(transpose(dy, [0, 2, 3, 1]), [points, c]);
  const [px, py] = [pixels(grid, 0, w), pixels(grid, 1, h)];
  const [left, top] = [floor(px), floor(py)];
  const [right, bottom] = [sub(px, left), sub(py, top)]; // shares of the pixels to the right and below
  const columns: readonly Side[] = [
    [left, sub(1, right)],
    [add(left, 1), right],
  ];
  const lines: readonly Side[] = [
    [top, sub(1, bottom)],
    [add(top, 1), bottom],
  ];
  const firstPixels = x.graph.constant(
    tensor(
      'float32',
      [n, 1, 1, 1],
      Float32Array.from({ length: n }, (_, i) => i * h * w),
    ),
  );
  let sums = zeros(x, [n * h * w, c]);
  for (const [line, lineShare] of lines) {
    for (const [column, columnShare] of columns) {
      const inside = logicalAnd(within(line, h), within(column, w));
      const index = where(inside, add(add(mul(line, w), column), firstPixels), 0);
      const share = where(inside, mul(lineShare, columnShare), 0);
      sums = scatterND(sums, cast(reshape(index, [points, 1]), 'int64'), mul(rows, reshape(share, [points, 1])), 'add');
    }
  }
  return transpose(reshape(sums, [n, h, w, c]), [0, 3, 1, 2]);
}

/** Lines or columns of pixels, and the share that each point has in them. */
type Side = readonly [index: Value, share: Value];

const within = (index: Value, extent: number): Value => logicalAnd(greater(index, -1), less(index, extent));

/** d/dgx = W/2 · Σ over channels of dy · (right pixel - left pixel at the height of the point), and likewise for gy. */
function gridGradient(dy: Value, x: Value, grid: Value): Value {
  const slopes = ([0, 1] as const).map((axis) => {
    const imageAxis = 3 - axis;
    const extent = staticShape([x.shape[imageAxis]!], 'the gradient of gridSample')[0]!;
    const framed = pad(x, imageAxis, 1, 1);
    // differences[i] = x[i] - x[i - 1] for i = 0 ... extent, with zeros outside of x
    const differences = sub(slice(framed, { axis: imageAxis, start: 1 }), slice(framed, { axis: imageAxis, start: 0, end: extent + 1 }));
    const index = add(floor(pixels(grid, axis, extent)), 1);
    const snapped = sub(mul(add(mul(index, 2), 1), 1 / (extent + 1)), 1); // index as a coordinate of the extent + 1 differences
    const other = slice(grid, { axis: 3, start: 1 - axis, end: 2 - axis });
    const slope = gridSample(differences, concat(axis === 0 ? [snapped, other] : [other, snapped], 3));
    return mul(reduceSum(mul(dy, slope), [1]), extent / 2); // [N, 1, H', W']
  });
  return transpose(concat(slopes, 1), [0, 2, 3, 1]);
}
