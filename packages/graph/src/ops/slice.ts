import { VitaminError } from '@vitamin-vlm/core';
import { choices, expectInteger, expectTypes } from '../expect.ts';
import type { Graph, Value } from '../graph.ts';
import { axisIndex, type Dim, formatShape, quotient } from '../shape.ts';
import { reshape } from './layout.ts';

/** What `slice` takes. */
export interface SliceOptions {
  /** Negative counts from the last. */
  readonly axis: number;
  /** First index taken; negative numbers count from the end. */
  readonly start: Dim;
  /** First index not taken; negative numbers count from the end. Default: the extent of the axis. */
  readonly end?: Dim;
  /** Default 1. */
  readonly step?: number;
  /** Name for an extent of the result that is not a number, a product or a known sum: `'R'` for all but the first of `'T'`. */
  readonly extent?: string | undefined;
}

/** A place on an axis: the sum of these extents. Numbers may be negative. */
type Place = readonly Dim[];

/**
 * Takes x[start:end:step] along one axis. The gradient fills the elements left out with zeros.
 *
 * Of a named axis: a range that fits the smallest number that the name can stand for, a range between named ends, or every step-th
 * element when the step divides the extent. Names are taken at their word: a table of 77 rows cut at `'T'` needs T of at most 77.
 *
 * @throws VitaminError `USAGE` for an empty slice or one that leaves the axis; `UNSUPPORTED` for a result whose extent needs a name.
 * @example
 * ```ts
 * import { Graph, slice } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const tokens = graph.input('tokens', 'float32', ['N', 50, 64]);
 * graph.output('withoutFirst', slice(tokens, { axis: 1, start: 1 })); // [N, 49, 64]
 * const text = graph.input('text', 'float32', ['N', 'T', 64]);
 * graph.output('last', slice(text, { axis: 1, start: -1 })); // [N, 1, 64]
 * graph.output('rest', slice(text, { axis: 1, start: 1, extent: 'R' })); // [N, R, 64]
 * ```
 */
export function slice(x: Value, { axis, start, end, step = 1, extent }: SliceOptions): Value {
  const at = axisIndex(axis, x.shape.length);
  const whole = x.shape[at]!;
  const shown = `axis ${axis} of ${formatShape(x.shape)} but received ${start}:${end ?? whole}:${step}`;
  expectInteger('the step', step, 1);
  expectInside([start, end ?? 0], typeof whole === 'string' && extent !== undefined ? Infinity : x.graph.least(whole), shown);
  if (step > 1 && end === undefined && typeof whole === 'string' && typeof start === 'number') return every(x, at, start, step);
  const from = place(start, whole);
  const to = place(end ?? whole, whole);
  const length = x.graph.extent(to, from, extent);
  if (typeof length === 'number' && length > 0) return cut(x, at, from, to, Math.ceil(length / step), step);
  if (typeof length === 'string' && step === 1) return cut(x, at, from, to, length);
  throw new VitaminError('USAGE', `Expected a slice of at least one element, and steps to the end of a named axis, inside ${shown}`);
}

function expectInside(bounds: readonly Dim[], limit: number, shown: string): void {
  if (bounds.every((bound) => typeof bound === 'string' || (Number.isSafeInteger(bound) && Math.abs(bound) <= limit))) return;
  throw new VitaminError('USAGE', `Expected a slice inside ${shown}`, { hint: `The axis has at least ${limit} elements.` });
}

/** Negative numbers count from the end. */
function place(bound: Dim, whole: Dim): Place {
  return typeof bound === 'number' && bound < 0 ? [whole, bound] : [bound];
}

/** x[start::step] of a named extent that `step` divides. */
function every(x: Value, at: number, start: number, step: number): Value {
  const whole = x.shape[at]!;
  const count = quotient(whole, step);
  if (count === undefined || start < 0 || start >= step) {
    throw new VitaminError('UNSUPPORTED', `Expected steps that divide the named extent "${whole}" but received ${start}::${step}`, {
      hint: `Name a multiple of the step, such as 'h*${step}', and start below it.`,
    });
  }
  return sliceNode(x, at, [start], [whole], count, step, (dy) => {
    const column = reshape(dy, dy.shape.toSpliced(at + 1, 0, 1)); // [..., count, 1, ...]
    return reshape(pad(column, at + 1, start, step - 1 - start), x.shape);
  });
}

