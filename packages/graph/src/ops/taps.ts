import type { Value } from '../graph.ts';
import { type Dim, namesOf, product } from '../shape.ts';
import { reshape } from './layout.ts';
import { cut, joined, pad } from './slice.ts';
import type { Window } from './window.ts';

/** A sum for use inside an operator: named after its parts where it needs a name. */
function sumOf(x: Value, extent: Dim, more: number): Dim {
  return x.graph.extent([extent, more], [], sumName(extent, more));
}

/** Undefined for a number, which needs none. */
export function sumName(extent: Dim, more: number): string | undefined {
  return namesOf(extent).length > 0 ? `${String(extent).replaceAll('*', '_')}_and_${more}` : undefined;
}

/** Rows above and below and columns left and right of [N, C, H, W], filled with one number. */
export function frame(x: Value, [top, left, bottom, right]: readonly [number, number, number, number], fill = 0): Value {
  if (top + left + bottom + right === 0) return x;
  const [n, c, h, w] = x.shape as [Dim, Dim, Dim, Dim];
  const amounts = x.graph.integers([0, 0, top, left, 0, 0, bottom, right]);
  const size = [sumOf(x, h, top + bottom), sumOf(x, w, left + right)] as const;
  return x.graph.node({
    op: 'Pad',
    inputs: fill === 0 ? [x, amounts] : [x, amounts, x.graph.scalar(fill, x.dtype)],
    dtype: x.dtype,
    shape: [n, c, ...size],
    gradient: [(dy) => cut(cut(dy, 2, [top], [top, h], h), 3, [left], [left, w], w)],
  });
}

/** Kernel positions (row, column) in row-major order. */
export function positions({ kernel }: Window): [number, number][] {
  return Array.from({ length: kernel[0] * kernel[1] }, (_, i) => [Math.floor(i / kernel[1]), i % kernel[1]]);
}

/** The pixels that one kernel position meets, one for every window: [N, C, ...counts]. `framed` has its padding already. */
export function metBy(framed: Value, [row, column]: readonly [number, number], window: Window, counts: readonly [Dim, Dim]): Value {
  const graph = framed.graph;
  const starts = [row * window.dilation[0], column * window.dilation[1]];
  // start + (count - 1) · stride + 1
  const ends = counts.map((count, axis) => {
    const terms = [product([count, window.stride[axis]!]), starts[axis]! + 1 - window.stride[axis]!];
    const known = graph.difference(terms, []);
    return typeof known === 'number' ? known : graph.offset(terms);
  });
  return graph.node({
    op: 'Slice',
    inputs: [framed, graph.integers(starts), joined(graph, ends), graph.integers([2, 3]), graph.integers(window.stride)],
    dtype: framed.dtype,
    shape: [...framed.shape.slice(0, 2), ...counts],
  });
}

/** Puts step - 1 zeros behind every element of an axis: [a, b] becomes [a, 0, b, 0] for step 2. */
export function spaced(x: Value, axis: number, step: number): Value {
  if (step === 1) return x;
  const column = reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
  return reshape(pad(column, axis + 1, 0, step - 1), x.shape.with(axis, product([x.shape[axis]!, step])));
}
