import { type DType, VitaminError } from '@vitamin-vlm/core';
import { expectOneType } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, formatShape, sameShape, type Shape } from '../shape.ts';
import { scalarLike } from './compare.ts';
import { reshape, transpose } from './layout.ts';
import { cast } from './cast.ts';

/** What happens where a scatter meets an element: `'none'` replaces it (indices must then be different), `'add'` adds to it. */
export type ScatterReduction = 'none' | 'add';

function expectIndices(op: string, indices: Value, types: readonly DType[]): void {
  if (types.includes(indices.dtype)) return;
  throw new VitaminError('USAGE', `Expected ${types.join(' or ')} indices for ${op} but received ${indices.dtype}`, {
    hint: "Convert with cast(indices, 'int64') first.",
  });
}

/** Zeros in the element type of `like`. */
export function zeros(like: Value, shape: Shape): Value {
  return like.graph.node({ op: 'Expand', inputs: [scalarLike(like, 0), like.graph.extents(shape)], dtype: like.dtype, shape });
}

/**
 * Slices of x by their index along one axis, which the axes of `indices` replace: with axis 0, a table [R, D] and ids [N, L] give [N, L, D].
 * Indices are int32 or int64 in [0, extent). The gradient adds each slice of dy onto the slice that it came from.
 *
 * @throws VitaminError `USAGE` for indices of another type and an axis that x does not have.
 * @example
 * ```ts
 * import { gather, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const ids = graph.input('ids', 'int32', ['N', 77]);
 * const table = graph.input('table', 'float32', [49408, 512]);
 * graph.output('tokens', gather(table, ids)); // [N, 77, 512]
 * ```
 */
export function gather(x: Value, indices: Value, axis = 0): Value {
  expectIndices('Gather', indices, ['int32', 'int64']);
  const at = axisIndex(axis, x.shape.length);
  const [before, after] = [x.shape.slice(0, at), x.shape.slice(at + 1)];
  return x.graph.node({
    op: 'Gather',
    inputs: [x, indices],
    attributes: { axis: at },
    dtype: x.dtype,
    shape: [...before, ...indices.shape, ...after],
    gradient: [
      (dy) => {
        const rank = indices.shape.length;
        const axes = [...dy.shape.keys()];
        const rows = transpose(dy, [...axes.slice(at, at + rank), ...axes.slice(0, at), ...axes.slice(at + rank)]); // [...indices, ...before, ...after]
        const table = zeros(x, [x.shape[at]!, ...before, ...after]);
        const sums = scatterND(table, cast(reshape(indices, [...indices.shape, 1]), 'int64'), rows, 'add');
        const back = [...x.shape.keys()].map((i) => (i === at ? 0 : i < at ? i + 1 : i));
        return transpose(sums, back);
      },
      'stop',
    ],
  });
}

/**
 * y[i][j][k] = x[i][index[i][j][k]][k] for axis 1, and so on (PyTorch's `gather`): one element of x for every index. The extents beside the
 * axis are those of x. Indices are int32 or int64 in [0, extent). The gradient adds each dy onto the element that it came from.
 *
 * @throws VitaminError `USAGE` for indices of another type or of a shape that differs from x beside the axis.
 * @example
 * ```ts
 * import { gatherElements, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const logits = graph.input('logits', 'float32', ['N', 1203]);
 * graph.output('chosen', gatherElements(logits, graph.input('classes', 'int64', ['N', 1]), 1)); // [N, 1]
 * ```
 */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  const at = expectBeside('GatherElements', x, indices, axis);
  return x.graph.node({
    op: 'GatherElements',
    inputs: [x, indices],
    attributes: { axis: at },
    dtype: x.dtype,
    shape: indices.shape,
    gradient: [(dy) => scatterElements(zeros(x, x.shape), indices, dy, { axis: at, reduction: 'add' }), 'stop'],
  });
}

/**
 * Elements or slices of x by index vectors: indices int64 [..., k] point into the first k axes of x -> [..., ...x.shape[k:]].
 * The gradient adds each dy onto the slice that it came from.
 *
 * @throws VitaminError `USAGE` for indices of another type and index vectors longer than the rank of x.
 * @example
 * ```ts
 * import { gatherND, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const masks = graph.input('masks', 'float32', [8, 100, 56, 56]);
 * graph.output('matched', gatherND(masks, graph.input('pairs', 'int64', [12, 2]))); // [12, 56, 56]
 * ```
 */