/** x[from:to:step]. A range of named length has step 1. */
export function cut(x: Value, at: number, from: Place, to: Place, count: Dim, step = 1): Value {
  const whole = x.shape[at]!;
  if (count === whole) return x;
  return sliceNode(x, at, from, to, count, step, (dy) => padNode(spread(dy, at, step), at, from, whole));
}

function sliceNode(x: Value, at: number, from: Place, to: Place, count: Dim, step: number, gradient: (dy: Value) => Value): Value {
  const graph = x.graph;
  const whole = x.shape[at]!;
  /** Places that count from a named end need no Shape: ONNX takes negative ones, and cuts large ones down. */
  const bound = ([first, ...rest]: Place): Value => {
    const back = rest.reduce<number>((sum, dim) => sum + Number(dim), 0);
    if (typeof first !== 'string' || first !== whole || !(back <= 0)) return graph.offset([first!, ...rest]);
    return graph.integers([back === 0 ? 2 ** 31 - 1 : back]);
  };
  return graph.node({
    op: 'Slice',
    inputs: [x, bound(from), bound(to), graph.integers([at]), graph.integers([step])],
    dtype: x.dtype,
    shape: x.shape.with(at, count),
    gradient: [gradient],
  });
}

/** Puts step - 1 zeros between neighbors along an axis of fixed extent: [a, b] becomes [a, 0, b] for step 2. */
function spread(x: Value, axis: number, step: number): Value {
  if (step === 1) return x;
  const extent = x.shape[axis] as number;
  const column = reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
  const apart = reshape(pad(column, axis + 1, 0, step - 1), x.shape.with(axis, extent * step));
  return slice(apart, { axis, start: 0, end: (extent - 1) * step + 1 });
}

/**
 * Adds zeros before and after along one axis. The sum gets the name `extent` when the axis has one.
 *
 * @throws VitaminError `USAGE` for negative amounts; `UNSUPPORTED` for a sum that needs a name.
 * @example
 * ```ts
 * import { Graph, pad } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 5]);
 * graph.output('y', pad(x, 1, 0, 3)); // [N, 8]
 * graph.output('z', pad(x, 0, 1, 0, 'M')); // [M, 5], M = N + 1
 * ```
 */
export function pad(x: Value, axis: number, before: number, after: number, extent?: string): Value {
  const at = axisIndex(axis, x.shape.length);
  expectTypes('Pad', [...choices, 'bool'], x);
  expectInteger('the amount before', before, 0);
  expectInteger('the amount after', after, 0);
  if (before === 0 && after === 0) return x;
  return padNode(x, at, [before], x.graph.extent([before, x.shape[at]!, after], [], extent));
}

/** Zeros before, and after it as many as make the extent `extent`. */
function padNode(x: Value, at: number, before: Place, extent: Dim): Value {
  const own = x.shape[at]!;
  if (own === extent) return x;
  const graph = x.graph;
  // All axes are spelt out: ONNX Runtime 1.30's transpose optimizer breaks a Pad that has the optional input `axes`.
  const amounts = [...spelt(x, at, before, []), ...spelt(x, at, [extent], [...before, own])];
  return graph.node({
    op: 'Pad',
    inputs: [x, joined(graph, amounts)],
    dtype: x.dtype,
    shape: x.shape.with(at, extent),
    gradient: [(dy) => cut(dy, at, before, [...before, own], own)],
  });
}

/** 0 for every axis but `at`, which has the sum of `plus` less that of `minus`. */
function spelt(x: Value, at: number, plus: Place, minus: Place): (number | Value)[] {
  const known = x.graph.difference(plus, minus);
  return x.shape.map((_, i) => (i !== at ? 0 : typeof known === 'number' ? known : x.graph.offset(plus, minus)));
}

/** One vector of numbers, and of int64 [1] that are known when the graph runs. */
export function joined(graph: Graph, parts: readonly (number | Value)[]): Value {
  const runs: (number[] | Value)[] = [];
  for (const part of parts) {
    const last = runs.at(-1);
    if (typeof part !== 'number') runs.push(part);
    else if (Array.isArray(last)) last.push(part);
    else runs.push([part]);
  }
  const values = runs.map((run) => (Array.isArray(run) ? graph.integers(run) : run));
  if (values.length === 1) return values[0]!;
  return graph.node({ op: 'Concat', inputs: values, attributes: { axis: 0 }, dtype: 'int64', shape: [parts.length] });
}
