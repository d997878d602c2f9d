import { VitaminError } from '@vitamin-vlm/core';
import { expectTypes, singles } from '../expect.ts';
import type { Graph, Value } from '../graph.ts';
import { type Dim, formatShape, product } from '../shape.ts';
import { add, div, mul, type Operand, sub } from './arithmetic.ts';
import { greater, less, logicalAnd, where } from './compare.ts';
import { counted, extentScalar } from './extent.ts';
import { scatterND, zeros } from './indexing.ts';
import { reshape, transpose } from './layout.ts';
import { reduceSum } from './reduce.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { slice } from './slice.ts';
import { frame, sumName } from './taps.ts';

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

/** An extent to compute with in float32: a number where it is one. */
const sizeOf = (graph: Graph, dim: Dim): Operand => (typeof dim === 'number' ? dim : extentScalar(graph, dim, 'float32'));

/** size · factor + term */
const linear = (size: Operand, factor: number, term = 0): Operand =>
  typeof size === 'number' ? size * factor + term : add(mul(size, factor), term);

/** The coordinates of one axis, 0 for x and 1 for y, as [N, H', W', 1], in pixels of an axis of this size. */
function pixels(grid: Value, axis: 0 | 1, size: Operand): Value {
  const g = slice(grid, { axis: 3, start: axis, end: axis + 1 });
  return add(mul(g, linear(size, 0.5)), linear(size, 0.5, -0.5));
}

/** float32 counts exactly up to here. */
const LARGEST_INDEX = 2 ** 24;

/** Pixels of all pictures [N, H, W] counted through. In float32, which WebGPU has, where it is exact; else in int64. */
function pixelIndex(x: Value): (line: Value, column: Value) => Value {
  const [n, , h, w] = x.shape as [Dim, Dim, Dim, Dim];
  const pixelsInAll = product([n, h, w]);
  const dtype = typeof pixelsInAll === 'number' && pixelsInAll <= LARGEST_INDEX ? 'float32' : 'int64';
  const pictures = reshape(cast(counted(x.graph, n), dtype), [n, 1, 1, 1]);
  const firsts = mul(pictures, extentScalar(x.graph, product([h, w]), dtype));
  return (line, column) => add(add(mul(cast(line, dtype), extentScalar(x.graph, w, dtype)), cast(column, dtype)), firsts);
}

/** Adds every dy, times its share, onto the four pixels around its point. */
function imageGradient(dy: Value, x: Value, grid: Value): Value {
  const [n, c, h, w] = x.shape as [Dim, Dim, Dim, Dim];
  const [height, width] = [sizeOf(x.graph, h), sizeOf(x.graph, w)];
  const points = product(grid.shape.slice(0, 3));
  const rows = reshape(transpose(dy, [0, 2, 3, 1]), [points, c]);
  const [px, py] = [pixels(grid, 0, width), pixels(grid, 1, height)];
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
  const indexOf = pixelIndex(x);
  let sums = zeros(x, [product([n, h, w]), c]);
  for (const [line, lineShare] of lines) {
    for (const [column, columnShare] of columns) {
      const inside = logicalAnd(within(line, height), within(column, width));
      const index = where(inside, indexOf(line, column), 0);
      const share = where(inside, mul(lineShare, columnShare), 0);
      sums = scatterND(sums, cast(reshape(index, [points, 1]), 'int64'), mul(rows, reshape(share, [points, 1])), 'add');
    }
  }
  return transpose(reshape(sums, [n, h, w, c]), [0, 3, 1, 2]);
}

/** Lines or columns of pixels, and the share that each point has in them. */
type Side = readonly [index: Value, share: Value];

const within = (index: Value, size: Operand): Value => logicalAnd(greater(index, -1), less(index, size));

/** d/dgx = W/2 · Σ over channels of dy · (right pixel - left pixel at the height of the point), and likewise for gy. */
function gridGradient(dy: Value, x: Value, grid: Value): Value {
  const slopes = ([0, 1] as const).map((axis) => {
    const imageAxis = 3 - axis;
    const extent = x.shape[imageAxis]!;
    const size = sizeOf(x.graph, extent);
    const framed = frame(x, axis === 0 ? [0, 1, 0, 1] : [1, 0, 1, 0]);
    // differences[i] = x[i] - x[i - 1] for i = 0 ... extent, with zeros outside of x
    const named = { axis: imageAxis, extent: sumName(extent, 1) };
    const differences = sub(slice(framed, { ...named, start: 1 }), slice(framed, { ...named, start: 0, end: -1 }));
    const index = add(floor(pixels(grid, axis, size)), 1);
    const step = typeof size === 'number' ? 1 / (size + 1) : div(1, add(size, 1));
    const snapped = sub(mul(add(mul(index, 2), 1), step), 1); // index as a coordinate of the extent + 1 differences
    const other = slice(grid, { axis: 3, start: 1 - axis, end: 2 - axis });
    const slope = gridSample(differences, concat(axis === 0 ? [snapped, other] : [other, snapped], 3));
    return mul(reduceSum(mul(dy, slope), [1]), linear(size, 0.5)); // [N, 1, H', W']
  });
  return transpose(concat(slopes, 1), [0, 2, 3, 1]);
}