export function gatherND(x: Value, indices: Value): Value {
  const depth = expectVectors('GatherND', x, indices);
  return x.graph.node({
    op: 'GatherND',
    inputs: [x, indices],
    dtype: x.dtype,
    shape: [...indices.shape.slice(0, -1), ...x.shape.slice(depth)],
    gradient: [(dy) => scatterND(zeros(x, x.shape), indices, dy, 'add'), 'stop'],
  });
}

/**
 * data with elements put or added at places along one axis: the opposite of `gatherElements`, of which `updates` is a result.
 *
 * @throws VitaminError `USAGE` for updates of another shape than the indices, indices of another type or shape, and unequal element types.
 * @example
 * ```ts
 * import { Graph, scatterElements } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const data = graph.input('data', 'float32', ['N', 10]);
 * const indices = graph.input('indices', 'int64', ['N', 2]);
 * const updates = graph.input('updates', 'float32', ['N', 2]);
 * graph.output('y', scatterElements(data, indices, updates, { axis: 1, reduction: 'add' })); // [N, 10]
 * ```
 */
export function scatterElements(
  data: Value,
  indices: Value,
  updates: Value,
  { axis, reduction = 'none' }: { readonly axis: number; readonly reduction?: ScatterReduction },
): Value {
  expectOneType('ScatterElements', data, updates);
  const at = expectBeside('ScatterElements', data, indices, axis);
  expectUpdates(updates, indices.shape);
  return data.graph.node({
    op: 'ScatterElements',
    inputs: [data, indices, updates],
    attributes: { axis: at, reduction },
    dtype: data.dtype,
    shape: data.shape,
    gradient: [
      (dy) => (reduction === 'add' ? dy : scatterElements(dy, indices, zeros(dy, indices.shape), { axis: at })),
      'stop',
      (dy) => gatherElements(dy, indices, at),
    ],
  });
}

/**
 * data with slices put or added at places: the opposite of `gatherND`, of which `updates` is a result.
 *
 * @throws VitaminError `USAGE` for updates of another shape than `gatherND` gives, indices of another type, and unequal element types.
 * @example
 * ```ts
 * import { Graph, scatterND } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const data = graph.input('data', 'float32', [100, 256]);
 * const rows = graph.input('rows', 'int64', [7, 1]);
 * graph.output('y', scatterND(data, rows, graph.input('updates', 'float32', [7, 256]), 'add')); // [100, 256]
 * ```
 */
export function scatterND(data: Value, indices: Value, updates: Value, reduction: ScatterReduction = 'none'): Value {
  expectOneType('ScatterND', data, updates);
  const depth = expectVectors('ScatterND', data, indices);
  expectUpdates(updates, [...indices.shape.slice(0, -1), ...data.shape.slice(depth)]);
  return data.graph.node({
    op: 'ScatterND',
    inputs: [data, indices, updates],
    attributes: { reduction },
    dtype: data.dtype,
    shape: data.shape,
    gradient: [
      (dy) => (reduction === 'add' ? dy : scatterND(dy, indices, zeros(dy, updates.shape))),
      'stop',
      (dy) => gatherND(dy, indices),
    ],
  });
}

function expectUpdates(updates: Value, shape: Shape): void {
  if (sameShape(updates.shape, shape)) return;
  throw new VitaminError('USAGE', `Expected updates ${formatShape(shape)} but received ${formatShape(updates.shape)}`);
}

/** Checks that indices differ from x on one axis only, and gives that axis. */
function expectBeside(op: string, x: Value, indices: Value, axis: number): number {
  expectIndices(op, indices, ['int32', 'int64']);
  const at = axisIndex(axis, x.shape.length);
  if (indices.shape.length !== x.shape.length || !sameShape(indices.shape.toSpliced(at, 1), x.shape.toSpliced(at, 1))) {
    throw new VitaminError(
      'USAGE',
      `Expected indices that differ from ${formatShape(x.shape)} on axis ${axis} only but received ${formatShape(indices.shape)}`,
    );
  }
  return at;
}

/** Checks index vectors [..., k] and gives k. */
function expectVectors(op: string, x: Value, indices: Value): number {
  expectIndices(op, indices, ['int64']);
  const depth = indices.shape.at(-1);
  if (typeof depth !== 'number' || depth > x.shape.length) {
    throw new VitaminError(
      'USAGE',
      `Expected index vectors [..., k] with k up to the rank of ${formatShape(x.shape)} but received ${formatShape(indices.shape)}`,
    );
  }
  return depth;
}
