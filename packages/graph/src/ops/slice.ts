import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectOneType } from '../expect.ts';
import type { Value } from '../graph.ts';
import { axisIndex, formatShape } from '../shape.ts';
import { reshape } from './layout.ts';

/** What `slice` takes. */
export interface SliceOptions {
  /** Negative counts from the last. */
  readonly axis: number;
  /** First index taken, not negative. */
  readonly start: number;
  /** First index not taken. Default: the extent of the axis. */
  readonly end?: number;
  /** Default 1. */
  readonly step?: number;
}

/**
 * Takes x[start:end:step] along one axis of fixed extent. The gradient fills the elements left out with zeros.
 *
 * @throws VitaminError `USAGE` for an empty slice or one that leaves the axis.
 * @example
 * ```ts
 * import { Graph, slice } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const tokens = graph.input('tokens', 'float32', ['N', 50, 64]);
 * graph.output('withoutFirst', slice(tokens, { axis: 1, start: 1 })); // [N, 49, 64]
 * ```
 */
export function slice(x: Value, { axis, start, end, step = 1 }: SliceOptions): Value {
  const at = axisIndex(axis, x.shape.length);
  const extent = x.shape[at]!;
  const stop = end ?? extent;
  const whole = [start, stop, step].every((number) => Number.isSafeInteger(number));
  if (typeof extent === 'string' || typeof stop === 'string' || !whole || start < 0 || stop > extent || start >= stop || step < 1) {
    throw new VitaminError(
      'USAGE',
      `Expected a slice inside axis ${axis} of ${formatShape(x.shape)} but received ${start}:${stop}:${step}`,
    );
  }
  if (start === 0 && stop === extent && step === 1) return x;
  const graph = x.graph;
  const count = Math.ceil((stop - start) / step);
  return graph.node({
    op: 'Slice',
    inputs: [x, graph.integers([start]), graph.integers([stop]), graph.integers([at]), graph.integers([step])],
    dtype: x.dtype,
    shape: x.shape.with(at, count),
    gradient: [(dy) => pad(spread(dy, at, step), at, start, extent - start - ((count - 1) * step + 1))],
  });
}

/** Puts step - 1 zeros between neighbors along an axis: [a, b] becomes [a, 0, b] for step 2. */
function spread(x: Value, axis: number, step: number): Value {
  if (step === 1) return x;
  const extent = x.shape[axis] as number;
  const column = reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
  const apart = reshape(pad(column, axis + 1, 0, step - 1), x.shape.with(axis, extent * step));
  return slice(apart, { axis, start: 0, end: (extent - 1) * step + 1 });
}

/**
 * Adds zeros before and after along one axis of fixed extent.
 *
 * @throws VitaminError `USAGE` for negative amounts or a named extent.
 * @example
 * ```ts
 * import { Graph, pad } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 5]);
 * graph.output('y', pad(x, 1, 0, 3)); // [N, 8]
 * ```
 */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  const at = axisIndex(axis, x.shape.length);
  const extent = x.shape[at];
  if (typeof extent !== 'number')
    throw new VitaminError('USAGE', `Expected a fixed extent on axis ${axis} but found ${formatShape(x.shape)}`);
  expectInteger('the amount before', before, 0);
  expectInteger('the amount after', after, 0);
  if (before === 0 && after === 0) return x;
  // All axes are spelt out: ONNX Runtime 1.30's transpose optimizer breaks a Pad that has the optional input `axes`.
  const amounts = (amount: number): number[] => x.shape.map((_, i) => (i === at ? amount : 0));
  return x.graph.node({
    op: 'Pad',
    inputs: [x, x.graph.integers([...amounts(before), ...amounts(after)])],
    dtype: x.dtype,
    shape: x.shape.with(at, extent + before + after),
    gradient: [(dy) => slice(dy, { axis: at, start: before, end: before + extent })],
  });
}

/**
 * Joins values along one axis of fixed extents.
 *
 * @throws VitaminError `USAGE` for shapes that differ elsewhere and for unequal element types.
 * @example
 * ```ts
 * import { concat, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const first = graph.input('first', 'float32', ['N', 1, 64]);
 * const rest = graph.input('rest', 'float32', ['N', 49, 64]);
 * graph.output('all', concat([first, rest], 1)); // [N, 50, 64]
 * ```
 */
export function concat(values: readonly Value[], axis: number): Value {
  const first = values[0];
  if (!first) throw new VitaminError('USAGE', 'Expected at least one value to join but received none');
  expectOneType('Concat', ...values);
  const at = axisIndex(axis, first.shape.length);
  const extents = values.map((value) => {
    const extent = value.shape[at];
    const same = value.shape.length === first.shape.length && value.shape.every((dim, i) => i === at || dim === first.shape[i]);
    if (!same || typeof extent !== 'number') {
      throw new VitaminError(
        'USAGE',
        `Expected shapes that differ on axis ${axis} only but received ${values.map((v) => formatShape(v.shape)).join(' and ')}`,
      );
    }
    return extent;
  });
  const starts = extents.map((_, i) => extents.slice(0, i).reduce((sum, extent) => sum + extent, 0));
  return first.graph.node({
    op: 'Concat',
    inputs: values,
    attributes: { axis: at },
    dtype: first.dtype,
    shape: first.shape.with(
      at,
      extents.reduce((sum, extent) => sum + extent, 0),
    ),
    gradient: values.map((_, i) => (dy) => slice(dy, { axis: at, start: starts[i]!, end: starts[i]! + extents[i]! })),
  });
}
